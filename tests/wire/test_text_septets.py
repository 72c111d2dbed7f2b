"""Septets packed into octets, compared with known examples and a bit-by-bit packer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError, EncodeError
from devino_codecs.text import gsm7_encode, gsm7_pack, gsm7_unpack, udh_fill_bits
from tests._vectors import ROOT

EXAMPLES = [
    (text, bytes.fromhex(septets), bytes.fromhex(octets))
    for text, septets, octets in (
        line.split("\t") for line in (ROOT / "text/packed.tsv").read_text("utf-8").splitlines()
    )
]
SEPTETS = st.lists(st.integers(0, 0x7F), max_size=200).map(bytes)
FILL_BITS = st.integers(0, 6)


def packed_bit_by_bit(septets: bytes, fill_bits: int) -> bytes:
    bits = [0] * fill_bits
    for septet in septets:
        bits += [septet >> place & 1 for place in range(7)]
    bits += [0] * (-len(bits) % 8)
    return bytes(
        sum(bit << place for place, bit in enumerate(bits[at : at + 8]))
        for at in range(0, len(bits), 8)
    )


@pytest.mark.parametrize(("text", "septets", "octets"), EXAMPLES)
def test_known_texts_pack_to_known_octets(text: str, septets: bytes, octets: bytes) -> None:
    assert gsm7_encode(text) == septets
    assert gsm7_pack(septets) == octets
    assert gsm7_unpack(octets, count=len(septets)) == septets


@given(SEPTETS, FILL_BITS)
def test_packing_goes_bit_by_bit_and_back(septets: bytes, fill_bits: int) -> None:
    octets = gsm7_pack(septets, fill_bits=fill_bits)
    assert octets == packed_bit_by_bit(septets, fill_bits)
    assert gsm7_unpack(octets, fill_bits=fill_bits, count=len(septets)) == septets


@given(SEPTETS, FILL_BITS, st.binary(max_size=9))
def test_bits_after_the_septets_and_fill_bits_before_them_are_ignored(
    septets: bytes, fill_bits: int, after: bytes
) -> None:
    octets = bytearray(gsm7_pack(septets, fill_bits=fill_bits) + after)
    if octets:
        octets[0] |= (1 << fill_bits) - 1
    assert gsm7_unpack(bytes(octets), fill_bits=fill_bits, count=len(septets)) == septets


@given(st.binary(max_size=200), FILL_BITS)
def test_without_a_count_every_whole_septet_is_read(octets: bytes, fill_bits: int) -> None:
    septets = gsm7_unpack(octets, fill_bits=fill_bits)
    assert len(septets) == max(8 * len(octets) - fill_bits, 0) // 7
    again = gsm7_pack(septets, fill_bits=fill_bits)
    used = fill_bits + 7 * len(septets)
    kept = int.from_bytes(octets, "little") & (1 << used) - (1 << fill_bits)
    assert int.from_bytes(again, "little") == (kept if septets else 0)


def test_seven_septets_and_eight_differ_only_in_the_count() -> None:
    octets = gsm7_pack(b"1234567")
    assert gsm7_unpack(octets) == b"1234567\0"
    assert gsm7_unpack(octets, count=7) == b"1234567"


def test_no_septets_take_no_octets() -> None:
    assert gsm7_pack(b"") == b""
    assert gsm7_unpack(b"", fill_bits=6) == gsm7_unpack(b"", fill_bits=6, count=0) == b""


def test_a_full_message_fits_140_octets() -> None:
    assert len(gsm7_pack(bytes(160))) == 140
    assert len(gsm7_pack(bytes(153), fill_bits=udh_fill_bits(6))) == 140 - 6
    assert len(gsm7_pack(bytes(152), fill_bits=udh_fill_bits(7))) == 140 - 7


@pytest.mark.parametrize("udh_octets", range(1, 140))
def test_fill_bits_bring_the_text_to_the_border_of_a_septet(udh_octets: int) -> None:
    fill_bits = udh_fill_bits(udh_octets)
    assert 0 <= fill_bits <= 6
    assert (8 * udh_octets + fill_bits) % 7 == 0


@pytest.mark.parametrize("fill_bits", [-1, 7])
def test_fill_bits_beyond_a_septet_are_refused(fill_bits: int) -> None:
    with pytest.raises(EncodeError, match=r"^fill_bits: -?\d is not 0 to 6$"):
        gsm7_pack(b"a", fill_bits=fill_bits)
    with pytest.raises(DecodeError, match=r"^fill_bits: -?\d is not 0 to 6$"):
        gsm7_unpack(b"a", fill_bits=fill_bits)


def test_a_byte_that_is_not_a_septet_is_named() -> None:
    with pytest.raises(EncodeError, match=r"^\[2\]: 0x80 is not a septet$"):
        gsm7_pack(b"ab\x80\xff")


@pytest.mark.parametrize("count", [-1, 3])
def test_a_count_that_the_octets_do_not_hold_is_refused(count: int) -> None:
    with pytest.raises(DecodeError, match="2 octets hold 2") as caught:
        gsm7_unpack(b"ab", count=count)
    assert caught.value.path == "count"
