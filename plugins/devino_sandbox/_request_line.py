"""The first line of a request over HTTP/1."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

import httptools

__all__ = ["escaped", "paths"]

_NOT_ASCII = re.compile(rb"[\x80-\xff]")


@lru_cache(maxsize=200)
def paths(url: bytes) -> tuple[str, bytes]:
    """The path of a request line without its query, and the same as it was sent."""
    raw = httptools.parse_url(url).path or b"/"
    path = raw.decode("ascii")
    return unquote(path) if "%" in path else path, raw


def escaped(data: bytes) -> bytes:
    """With the request line, which comes first, in ASCII."""
    line, end, rest = data.partition(b"\n")
    return _NOT_ASCII.sub(lambda octet: b"%%%02X" % octet[0][0], line) + end + rest
