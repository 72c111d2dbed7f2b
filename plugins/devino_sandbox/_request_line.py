"""The first line of a request over HTTP/1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

import httptools

__all__ = ["cut", "escaped", "paths"]

_TARGET = re.compile(rb" (?<=[A-Z] )(?=/|http)")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


@lru_cache(maxsize=200)
def paths(url: bytes) -> tuple[str, bytes]:
    """The path of a request line without its query, and the same as it was sent."""
    raw = httptools.parse_url(url).path or b"/"
    path = raw.decode("ascii")
    return unquote(path) if "%" in path else path, raw


def cut(data: bytes, *, begins: bool) -> Iterator[bytes]:
    """Octets, cut before whatever may be the target of a request that begins in them, so that a
    piece that comes in a request line begins in it. ``begins``: the first one begins there."""
    start, at = data.find(b" ") + 1 if begins else 0, 0
    if data.find(b" /", start) >= 0 or data.find(b" http", start) >= 0:
        for target in _TARGET.finditer(data, start):
            yield data[at : target.start()]
            at = target.start()
    yield data[at:]


def escaped(data: bytes) -> bytes:
    """With the request line, which comes first, in ASCII."""
    line, end, rest = data.partition(b"\n")
    return _NOT_ASCII.sub(lambda octet: b"%%%02X" % octet[0][0], line) + end + rest
