"""A server in a process of its own that gives every message of a request an id, fast."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.bench._process import running, serve

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NUMBERS = itertools.count(3158611117333282)
_MESSAGES = re.compile(rb'"address"')


def _answer(body: bytes) -> bytes:
    count = len(_MESSAGES.findall(body))
    first = next(_NUMBERS) * 1000
    messages = b",".join(b'{"providerId":%d,"code":"ok"}' % (first + n) for n in range(count))
    return b'{"status":"ok","messages":[%s]}' % messages


class Canned(asyncio.Protocol):
    """Answers every request with what is made of its body."""

    def __init__(self, answer: Callable[[bytes], bytes], status: bytes = b"200 OK") -> None:
        self._answer = answer
        self._head = (
            b"HTTP/1.1 %b\r\nContent-Type: application/json; charset=utf-8\r\n"
            b"Content-Length: " % status
        )

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
            content = self._answer(self._buffer[end + 4 : size])
            self._transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(content), content))
            self._buffer = self._buffer[size:]


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    await serve(await loop.create_server(lambda: Canned(_answer), "127.0.0.1", 0))


def canned_server() -> AbstractContextManager[int]:
    """Run the server and give its port."""
    return running("tests.bench._canned_messengers")


if __name__ == "__main__":
    asyncio.run(_serve())
