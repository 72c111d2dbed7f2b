"""A server in a process of its own that answers every request alike, fast."""

from __future__ import annotations

import asyncio
import itertools
import re
from contextlib import AbstractContextManager

from tests.bench._process import running, serve

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_IDS = itertools.count(579700854169272358)
_RECIPIENTS = re.compile(rb"DestinationAddress(?:es)?=")


def _answer(head: bytes, body: bytes) -> bytes:
    if b"sessionid" in head.split(b"\r\n", 1)[0]:
        content = b'"%s"' % (b"A" * 36)
    else:
        count = len(_RECIPIENTS.findall(body))
        # The client takes an id that comes twice for the answer to another call.
        content = b"[" + b",".join(b'"%d"' % next(_IDS) for _ in range(count)) + b"]"
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(content), content)
    )


class _Canned(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            found = _LENGTH.search(head)
            size = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < size:
                return
            self._transport.write(_answer(head, self._buffer[end + 4 : size]))
            self._buffer = self._buffer[size:]


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    await serve(await loop.create_server(_Canned, "127.0.0.1", 0))


def canned_server() -> AbstractContextManager[int]:
    """Run the server and give its port."""
    return running("tests.bench._canned_http")


if __name__ == "__main__":
    asyncio.run(_serve())
