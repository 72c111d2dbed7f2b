"""UCS-2 with surrogate pairs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError, EncodeError
from devino_codecs.text import ucs2_decode, ucs2_encode


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", ""),
        ("Я", "042f"),
        ("@", "0040"),
        ("\N{GRINNING FACE}", "d83dde00"),
        ("\ufeffa", "feff0061"),
    ],
)
def test_units_are_big_endian_and_marked_by_nothing(text: str, octets: str) -> None:
    assert ucs2_encode(text).hex() == octets
    assert ucs2_decode(bytes.fromhex(octets)) == text


@given(st.text())
def test_what_is_encoded_decodes_to_the_same_text(text: str) -> None:
    octets = ucs2_encode(text)
    assert ucs2_decode(octets) == text
    assert ucs2_decode(octets, errors="replace") == text


@given(st.binary())
def test_what_decodes_encodes_to_the_same_octets(octets: bytes) -> None:
    try:
        text = ucs2_decode(octets)
    except DecodeError:
        return
    assert ucs2_encode(text) == octets


@pytest.mark.parametrize(("text", "path"), [("ab\ud83d", "[2]"), ("\ude00\ud83d", "[0]")])
def test_a_lone_surrogate_is_refused_by_its_position(text: str, path: str) -> None:
    with pytest.raises(EncodeError, match="is a lone surrogate") as caught:
        ucs2_encode(text)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("octets", "offset", "shown"),
    [
        ("0061 04", 2, "a\ufffd"),
        ("0061 de00 0062", 2, "a\ufffdb"),
        ("0061 d83d 0062", 2, "a\ufffdb"),
        ("0061 d83d", 2, "a\ufffd"),
    ],
)
def test_half_a_unit_or_half_a_pair_is_refused_or_replaced(
    octets: str, offset: int, shown: str
) -> None:
    with pytest.raises(DecodeError, match="not UTF-16BE") as caught:
        ucs2_decode(bytes.fromhex(octets))
    assert caught.value.offset == offset
    assert ucs2_decode(bytes.fromhex(octets), errors="replace") == shown
