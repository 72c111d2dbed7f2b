"""Keeps sessions that receive, while somebody iterates events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from devino_core import DevinoError
from devino_core.clock import Clock

from ._inbox import Inbox
from ._pool import Pool
from ._timer import Timer

__all__ = ["Receiving"]


class Receiving:
    """Keeps a session of ``pool`` while there is a listener, and a new one when it breaks.

    The sessions are unbound ``linger`` seconds after the last listener has gone. A listener who
    comes back within the pause that a centre wants between sessions finds the old session. None:
    the sessions stay bound.
    """

    def __init__(
        self,
        pool: Pool,
        inbox: Inbox,
        clock: Clock,
        *,
        linger: float | None,
        wait_for_session: float,
    ) -> None:
        self._pool = pool
        self._inbox = inbox
        self._clock = clock
        self._linger = linger
        self._wait_for_session = wait_for_session
        self._listeners = 0
        self._keeping: asyncio.Task[None] | None = None
        self._leaving = Timer(clock, self._leave)
        self._releasing: asyncio.Task[None] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While the block lasts, somebody iterates."""
        self._listeners += 1
        self._leaving.cancel()
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners and self._keeping is not None:
                self._leaving.set(self._clock.monotonic() + (self._linger or 0.0))

    async def start(self) -> None:
        """Have a session now. Raises ConnectFailed or AuthenticationFailed if there is none."""
        if self._keeping is None:
            await self._pool.session(self._wait_for_session)
        # Another listener may have started it meanwhile.
        if self._keeping is None:
            self._inbox.fail(None)
            self._keeping = asyncio.create_task(self._keep())

    def close(self) -> None:
        self._leaving.cancel()
        self._stop_keeping()

    async def _keep(self) -> None:
        try:
            await self._pool.keep()
        except DevinoError as error:
            self._keeping = None
            self._inbox.fail(error)

    def _leave(self, now: float) -> None:
        self._stop_keeping()
        if self._linger is not None:
            self._releasing = asyncio.create_task(self._pool.release())

    def _stop_keeping(self) -> None:
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
