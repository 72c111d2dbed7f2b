"""UCS-2 as SMS carries it: big-endian 16-bit units, with surrogate pairs beyond the BMP.

TS 23.038 says UCS2, but phones have long read UTF-16. So does this module.
"""

from __future__ import annotations

from codecs import utf_16_be_decode, utf_16_be_encode
from typing import Literal

from devino_codecs.errors import DecodeError, EncodeError

__all__ = ["ucs2_decode", "ucs2_encode"]


def ucs2_encode(text: str) -> bytes:
    """The text in UTF-16BE without a byte order mark: two bytes a unit, SMPP ``data_coding`` 8.

    Raises :exc:`~devino_codecs.EncodeError` for a lone surrogate; its ``path`` is the position,
    ``"[5]"``, in characters from 0.
    """
    try:
        # str.encode("utf-16-be") looks the codec up each time, which takes longer than encoding.
        return utf_16_be_encode(text)[0]
    except UnicodeEncodeError as error:
        raise EncodeError(
            f"U+{ord(text[error.start]):04X} is a lone surrogate: half a character, cut or badly "
            "unescaped before it came here",
            path=f"[{error.start}]",
        ) from None


def ucs2_decode(data: bytes, *, errors: Literal["strict", "replace"] = "strict") -> str:
    """The text of UTF-16BE bytes; a byte order mark is kept as U+FEFF.

    ``errors="strict"`` raises :exc:`~devino_codecs.DecodeError` with the offset of a lone surrogate
    or of an odd last byte; ``errors="replace"`` reads each as U+FFFD and never raises.
    """
    try:
        return utf_16_be_decode(data, errors, True)[0]
    except UnicodeDecodeError as error:
        raise DecodeError(f"not UTF-16BE: {error.reason}", offset=error.start) from None
