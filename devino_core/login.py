"""A login session that many concurrent calls share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from .clock import Clock
from .errors import AuthenticationFailed

__all__ = ["LoginSession"]

S = TypeVar("S")
T = TypeVar("T")


class LoginSession(Generic[S]):
    """Fetches a session once for all callers, and again before its ``lifetime`` ends.

    ``log_in`` asks the platform for one. ``lifetime`` is in seconds and ``margin`` how long
    before its end a new one is fetched, so that no call starts with one about to expire.
    """

    def __init__(
        self,
        log_in: Callable[[], Awaitable[S]],
        *,
        clock: Clock,
        lifetime: float = 120 * 60,
        margin: float = 5 * 60,
    ) -> None:
        self._log_in = log_in
        self._clock = clock
        self._fresh_for = lifetime - margin
        self._session: S | None = None
        self._stale_at = 0.0
        self._lock = asyncio.Lock()

    async def run(self, call: Callable[[S], Awaitable[T]]) -> T:
        """``call`` with a session; after AuthenticationFailed, once more with a new one.

        A second AuthenticationFailed is raised: a platform that refuses a fresh session is not
        asked in a loop.
        """
        session = self._usable()
        if session is None:
            session = await self._get()
        try:
            return await call(session)
        except AuthenticationFailed:
            # Of many calls that were refused at once, only the first to come here logs in.
            return await call(await self._get(refused=session))

    async def _get(self, refused: S | None = None) -> S:
        session = self._usable(refused)
        if session is None:
            async with self._lock:
                session = self._usable(refused)
                if session is None:
                    # Counted from before the call: its life may have begun at any time in it.
                    asked_at = self._clock.monotonic()
                    session = self._session = await self._log_in()
                    self._stale_at = asked_at + self._fresh_for
        return session

    def _usable(self, refused: S | None = None) -> S | None:
        if self._session == refused or self._clock.monotonic() >= self._stale_at:
            return None
        return self._session
