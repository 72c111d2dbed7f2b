"""An answer as it goes out over HTTP/1."""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus

from ._http import WITHOUT_BODY, Event, RawAnswer

__all__ = ["FAILED", "octets_of"]

FAILED = RawAnswer(
    500, b"Internal Server Error", ((b"content-type", b"text/plain; charset=utf-8"),)
)
"""To a call that its service has a bug for."""

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}


def octets_of(answer: RawAnswer, scope: Event, *, keep_alive: bool) -> tuple[bytes, bool]:
    """Head and body of the answer to this request of ASGI, and whether the connection is kept.

    Raises ValueError for a header that is none (RFC 9110, 5.1 and 5.5).
    """
    connection = b""
    if not keep_alive:
        connection = b"close"
    elif scope["http_version"] == "1.0":
        connection = b"keep-alive"
    head, closes = _head(answer.status, answer.headers, connection)
    if answer.status in WITHOUT_BODY:
        return head + b"\r\n", not closes
    body = b"" if scope.get("method") == "HEAD" else answer.body
    return b"%scontent-length: %d\r\n\r\n%s" % (head, len(answer.body), body), not closes


# A service has few heads.
@lru_cache(maxsize=200)
def _head(
    status: int, headers: tuple[tuple[bytes, bytes], ...], connection: bytes
) -> tuple[bytes, bool]:
    """All of a head but the length, and whether it says that the connection is closed."""
    lines = [b"HTTP/1.1 %d %s\r\n" % (status, _REASONS.get(status, b""))]
    for name, value in headers:
        if _NAME.fullmatch(name) is None or _NO_VALUE.search(value) is not None:
            raise ValueError(f"no header: {name!r}")
        if name.lower() == b"connection" and b"close" in value.lower():
            # The service says so itself.
            connection = b"close"
            continue
        lines.append(b"%s: %s\r\n" % (name.lower(), value))
    if connection:
        lines.append(b"connection: %s\r\n" % connection)
    return b"".join(lines), connection == b"close"
