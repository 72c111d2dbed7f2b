"""Which alphabet a ``data_coding`` names (SMPP 3.4, 5.2.19; 3GPP TS 23.038, 4)."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Charset", "charset"]


class Charset(StrEnum):
    """An alphabet, or that there is none."""

    DEFAULT = "default"
    """The centre's default alphabet, usually GSM 7 bit with one septet in each octet."""
    UCS2 = "ucs2"
    OCTETS = "octets"
    """Binary data."""
    ASCII = "ascii"
    LATIN_1 = "latin-1"
    CYRILLIC = "iso8859-5"
    HEBREW = "iso8859-8"
    JIS = "shift_jis"
    ISO_2022_JP = "iso2022_jp"
    KOREAN = "euc_kr"


_OF_SMPP = {
    0x00: Charset.DEFAULT,
    0x01: Charset.ASCII,
    0x02: Charset.OCTETS,
    0x03: Charset.LATIN_1,
    0x04: Charset.OCTETS,
    0x05: Charset.JIS,
    0x06: Charset.CYRILLIC,
    0x07: Charset.HEBREW,
    0x08: Charset.UCS2,
    0x0A: Charset.ISO_2022_JP,
    0x0E: Charset.KOREAN,
}
_COMPRESSED = 0x20
_BY_BITS_3_AND_2 = (Charset.DEFAULT, Charset.OCTETS, Charset.UCS2, None)


def _of_gsm(data_coding: int) -> Charset | None:
    """A coding by its group in TS 23.038, which is its upper four bits."""
    group = data_coding >> 4
    if group < 0x8:  # the general group, and the same marked for automatic deletion
        if data_coding & _COMPRESSED:
            return None
        return _BY_BITS_3_AND_2[data_coding >> 2 & 3]
    if group < 0xC:
        return None
    if group == 0xE:
        return Charset.UCS2
    return Charset.OCTETS if group == 0xF and data_coding & 4 else Charset.DEFAULT


_CHARSETS = [_OF_SMPP.get(coding) if coding < 0x10 else _of_gsm(coding) for coding in range(256)]


def charset(data_coding: int) -> Charset | None:
    """The alphabet of a ``data_coding``; None for one that is reserved or not supported.

    A compressed text is not supported.

    Below 0x10 the numbers are SMPP's own. Above, they are the coding groups of GSM: 0x11 is GSM 7
    bit for class 1, 0x18 is UCS-2 for class 0 (a flash message).
    """
    return _CHARSETS[data_coding]
