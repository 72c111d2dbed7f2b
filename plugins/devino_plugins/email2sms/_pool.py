"""Connections that are kept between mails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from devino_core import Body, Unavailable
from devino_core.clock import Clock

from ._connection import Connection, Reply

__all__ = ["Pool"]


class _Kept(NamedTuple):
    connection: Connection
    opened_at: float
    used_at: float


class Pool:
    """At most ``size`` connections at once, the one used last first.

    ``idle_timeout`` and ``max_lifetime`` are seconds. A kept connection that the server has ended
    in the meantime is replaced, where that shows before a mail was announced.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        size: int,
        idle_timeout: float,
        max_lifetime: float,
        clock: Clock,
    ) -> None:
        self._connect = connect
        self._idle_timeout = idle_timeout
        self._max_lifetime = max_lifetime
        self._clock = clock
        self._slots = asyncio.Semaphore(size)
        self._kept: list[_Kept] = []
        self._closed = False

    async def send(self, mail: Body) -> Reply:
        """Send one mail. Raises as :meth:`Connection.begin` and :meth:`Connection.finish`."""
        async with self._slots:
            connection, opened_at = await self._begun()
            try:
                return await connection.finish(mail)
            finally:
                self._keep(connection, opened_at)

    async def aclose(self) -> None:
        """Take leave on all connections; those in use end after their mails."""
        self._closed = True
        kept, self._kept = self._kept, []
        await asyncio.gather(*[one.connection.quit() for one in kept])

    async def _begun(self) -> tuple[Connection, float]:
        """A connection on which a mail is announced, and when it was opened."""
        kept = self._fresh()
        if kept is not None:
            try:
                return await self._begin(kept.connection, kept.opened_at)
            except Unavailable:
                if kept.connection.usable:
                    raise
                # It was ended while nobody looked, which says nothing of a new one.
        opened_at = self._clock.monotonic()
        return await self._begin(await self._connect(), opened_at)

    async def _begin(self, connection: Connection, opened_at: float) -> tuple[Connection, float]:
        try:
            await connection.begin()
        except BaseException:
            # Refused, the next mail may have it; given up in mid-command, it is ended there.
            self._keep(connection, opened_at)
            raise
        return connection, opened_at

    def _fresh(self) -> _Kept | None:
        now = self._clock.monotonic()
        while self._kept:
            kept = self._kept.pop()
            if (
                kept.connection.usable
                and now - kept.used_at < self._idle_timeout
                and now - kept.opened_at < self._max_lifetime
            ):
                return kept
            kept.connection.drop()
        return None

    def _keep(self, connection: Connection, opened_at: float) -> None:
        if connection.usable and not self._closed:
            self._kept.append(_Kept(connection, opened_at, self._clock.monotonic()))
        else:
            connection.drop()
