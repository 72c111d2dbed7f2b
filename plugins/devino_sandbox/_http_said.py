"""What was said over HTTP, as the journal keeps it."""

from __future__ import annotations

import re

from ._journal import LONGEST, Wire

__all__ = ["CALL", "HttpAnswerSaid", "HttpRequestSaid", "NotHttpSaid"]

CALL = "devino_sandbox.call"
"""The ASGI extension that holds the :class:`Record` of a request."""


class HttpRequestSaid:
    """A request; what belongs to its body is added as it comes."""

    __slots__ = ("chunks", "headers", "method", "size", "target", "version")

    def __init__(
        self,
        method: str,
        target: bytes,
        version: str,
        headers: list[tuple[bytes, bytes]],
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.chunks: list[bytes] = []
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Octets of the body."""
        if self.size < LONGEST:
            self.chunks.append(chunk)
        self.size += len(chunk)

    @property
    def call_id(self) -> str | None:
        found = next((value for name, value in self.headers if name == b"x-request-id"), None)
        return None if found is None else _text(found)[:100]

    def wire(self) -> Wire:
        lines = [f"{self.method} {_text(_masked(self.target))} HTTP/{self.version}"]
        lines += [f"{_text(name)}: {_text(_shown(name, value))}" for name, value in self.headers]
        return _wire("\r\n".join(lines), b"".join(self.chunks), self.size)


class HttpAnswerSaid:
    """An answer as it went out, head and body."""

    __slots__ = ("chunks", "size")
    call_id: str | None = None

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.size = 0

    def add(self, chunk: bytes | bytearray | memoryview) -> None:
        """Octets of it."""
        if self.size < LONGEST:
            self.chunks.append(bytes(chunk))
        self.size += len(chunk)

    @property
    def status(self) -> str:
        """The number in its first line; empty if there is none."""
        return self.chunks[0][9:12].decode("latin-1") if self.chunks else ""

    def wire(self) -> Wire:
        head, _, body = b"".join(self.chunks).partition(b"\r\n\r\n")
        return _wire(_head(head), body, max(self.size - len(head) - 4, 0))


class NotHttpSaid:
    """What came on an HTTP port and is no request that could be read."""

    __slots__ = ("data",)
    call_id: str | None = None

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def what(self) -> str:
        """What it seems to be."""
        # The first octets of a handshake of TLS: its record type, and the major version.
        return "a TLS hello" if self.data[:2] == b"\x16\x03" else "not HTTP"

    def wire(self) -> Wire:
        cut, size = self.data[:LONGEST], len(self.data)
        try:
            text = cut.decode("ascii")
        except UnicodeDecodeError:
            return _wire("", cut, size)
        return Wire(head="", body=_head(text.encode()), size=size, truncated=size > LONGEST)


def _head(data: bytes) -> str:
    first, *headers = data.split(b"\r\n")
    pairs = [line.partition(b":") for line in headers]
    lines = [_text(_masked(first))]
    lines += [f"{_text(n)}{_text(c)} {_text(_shown(n, v.strip()))}" for n, c, v in pairs]
    return "\r\n".join(lines)


def _wire(head: str, body: bytes, size: int) -> Wire:
    cut = _masked(body[:LONGEST])
    truncated = size > LONGEST
    try:
        # What is cut may end within a character.
        text = cut.decode(errors="ignore" if truncated else "strict")
    except UnicodeDecodeError:
        return Wire(head=head, body=cut.hex(" "), is_hex=True, size=size, truncated=truncated)
    return Wire(head=head, body=text, size=size, truncated=truncated)


_SECRET_HEADERS = frozenset(
    {b"authorization", b"cookie", b"proxy-authorization", b"set-cookie", b"x-apikey"}
)
_SECRETS = re.compile(
    rb"""((?:password|sessionid|api_?key|token)\s*(?:=|"?\s*:|>)\s*["']?)[^&"'<\s]+""",
    re.IGNORECASE,
)


def _shown(name: bytes, value: bytes) -> bytes:
    return b"***" if name.lower() in _SECRET_HEADERS else value


def _masked(data: bytes) -> bytes:
    return _SECRETS.sub(rb"\1***", data)


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")
