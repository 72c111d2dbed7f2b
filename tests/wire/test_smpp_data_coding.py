"""Every ``data_coding`` has one alphabet (SMPP 3.4, 5.2.19; 3GPP TS 23.038, 4)."""

from __future__ import annotations

import pytest

from devino_codecs import DecodeError
from devino_codecs.smpp import Charset, DeliverSm, Whole, charset, compose, decode_text
from devino_codecs.text import Alphabet

_OWN = {
    0: "default", 1: "ascii", 2: "octets", 3: "latin-1", 4: "octets", 5: "shift_jis",
    6: "iso8859-5", 7: "iso8859-8", 8: "ucs2", 10: "iso2022_jp", 14: "euc_kr",
}  # fmt: skip


def by_the_tables(data_coding: int) -> str | None:
    """The two standards, read once more."""
    bits = f"{data_coding:08b}"
    if data_coding < 0x10:
        return _OWN.get(data_coding)
    if bits[0] == "0":
        if bits[2] == "1":
            return None  # compressed
        return {"00": "default", "01": "octets", "10": "ucs2", "11": None}[bits[4:6]]
    return {
        "1100": "default",
        "1101": "default",
        "1110": "ucs2",
        "1111": "octets" if bits[5] == "1" else "default",
    }.get(bits[:4])


@pytest.mark.parametrize("data_coding", range(256))
def test_every_data_coding_has_the_alphabet_of_the_standards(data_coding: int) -> None:
    assert charset(data_coding) == by_the_tables(data_coding)


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (0x10, "48656c6c6f", "Hello"),
        (0x11, "48656c6c6f", "Hello"),
        (0x18, "04140430", "Да"),
        (0x19, "041e0442", "От"),
        (0x50, "00", "@"),
        (0x58, "0414", "Д"),
    ],
)
def test_message_classes_have_their_alphabet(data_coding: int, octets: str, text: str) -> None:
    assert decode_text(bytes.fromhex(octets), data_coding) == text


@pytest.mark.parametrize("data_coding", [0x14, 0x1F, 0x28, 0x0C, 0x90])
def test_what_is_no_text_is_said_to_be_none(data_coding: int) -> None:
    with pytest.raises(DecodeError, match=f"data_coding is 0x{data_coding:02X}"):
        decode_text(b"Hello", data_coding)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("fffe14043004", "Да"),
        ("feff04140430", "Да"),
        ("04140430", "Да"),
        ("fffe140430", "Д\ufffd"),
        ("feff", ""),
        ("", ""),
    ],
)
def test_a_text_is_read_without_its_byte_order_mark(octets: str, text: str) -> None:
    pdu = DeliverSm(data_coding=8, short_message=bytes.fromhex(octets))
    assert Whole((pdu,), (pdu.short_message,)).text(errors="replace") == text
    assert charset(8) is Charset.UCS2


def test_the_marks_of_all_parts_are_dropped() -> None:
    parts = [
        DeliverSm(data_coding=8, short_message=bytes.fromhex(o)) for o in ("fffe1404", "fffe3004")
    ]
    whole = Whole(tuple(parts), tuple(part.short_message for part in parts))
    assert whole.text() == "Да"


@pytest.mark.parametrize(
    ("text", "default", "data_coding", "octets"),
    [
        ("a@b_c{}", "latin-1", 0, b"a@b_c{}"),
        ("Grüße", "latin-1", 0, "Grüße".encode("latin-1")),
        ("Grüße", "ascii", 8, "Grüße".encode("utf-16-be")),
        ("a@b", "ascii", 0, b"a@b"),
        ("5 €", "latin-1", 8, "5 €".encode("utf-16-be")),
        # Not in GSM 7 bit, so that nobody knows how the centre would send it.
        ("ça", "latin-1", 8, "ça".encode("utf-16-be")),
        ("a@b", "gsm7", 0, b"a\0b"),
    ],
)
def test_the_default_alphabet_of_the_centre_can_be_chosen(
    text: str, default: str, data_coding: int, octets: bytes
) -> None:
    [pdu] = compose(DeliverSm(), text, default=default)
    assert (pdu.data_coding, pdu.short_message) == (data_coding, octets)
    assert decode_text(octets, data_coding, default=default) == text


def test_a_long_text_in_another_alphabet_is_cut_as_it_is_sent() -> None:
    text = "[@" * 100  # "[" takes two septets
    parts = compose(DeliverSm(), text, default="latin-1")
    assert [pdu.short_message[6:] for pdu in parts] == [
        text[:102].encode(), text[102:].encode(),
    ]  # fmt: skip
    assert len(compose(DeliverSm(), "é" * 100 + "€", default="latin-1")) == 2
    assert len(compose(DeliverSm(), text, alphabet=Alphabet.UCS2, default="latin-1")) == 3
