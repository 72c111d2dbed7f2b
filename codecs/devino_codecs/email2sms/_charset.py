"""Decodes text by the charset that a mail declares, or guesses the charset."""

from __future__ import annotations

import codecs
import re
from typing import Final

from devino_codecs.errors import DecodeError

__all__ = ["CHARSET", "decode_text"]

CHARSET: Final = "windows-1251"
"""Chapter 4 demands it of every mail that is not plain ASCII."""

_WINDOWS_1251: Final = re.compile(r"(x-)?(windows|win|cp|ansi)?[-_ ]?1251")
_UNSAID: Final = frozenset({"", "us-ascii", "ascii", "unknown-8bit", "x-unknown", "default"})
_WIDE: Final = {"utf-16": 2, "utf-32": 4}
"""The bytes of one unit."""
# Python has these, but mail does not: two are quadratic, one warns, one always raises.
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)


def decode_text(data: bytes, charset: str | None, *, is_claim: bool = False) -> str:
    """The text, without byte order marks before it.

    If the charset is missing or cannot be true (8-bit bytes in ``us-ascii``), the text is UTF-8 if
    the bytes are valid UTF-8, else windows-1251. A charset that a mail only claims may be unknown
    where all bytes are ASCII.

    :raises DecodeError: the charset is unknown, or the bytes are not in it.
    """
    name = (charset or "").strip().lower()
    if name in _UNSAID:
        candidates = ["utf-8", CHARSET]
    elif _WINDOWS_1251.fullmatch(name):
        candidates = [CHARSET]
    elif (known := _known(name)) is not None:
        candidates = [known]
    elif is_claim and data.isascii():
        candidates = ["ascii"]
    else:
        raise DecodeError(f"unknown charset {name[:40]!r}")
    data = _without_stray_line_ends(data, candidates[-1])
    at = 0
    for candidate in candidates:
        try:
            return data.decode(candidate).lstrip("\ufeff")
        except UnicodeDecodeError as error:
            at = error.start
        except (LookupError, UnicodeError):
            pass
    # Raised outside: the exception holds the body, and the body holds the password.
    raise DecodeError(f"byte {at} of the text is not in {candidates[-1]}")


def _without_stray_line_ends(data: bytes, charset: str) -> bytes:
    """The bytes without the line ends that Python's EmailMessage adds to UTF-16 and UTF-32.

    EmailMessage first encodes, then splits the bytes into lines at the byte LF. It ends each line,
    the last one too, with its policy's line end.
    """
    unit = next((size for name, size in _WIDE.items() if charset.startswith(name)), 1)
    if unit > 1:
        # In UTF-16 these two bytes side by side are not a line end but one Malayalam letter.
        if data.endswith(b"\r\n"):
            data = data.replace(b"\r\n", b"\n")
        if len(data) % unit:
            data = data.removesuffix(b"\n")
    return data


def _known(name: str) -> str | None:
    """Python's name of a charset; None for one that it does not know, or that no mail has."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):  # ValueError: a name with NUL
        return None
    return None if found in _NO_CHARSETS else found
