"""Commands out, replies in: each reply belongs to the command before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from aiosmtplib import SMTPResponseException, SMTPServerDisconnected

from devino_core.tls import hang_up

__all__ = ["Replies", "Reply"]

_MAX_REPLY = 32 * 1024
"""Bytes of one reply; the longest that servers send, to EHLO, has less than two thousand."""


class Reply(NamedTuple):
    """What a server said: the code, and the text of all lines on one, each without its code."""

    code: int
    text: str


class Replies(asyncio.Protocol):
    """The conversation on a connection, from where it is taken over.

    aiosmtplib keeps what comes behind a reply in the same packet, and gives it as the reply to
    the next command. Here it shows as :attr:`ahead`.
    """

    def __init__(self, transport: asyncio.Transport, told: Callable[[bytes], str]) -> None:
        """``told`` makes the text of a reply, without what a server should not have repeated."""
        self._transport = transport
        self._told = told
        self._waiting: asyncio.Future[Reply] | None = None
        self._lines: list[bytes] = []
        self._rest = b""
        self._size = 0
        self.ahead: bool = False
        """Whether something came that nobody had asked for: the next reply may be to anything."""
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    async def ask(self, data: bytes, timeout: float) -> Reply:
        """Send this, and give the reply to it within ``timeout`` seconds.

        Raises TimeoutError, SMTPServerDisconnected, or SMTPResponseException for what is no reply.
        """
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        try:
            if not self.is_open:
                raise SMTPServerDisconnected("")
            self._transport.write(data)
            async with asyncio.timeout(timeout):
                return await waiting
        finally:
            self._waiting = None

    def tell(self, data: bytes) -> None:
        """Send this, and wait for nothing."""
        if self.is_open:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection now."""
        hang_up(self._transport)

    def data_received(self, data: bytes) -> None:
        waiting = self._waiting
        if waiting is None or waiting.done():
            self.ahead = True
            return
        self._size += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for number, line in enumerate(lines, 1):
            code, more = line[:3], line[3:4]
            if len(code) < 3 or not code.isdigit() or self._size > _MAX_REPLY:
                waiting.set_exception(_no_reply())
                return
            self._lines.append(line[4:].strip())
            if more != b"-":
                text = self._told(b"\n".join(self._lines))
                self.ahead = number < len(lines) or self._rest != b""
                self._lines, self._rest, self._size = [], b"", 0
                waiting.set_result(Reply(int(code), text))
                return
        if self._size > _MAX_REPLY:
            waiting.set_exception(_no_reply())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(SMTPServerDisconnected(""))


def _no_reply() -> SMTPResponseException:
    return SMTPResponseException(-1, "")
