"""Other people's libraries as oracles. If one is wrong, a test shows both answers."""

from __future__ import annotations

import gsm0338
import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st
from smsutil.codecs import GSM_CHARSET, GSM0338Codec

from devino_codecs import DecodeError, EncodeError
from devino_codecs.text import Alphabet, gsm7_decode, gsm7_encode, is_gsm7, segment

# Use the classes: both libraries claim the name "gsm0338" in the interpreter's codec registry.
ORACLES = pytest.mark.parametrize("oracle", [gsm0338.Codec(), GSM0338Codec()])
CHARACTERS = sorted(set(GSM_CHARSET) - {"\x1b"})
GSM7_TEXT = st.text(st.sampled_from(CHARACTERS))
LONG_TEXT = st.lists(
    st.tuples(st.sampled_from([*CHARACTERS, "Я", "\N{GRINNING FACE}"]), st.integers(1, 80)).map(
        lambda run: run[0] * run[1]
    ),
    min_size=1,
    max_size=6,
).map("".join)


@ORACLES
@given(text=GSM7_TEXT)
def test_encodes_as_the_oracle(oracle: gsm0338.Codec, text: str) -> None:
    assert gsm7_encode(text) == oracle.encode(text)[0]


@ORACLES
@given(text=GSM7_TEXT)
def test_decodes_as_the_oracle(oracle: gsm0338.Codec, text: str) -> None:
    septets = gsm7_encode(text)
    assert gsm7_decode(septets) == oracle.decode(septets)[0]


@given(LONG_TEXT)
def test_cuts_as_smsutil(text: str) -> None:
    theirs = smsutil.split(text)
    ours = segment(text)
    assert ours.parts == tuple(part.content for part in theirs.parts)
    octets = 1 if ours.alphabet is Alphabet.GSM7 else 2
    assert ours.units * octets == theirs.total_bytes
    assert (ours.alphabet is Alphabet.GSM7) == (theirs.encoding == "gsm0338")


def test_both_oracles_encode_the_escape_as_a_character_and_the_standard_has_none() -> None:
    assert gsm0338.Codec().encode("\x1b") == (b"\x1b", 1)
    assert GSM0338Codec().encode("\x1b")[0] == b"\x1b"
    assert not is_gsm7("\x1b")
    with pytest.raises(EncodeError):
        gsm7_encode("\x1b")


def test_gsm0338_drops_an_escape_at_the_end_and_the_standard_shows_a_space() -> None:
    assert gsm0338.Codec().decode(b"ab\x1b") == ("ab", 3)
    assert gsm7_decode(b"ab\x1b", errors="replace") == "ab "
    with pytest.raises(DecodeError):
        gsm7_decode(b"ab\x1b")


def test_smsutil_adds_a_space_for_an_unknown_pair_and_the_standard_adds_nothing() -> None:
    assert GSM0338Codec().decode(b"\x1ba")[0] == " a"
    assert gsm7_decode(b"\x1ba", errors="replace") == "a"


def test_smsutil_sends_the_empty_text_in_utf_16_without_need() -> None:
    assert smsutil.split("").encoding == "utf_16_be"
    assert segment("").alphabet is Alphabet.GSM7


def test_smsutil_cuts_a_lone_surrogate_that_it_cannot_encode() -> None:
    assert smsutil.split("\ud83d").total_bytes == 2
    with pytest.raises(EncodeError):
        segment("\ud83d")
