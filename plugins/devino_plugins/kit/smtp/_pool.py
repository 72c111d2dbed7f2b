"""Connections that are kept between mails."""

from __future__ import annotations

import asyncio
import copy
from typing import NamedTuple

from devino_core import Body, DevinoError, Unavailable
from devino_core.clock import Clock
from devino_core.observe import Calls, Running

from ._connection import Connection
from ._peer import Peer
from ._replies import Reply

__all__ = ["Pool"]


class _Kept(NamedTuple):
    connection: Connection
    opened_at: float
    used_at: float


class Pool:
    """Connections to one server, as many at once as its settings say; the one used last first.

    A kept connection that the server has ended in the meantime is replaced, where that shows
    before a mail was announced. Make it in the event loop. It connects when a mail is sent.

    The first connection shows whether the server takes any, and the login. The others wait for it;
    if it fails they fail with it, for servers lock out who knocks or logs in too often.
    """

    def __init__(self, peer: Peer, *, clock: Clock, calls: Calls | None = None) -> None:
        """``calls`` are those of the channel: observers learn of each connection and mail."""
        self._peer = peer
        self._calls = calls if calls is not None else Calls(peer.host, clock)
        self._clock = clock
        self._slots = asyncio.Semaphore(peer.connections)
        self._kept: list[_Kept] = []
        self._closed = False
        # The first connection, and the first after one that failed, is made alone.
        self._proven = asyncio.Event()
        self._proving = asyncio.Lock()
        self._failures = 0
        self._failure: DevinoError | None = None

    async def send(self, from_addr: str, to_addr: str, mail: Body, *, messages: int = 1) -> Reply:
        """Send one mail, which carries so many messages. Raises as :meth:`Peer.connect`,
        :meth:`Connection.begin` and :meth:`Connection.finish`.
        """
        async with self._slots:
            with self._calls.begin("DATA", peer=self._peer.where, messages=messages) as call:
                connection, opened_at = await self._begun(from_addr, call)
                try:
                    return await connection.finish(to_addr, mail)
                finally:
                    connection.call = None
                    self._keep(connection, opened_at)

    async def aclose(self) -> None:
        """Take leave on all connections. Those in use end after their mails."""
        self._closed = True
        kept, self._kept = self._kept, []
        try:
            await asyncio.gather(*[one.connection.quit() for one in kept])
        finally:
            # Cancelled: some may not even have begun.
            for one in kept:
                one.connection.drop()

    async def _begun(self, from_addr: str, call: Running) -> tuple[Connection, float]:
        """A connection on which a mail is announced, and when it was opened."""
        kept = self._fresh()
        if kept is not None:
            try:
                return await self._begin(kept.connection, kept.opened_at, from_addr, call)
            except Unavailable:
                if kept.connection.usable:
                    raise
                # It was ended while nobody looked, which says nothing of a new one.
        opened_at = self._clock.monotonic()
        return await self._begin(await self._connected(), opened_at, from_addr, call)

    async def _connected(self) -> Connection:
        if self._proven.is_set():
            return await self._connect()
        before = self._failures
        async with self._proving:
            if self._failure is not None and self._failures > before:
                raise copy.copy(self._failure)
            if not self._proven.is_set():
                return await self._connect()
        return await self._connect()

    async def _connect(self) -> Connection:
        try:
            with self._calls.begin("connect", peer=self._peer.where) as call:
                call.start()
                connection = await self._peer.connect(call)
        except DevinoError as error:
            self._failures += 1
            # Without the frames: it is kept.
            self._failure = copy.copy(error)
            self._proven.clear()
            raise
        self._proven.set()
        return connection

    async def _begin(
        self, connection: Connection, opened_at: float, from_addr: str, call: Running
    ) -> tuple[Connection, float]:
        call.start()
        connection.call = call
        try:
            await connection.begin(from_addr)
        except BaseException:
            connection.call = None
            # After a refusal the next mail may have it; one in mid-command is ended there.
            self._keep(connection, opened_at)
            raise
        return connection, opened_at

    def _fresh(self) -> _Kept | None:
        now = self._clock.monotonic()
        while self._kept:
            kept = self._kept.pop()
            if (
                kept.connection.usable
                and now - kept.used_at < self._peer.idle_timeout
                and now - kept.opened_at < self._peer.max_lifetime
            ):
                return kept
            kept.connection.drop()
        return None

    def _keep(self, connection: Connection, opened_at: float) -> None:
        if connection.usable and not self._closed:
            self._kept.append(_Kept(connection, opened_at, self._clock.monotonic()))
        else:
            connection.drop()
