"""application/x-www-form-urlencoded, as ASP.NET reads it and urllib writes it."""

import re
from collections.abc import Iterator

__all__ = ["pairs", "quote", "unquote"]

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_QUOTED = [chr(b) if b in _UNRESERVED else "+" if b == 0x20 else f"%{b:02X}" for b in range(256)]
_ESCAPES = rb"(?:%[0-9A-Fa-f]{2})+"


def quote(text: str) -> str:
    """Escape a name or a value, exactly as :func:`urllib.parse.quote_plus` does.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    if text.isascii() and text.isalnum():
        return text
    return "".join(map(_QUOTED.__getitem__, text.encode()))


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
