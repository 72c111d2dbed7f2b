"""JSV, in which ServiceStack's clients write what they call JSON: JSON with fewer quotes."""

from __future__ import annotations

import re

from devino_codecs.errors import DecodeError

from ._json import parse_json

__all__ = ["parse_jsv"]

_LONGEST = 4096
"""No flat object is longer. The limit bounds the time for bodies that are something else."""
_PAIR = r'(?:[^,"]|"[^"]*")+'


def parse_jsv(body: bytes) -> object:
    """The value of a body of JSON, or of a flat object of JSV, whose values are then all texts.

    For the ``read_body`` of an :class:`Api`. Raises :exc:`DecodeError`.

    >>> parse_jsv(b'{Name: Ann, "Code": 01756}')
    {'Name': 'Ann', 'Code': '01756'}
    """
    try:
        return parse_json(body)
    except DecodeError:
        found = _flat_object(body.strip()) if len(body) <= _LONGEST else None
        if found is None:
            raise
        return found


def _flat_object(body: bytes) -> dict[str, str] | None:
    """``{Name:value,"Name":"value"}``; None if it is not that."""
    if not (body.startswith(b"{") and body.endswith(b"}")):
        return None
    found = {}
    for pair in re.findall(_PAIR, body[1:-1].decode(errors="replace")):
        name, colon, value = pair.partition(":")
        if not colon:
            return None
        found[_unquoted(name)] = _unquoted(value)
    return found


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'")
