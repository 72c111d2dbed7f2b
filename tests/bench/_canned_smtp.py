"""A mail server in a process of its own that takes every mail, fast."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager

from tests.bench._process import running, serve

_REPLIES = {
    b"EHLO": b"250-localhost\r\n250-SIZE 1048576\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"QUIT": b"221 bye\r\n",
}


class _Canned(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""
        self._in_data = False
        transport.write(b"220 localhost\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = b"\r\n.\r\n" if self._in_data else b"\r\n"
        if not self._buffer.endswith(end):
            return
        reply = b"250 OK\r\n"
        if not self._in_data:
            reply = _REPLIES.get(self._buffer[:4].upper(), reply)
        self._in_data = reply.startswith(b"354")
        self._buffer = b""
        self._transport.write(reply)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    await serve(await loop.create_server(_Canned, "127.0.0.1", 0))


def canned_mail_server() -> AbstractContextManager[int]:
    """Run the server and give its port."""
    return running("tests.bench._canned_smtp")


if __name__ == "__main__":
    asyncio.run(_serve())
