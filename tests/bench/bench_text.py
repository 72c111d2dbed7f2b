"""GSM 03.38 and segmentation against the libraries that do either."""

from __future__ import annotations

import importlib.util
from functools import partial

import gsm0338
import pytest
import smsutil
from smpplib.gsm import gsm_encode, make_parts
from smsutil.codecs import GSM0338Codec

from devino_codecs.text import (
    count_parts,
    gsm7_decode,
    gsm7_encode,
    gsm7_pack,
    gsm7_unpack,
    segment,
)
from tests.bench.conftest import Contender, Table

LATIN = ("The quick brown fox jumps over the lazy dog. " * 5)[:200]
EXTENDED = ("The [quick] brown fox jumps over 10 €. " * 6)[:200]
CYRILLIC = ("Съешь ещё этих мягких французских булок, да выпей чаю. " * 4)[:200]

TEXTS = {"Latin": LATIN, "extended": EXTENDED, "Cyrillic": CYRILLIC}
GSM7_TEXTS = pytest.mark.parametrize(
    ("text", "kind"), [(LATIN, ""), (EXTENDED, " extended")], ids=["latin", "extended"]
)


def codecs() -> dict[str, gsm0338.Codec]:
    found = {"smsutil": GSM0338Codec(), "gsm0338": gsm0338.Codec()}
    if importlib.util.find_spec("aiosmpplib"):
        from aiosmpplib.codec import GSM7BitCodec

        found["aiosmpplib"] = GSM7BitCodec()
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_segment(compare: Table, name: str) -> None:
    text = TEXTS[name]
    peers: dict[str, Contender] = {
        "smsutil": lambda: smsutil.split(text),
        # Gives encoded parts with their headers, and may cut an escape pair in two.
        "smpplib": lambda: make_parts(text),
    }
    compare(f"segment 200 {name}", lambda: segment(text), peers, number=1000)
    compare(
        f"count parts of 200 {name}",
        lambda: count_parts(text),
        {"smsutil": peers["smsutil"]},
        number=1000,
    )


@GSM7_TEXTS
def test_encode(compare: Table, text: str, kind: str) -> None:
    peers: dict[str, Contender] = {
        name: partial(codec.encode, text) for name, codec in codecs().items()
    }
    peers["smpplib"] = lambda: gsm_encode(text)
    compare(f"gsm7 encode{kind}", lambda: gsm7_encode(text), peers, number=1000)


@GSM7_TEXTS
def test_decode(compare: Table, text: str, kind: str) -> None:
    septets = gsm7_encode(text)
    peers: dict[str, Contender] = {
        name: partial(codec.decode, septets) for name, codec in codecs().items()
    }
    compare(f"gsm7 decode{kind}", lambda: gsm7_decode(septets), peers, number=1000)


def test_packed(compare: Table) -> None:
    codec = pytest.importorskip("aiosmpplib.codec").GSM7BitPackedCodec()
    octets = gsm7_pack(gsm7_encode(LATIN))
    compare(
        "gsm7 encode packed",
        lambda: gsm7_pack(gsm7_encode(LATIN)),
        {"aiosmpplib": lambda: codec.encode(LATIN)},
        number=1000,
    )
    compare(
        "gsm7 decode packed",
        lambda: gsm7_decode(gsm7_unpack(octets)),
        {"aiosmpplib": lambda: codec.decode(octets)},
        number=1000,
    )
