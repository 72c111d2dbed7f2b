"""What was said over HTTP, as the journal keeps it, and as it shows it: with credentials masked.

What is a credential follows from the marks of the tables, see :mod:`devino_codecs.masking`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from devino_codecs.http import HttpRequest
from devino_codecs.masking import Kinds, masked_body, masked_query, masked_request

from ._journal import LONGEST, Wire, wire_of

__all__ = ["CALL", "HttpAnswerSaid", "HttpRequestSaid", "PostSaid", "PostedSaid", "UnreadSaid"]

CALL = "devino_sandbox.call"
"""The ASGI extension that holds the :class:`Record` of a request."""


_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_NAMED = re.compile(
    rb"((?:pass\w*|secret|token|session_?id|api[_-]?key)\s*[=:]\s*)\S+", re.IGNORECASE
)
"""Credentials in what has no form."""


# Thousands of these live for a thousand calls each: what the garbage collector need not look at
# costs it nothing.
class HttpRequestSaid(msgspec.Struct, gc=False):
    """A request. The server adds the octets of its body, as long as they are to be shown, and
    counts them."""

    method: bytes
    target: bytes
    version: str
    raw: bytes
    """What came, from the request line to the end of the headers at least."""
    body: bytes = b""
    size: int = 0

    @property
    def call_id(self) -> str | None:
        found = next((v for n, v in self._headers if n.lower() == b"x-request-id"), None)
        return None if found is None else _text(found)[:100]

    @property
    def _headers(self) -> Sequence[tuple[bytes, bytes]]:
        head = _END_OF_HEAD.split(self.raw.lstrip(b"\r\n"), maxsplit=1)[0]
        return _pairs(head.splitlines()[1:])

    def wire(self, kinds: Kinds, path: str) -> Wire:
        headers, target = self._headers, _target(self.target, kinds, path)
        lines = [f"{_text(self.method)} {target} HTTP/{self.version}", *_shown(headers, kinds)]
        cut, declared = self.body[:LONGEST], _content_type(headers)
        shown = masked_body(cut, kinds, content_type=declared)
        return wire_of(shown, self.size, head="\r\n".join(lines))


class HttpAnswerSaid(msgspec.Struct, gc=False):
    """An answer as it went out, head and body."""

    octets: bytes
    """All, or of a long one the beginning."""
    size: int
    """Of the whole."""

    @property
    def call_id(self) -> str | None:
        return None

    def wire(self, kinds: Kinds, path: str) -> Wire:
        head, _, body = self.octets.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = _pairs(lines)
        shown = masked_body(body[:LONGEST], kinds, content_type=_content_type(headers))
        size = max(self.size - len(head) - 4, 0)
        return wire_of(shown, size, head="\r\n".join([_text(first), *_shown(headers, kinds)]))


class PostSaid:
    """A callback. Its URL holds a secret, and is not shown."""

    __slots__ = ("body", "content_type", "verb")
    call_id: str | None = None

    def __init__(self, verb: str, content_type: str, body: bytes) -> None:
        self.verb = verb
        self.content_type = content_type
        self.body = body

    def wire(self, kinds: Kinds, path: str) -> Wire:
        if self.verb == "GET":
            return wire_of(b"", 0, head=f"GET ***?{_text(self.body)} HTTP/1.1")
        head = f"{self.verb} *** HTTP/1.1\r\ncontent-type: {self.content_type}"
        return wire_of(self.body[:LONGEST], len(self.body), head=head)


class PostedSaid:
    """What the receiver of a callback answered."""

    __slots__ = ("body", "status")
    call_id: str | None = None

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body

    def wire(self, kinds: Kinds, path: str) -> Wire:
        return wire_of(self.body[:LONGEST], len(self.body), head=f"HTTP/1.1 {self.status}")


class UnreadSaid:
    """What came on a port and is nothing that could be read there."""

    __slots__ = ("data",)
    call_id: str | None = None

    def __init__(self, data: bytes) -> None:
        self.data = data

    def what(self, protocol: str) -> str:
        """What it is, on a port of this protocol."""
        # The first octets of a handshake of TLS: its record type, and the major version.
        is_hello = self.data[:2] == b"\x16\x03"
        return f"not {protocol}: a TLS hello" if is_hello else f"not {protocol}"

    def wire(self, kinds: Kinds, path: str) -> Wire:
        cut = self.data[:LONGEST]
        if cut.isascii():
            head, blank, body = cut.partition(b"\r\n\r\n")
            first, *lines = head.split(b"\r\n")
            method, _, rest = first.partition(b" ")
            target, space, version = rest.rpartition(b" ") if rest.count(b" ") else (rest, b"", b"")
            shown = _target(target, kinds, path).encode()
            line = method + (b" " if rest else b"") + shown + space + version
            told = "\r\n".join([_text(line), *_shown(_pairs(lines), kinds)])
            cut = _NAMED.sub(rb"\1***", told.encode() + blank + masked_body(body, kinds))
        return wire_of(cut, len(self.data))


def _target(target: bytes, kinds: Kinds, path: str) -> str:
    before, mark, query = _text(target).partition("?")
    if "{" in path:
        asked = HttpRequest.of("", before)
        segments = asked.segments
        shown = masked_request(asked, kinds, path=path).segments
        before = before if segments == shown else "/" + "/".join(shown)
    return f"{before}{mark}{masked_query(query, kinds)}"


def _shown(headers: Iterable[tuple[bytes, bytes]], kinds: Kinds) -> Iterable[str]:
    for name, value in headers:
        one = HttpRequest("", (), "", {_text(name).lower(): _text(value)}, b"", None)
        [shown] = masked_request(one, kinds).headers.values()
        yield f"{_text(name)}: {shown}"


def _pairs(lines: Iterable[bytes]) -> Sequence[tuple[bytes, bytes]]:
    pairs = [line.partition(b":") for line in lines if line]
    return [(name, value.strip()) for name, _, value in pairs]


def _content_type(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    found = next((value for name, value in headers if name.lower() == b"content-type"), None)
    return None if found is None else _text(found)


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")
