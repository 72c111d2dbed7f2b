"""JSON with broken text in its strings, which is mended before it is read."""

from __future__ import annotations

import re

__all__ = ["mended"]

# A string that does not end goes to the end of the text: so no character is looked at twice.
_STRING = re.compile(r'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)', re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f]")
_BROKEN = re.compile(
    r"[\x00-\x1f]"
    r"|(?P<whole>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    r"|(?P<other>\\.)",
    re.DOTALL,
)


def mended(body: bytes) -> bytes:
    """The body with U+FFFD for what no string of JSON may hold; the same where there is nothing."""
    text = body.decode("utf-8", "replace")
    if "\\u" not in text and _CONTROL.search(text) is None:
        return text.encode()
    return _STRING.sub(lambda found: _BROKEN.sub(_piece, found[0]), text).encode()


def _piece(found: re.Match[str]) -> str:
    return found[0] if found["whole"] or found["other"] else "\ufffd"
