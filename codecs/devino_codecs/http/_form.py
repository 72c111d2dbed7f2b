"""application/x-www-form-urlencoded, as ASP.NET reads it and urllib writes it; and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

__all__ = ["pairs", "quote", "quote_segment", "segments_of", "unquote"]

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_ESCAPES = rb"(?:%[0-9A-Fa-f]{2})+"


def quote(text: str) -> str:
    """Escape a name or a value, exactly as :func:`urllib.parse.quote_plus` does.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    if text.isascii() and text.isalnum():
        return text
    return "".join(map(_quoted().__getitem__, text.encode()))


@cache
def _quoted() -> list[str]:
    """By byte. Many a program never writes what must be escaped."""
    return [chr(b) if b in _UNRESERVED else "+" if b == 0x20 else f"%{b:02X}" for b in range(256)]


def quote_segment(text: str) -> str:
    """Escape a segment of a path, exactly as :func:`urllib.parse.quote` does that lets nothing
    pass. Raises UnicodeEncodeError for a lone surrogate."""
    return quote(text).replace("+", "%20")


def segments_of(path: str) -> tuple[str, ...]:
    """The segments of a path, unescaped, without the empty ones."""
    if "%" not in path and path.isascii():
        return tuple([part for part in path.split("/") if part])
    raw = path.encode(errors="surrogatepass").split(b"/")
    return tuple([unquote(part).decode(errors="replace") for part in raw if part])


def unquote(value: bytes) -> bytes:
    """Resolve percent escapes; a percent sign that starts none stands for itself."""
    if b"%" not in value:
        return value
    # Run by run: a word of Cyrillic is a dozen escapes without a gap.
    return re.sub(_ESCAPES, lambda run: bytes.fromhex(run[0].replace(b"%", b"").decode()), value)


def pairs(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Split into (name, value), blanks for plus signs, percent escapes still in place."""
    for pair in data.replace(b"+", b" ").split(b"&"):
        name, _, value = pair.partition(b"=")
        yield name, value
