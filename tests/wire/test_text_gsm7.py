"""The GSM 7 bit default alphabet, against the table of the standard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError, EncodeError
from devino_codecs.text import gsm7_decode, gsm7_encode, is_gsm7
from tests._vectors import ROOT

TABLE = {
    bytes.fromhex(septets): chr(int(point.removeprefix("U+"), 16))
    for septets, point, _name in (
        line.split("\t") for line in (ROOT / "text/gsm0338.tsv").read_text("utf-8").splitlines()
    )
}
CHARACTERS = sorted(TABLE.values())
GSM7_TEXT = st.text(st.sampled_from(CHARACTERS))
SEPTETS = st.lists(st.sampled_from(sorted(TABLE))).map(b"".join)


def test_the_table_is_whole() -> None:
    assert sum(len(septets) == 1 for septets in TABLE) == 127
    assert sum(len(septets) == 2 for septets in TABLE) == 10
    assert len(set(CHARACTERS)) == 137


@pytest.mark.parametrize("septets", sorted(TABLE), ids=bytes.hex)
def test_a_character_is_the_septets_of_the_standard_and_back(septets: bytes) -> None:
    character = TABLE[septets]
    assert is_gsm7(character)
    assert gsm7_encode(character) == septets
    assert gsm7_decode(septets) == character
    # Beside a character beyond ASCII the codec takes another path.
    assert gsm7_encode(f"Ω{character}Ω") == b"\x15" + septets + b"\x15"


def test_no_other_character_of_unicode_is_in_the_alphabet() -> None:
    everything = (chr(point) for point in range(0x110000))
    assert [character for character in everything if is_gsm7(character)] == CHARACTERS


@given(GSM7_TEXT)
def test_what_is_encoded_decodes_to_the_same_text(text: str) -> None:
    assert is_gsm7(text)
    septets = gsm7_encode(text)
    assert septets == b"".join(gsm7_encode(character) for character in text)
    assert gsm7_decode(septets) == text
    assert gsm7_decode(septets, errors="replace") == text


@given(SEPTETS)
def test_what_is_decoded_encodes_to_the_same_septets(septets: bytes) -> None:
    assert gsm7_encode(gsm7_decode(septets)) == septets


@pytest.mark.parametrize(
    ("character", "why"),
    [
        ("ç", "0x09 is the capital letter"),
        ("\x1b", "the escape is no character"),
        ("\0", "octet 0 is the commercial at"),
        ("`", "0x60 is the inverted question mark"),
        ("\t", "no tab"),
        ("\N{GREEK CAPITAL LETTER ALPHA}", "looks like A, and is not"),
        ("\N{GREEK SMALL LETTER OMEGA}", "only capitals"),
        ("\N{OHM SIGN}", "looks like omega"),
        ("\N{INCREMENT}", "looks like delta"),
        ("\N{NO-BREAK SPACE}", "only the space"),
        ("\N{CYRILLIC CAPITAL LETTER A}", "looks like A, and is not"),
        ("\N{RUBLE SIGN}", "only the euro"),
        ("e\N{COMBINING ACUTE ACCENT}", "é in two characters: normalise first"),
        ("\ufffe", "what the table uses for no character"),
        ("\N{GRINNING FACE}", "beyond the BMP"),
        ("\ud800", "half a character"),
    ],
)
def test_a_character_that_only_looks_right_is_refused(character: str, why: str) -> None:
    for text in (character, f"Ab[{character}", f"Üñ€{character}"):
        assert not is_gsm7(text), why
        with pytest.raises(EncodeError, match="not in the GSM 7 bit default alphabet") as caught:
            gsm7_encode(text)
        assert caught.value.path == f"[{len(text) - 1}]"


def test_the_error_names_the_first_foreign_character_and_the_mend() -> None:
    with pytest.raises(EncodeError) as caught:
        gsm7_encode("10 ₽ ы")
    assert str(caught.value) == (
        "[3]: '₽' (U+20BD) is not in the GSM 7 bit default alphabet; send the text as UCS-2"
    )


@pytest.mark.parametrize(
    ("septets", "offset", "reason", "shown"),
    [
        (b"ab\x80", 2, "0x80 is not a septet: its high bit is set", "ab\ufffd"),
        (b"\xff\xe5", 0, "0xFF is not a septet: its high bit is set", "\ufffd\ufffd"),
        (b"ab\x1b", 2, "ESC at the end escapes nothing", "ab "),
        (b"\x1b", 0, "ESC at the end escapes nothing", " "),
        (b"\x1bea\x1bab", 3, "ESC 0x61 is not in the extension table", "€aab"),
        (b"\x1b\x1be", 0, "ESC 0x1B is not in the extension table", " e"),
        (b"\x1b\x1b\x1be", 0, "ESC 0x1B is not in the extension table", " €"),
        (b"\x1be\x1b\xe5", 2, "ESC 0xE5 is not in the extension table", "€ \ufffd"),
        (b"\x1b\x0d", 0, "ESC 0x0D is not in the extension table", "\r"),
    ],
)
def test_unknown_septets_are_refused_or_read_as_a_phone_shows_them(
    septets: bytes, offset: int, reason: str, shown: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        gsm7_decode(septets)
    assert (caught.value.offset, caught.value.reason) == (offset, reason)
    assert gsm7_decode(septets, errors="replace") == shown


@given(st.lists(st.sampled_from([b"\x1b", b"e", b"\x80", b"\x14", b"a"])).map(b"".join))
def test_reading_as_a_phone_walks_from_left_to_right(septets: bytes) -> None:
    shown, at = "", 0
    while at < len(septets):
        pair = septets[at : at + 2]
        if pair in TABLE and len(pair) == 2:
            shown, at = shown + TABLE[pair], at + 2
        elif pair == b"\x1b\x1b":
            shown, at = shown + " ", at + 2
        elif pair[0] == 0x1B:
            shown, at = shown + ("" if pair[1:].isascii() and pair[1:] else " "), at + 1
        else:
            shown, at = shown + TABLE.get(pair[:1], "\ufffd"), at + 1
    assert gsm7_decode(septets, errors="replace") == shown
