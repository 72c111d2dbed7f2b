"""The GSM 7 bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1 and 6.2.1.1).

The two tables below are the whole program. They make one *page* of 256 places. A character of the
extension table stands at its code with the high bit set. So every character is one byte in the
page, and the interpreter's own table codecs do the work. This module only turns a high byte into an
escape pair and back.
"""

from __future__ import annotations

import re
from codecs import charmap_build, charmap_decode, charmap_encode
from typing import Literal

from devino_codecs.errors import DecodeError, EncodeError

__all__ = ["ESC", "gsm7_decode", "gsm7_encode", "is_gsm7", "try_encode"]

ESC = 0x1B
"""It says that the next septet is from the extension table. It is not a character itself."""

_UNDEFINED = "\ufffe"  # what a charmap codec takes for "no character here"

_DEFAULT_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    f"Δ_ΦΓΛΩΠΨΣΘΞ{_UNDEFINED}ÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

_PAGE = _DEFAULT_ALPHABET + "".join(_EXTENSION.get(code, _UNDEFINED) for code in range(0x80))
_PAIRS = [(bytes([ESC, code]), bytes([0x80 | code])) for code in _EXTENSION]

# bytes.translate turns ASCII into the page, three times as fast as a charmap. A character that the
# alphabet lacks (find gives -1) becomes 0xFF, an empty place of the page.
_FROM_ASCII = bytes(_PAGE.find(chr(code)) & 0xFF for code in range(0x100))

# charmap_build makes its fast table only if byte 0 is NUL. Otherwise it makes a dict, which is six
# times slower. So "@", whose septet is 0, encodes to the empty place of ESC, and _SWAP corrects it.
_FROM_UNICODE = charmap_build("\0" + _PAGE[1:ESC] + _PAGE[0] + _PAGE[ESC + 1 :])
_SWAP = bytes.maketrans(bytes([0, ESC]), bytes([ESC, 0]))

_FOREIGN = re.compile(f"[^{re.escape(_PAGE.replace(_UNDEFINED, ''))}]")
# These are compiled at first use: few texts that come are broken.
_UNKNOWN_PAIR = rb"\x1b(?![%b])" % re.escape(bytes(_EXTENSION))
_SHOWN_AS_SPACE = rb"\x1b(?:\x1b|\Z)"
_NO_SEPTET = rb"[\x80-\xff]"
_UNKNOWN = _NO_SEPTET + b"|" + _UNKNOWN_PAIR


def is_gsm7(text: str) -> bool:
    """Whether every character is in the default alphabet or its extension table.

    ``ç`` is not (septet 0x09 is the capital ``Ç``). Nor are the backtick, the tab, the Greek
    capitals that look Latin, and Cyrillic letters.
    """
    return _page(text) is not None


def gsm7_encode(text: str) -> bytes:
    """The septets of a text, unpacked: one byte each. An extension character is ESC and its code.

    SMPP carries them so under ``data_coding`` 0; :func:`gsm7_pack` packs them for a TPDU.

    Raises :exc:`~devino_codecs.EncodeError` for a character that the alphabet lacks; its ``path``
    is the position, ``"[5]"``, in characters from 0.
    """
    septets = try_encode(text)
    if septets is None:
        raise _foreign(text)
    return septets


def gsm7_decode(septets: bytes, *, errors: Literal["strict", "replace"] = "strict") -> str:
    """The text of unpacked septets, one byte each.

    ``errors="strict"`` raises :exc:`~devino_codecs.DecodeError` with the offset of the first byte
    above 0x7F, of an ESC before a code that the extension table lacks, or of an ESC at the end.

    ``errors="replace"`` never raises. It reads as TS 23.038 tells a phone to read: an unknown
    escape pair shows the default alphabet's character, and ESC twice or at the end shows a space. A
    byte above 0x7F is not a septet; it becomes U+FFFD.
    """
    if septets.isascii():
        page = septets
        if ESC in septets:
            # A code is never ESC, so pairs cannot overlap: they can be replaced in any order.
            for pair, folded in _PAIRS:
                page = page.replace(pair, folded)
        try:
            # Older stubs do not know that the page may be a str.
            return charmap_decode(page, "strict", _PAGE)[0]  # pyright: ignore[reportArgumentType]
        except UnicodeDecodeError:
            pass
    if errors == "replace":
        runs = re.split(_NO_SEPTET, septets)
        return "\ufffd".join([_as_shown(run) if run else "" for run in runs])
    raise _unknown(septets)


def try_encode(text: str) -> bytes | None:
    """Like :func:`gsm7_encode`, but None for a text that the alphabet cannot write."""
    page = _page(text)
    if page is None or page.isascii():
        return page
    for pair, folded in _PAIRS:
        page = page.replace(folded, pair)
    return page


def _page(text: str) -> bytes | None:
    """The text as bytes of the page, one for each character; None if a character is foreign."""
    if text.isascii():
        page = text.encode().translate(_FROM_ASCII)
        return None if 0xFF in page else page
    # It pays to look first: in a Cyrillic text the first character decides.
    if _FOREIGN.search(text):
        return None
    return charmap_encode(text, "strict", _FROM_UNICODE)[0].translate(_SWAP)


def _foreign(text: str) -> EncodeError:
    found = next(_FOREIGN.finditer(text))
    return EncodeError(
        f"{found[0]!r} (U+{ord(found[0]):04X}) is not in the GSM 7 bit default alphabet; "
        "send the text as UCS-2",
        path=f"[{found.start()}]",
    )


def _unknown(septets: bytes) -> DecodeError:
    at = next(re.finditer(_UNKNOWN, septets)).start()
    if septets[at] != ESC:
        return DecodeError(f"0x{septets[at]:02X} is not a septet: its high bit is set", offset=at)
    if at + 1 == len(septets):
        return DecodeError("ESC at the end escapes nothing", offset=at)
    return DecodeError(f"ESC 0x{septets[at + 1]:02X} is not in the extension table", offset=at)


def _as_shown(septets: bytes) -> str:
    return gsm7_decode(re.sub(_UNKNOWN_PAIR, b"", re.sub(_SHOWN_AS_SPACE, b" ", septets)))
