"""A login session that many concurrent calls share."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from .clock import Clock
from .errors import AuthenticationFailed, ConnectFailed, DevinoError

__all__ = ["LoginSession"]

S = TypeVar("S")
T = TypeVar("T")


class _Held(NamedTuple, Generic[S]):
    session: S
    stale_at: float


class LoginSession(Generic[S]):
    """Fetches a session once for all callers, and again before its ``lifetime`` ends.

    ``log_in`` asks the platform for a session. ``lifetime`` is in seconds. ``margin`` is how many
    seconds before its end a new one is fetched: no call may start with a session about to expire.
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
        self._held: _Held[S] | None = None
        self._fetching: asyncio.Task[_Held[S]] | None = None

    async def run(self, call: Callable[[S], Awaitable[T]]) -> T:
        """Run ``call`` with a session, and after AuthenticationFailed once more with a new one.

        A second AuthenticationFailed is raised: a platform that refuses a fresh session is not
        asked in a loop.
        """
        held = self._usable() or await self._fetch()
        try:
            return await call(held.session)
        except AuthenticationFailed:
            # If many calls were refused at once, only the first to come here logs in.
            held = self._usable(refused=held) or await self._fetch()
            return await call(held.session)

    async def aclose(self) -> None:
        """End a login under way, for a service that is closed. Who waits for it gets ConnectFailed.
        Safe to call twice."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait((self._fetching,))

    def _usable(self, refused: _Held[S] | None = None) -> _Held[S] | None:
        held = self._held
        if held is None or held is refused or self._clock.monotonic() >= held.stale_at:
            return None
        return held

    async def _fetch(self) -> _Held[S]:
        """Log in once for all calls that wait for it. They share a failure too."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._renew())
            self._fetching.add_done_callback(_look_at_failure)
        fetching = self._fetching
        try:
            # A cancelled call must not cancel the login that others wait for.
            return await asyncio.shield(fetching)
        except DevinoError as error:
            raise copy.copy(error) from None
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if fetching.cancelled() and not (own is not None and own.cancelling()):
                raise ConnectFailed("this was closed before the login was answered") from None
            raise

    async def _renew(self) -> _Held[S]:
        try:
            # Counted from before the call: the session's life may begin at any time during it.
            asked_at = self._clock.monotonic()
            self._held = _Held(await self._log_in(), asked_at + self._fresh_for)
            return self._held
        finally:
            self._fetching = None


def _look_at_failure(fetching: asyncio.Task[object]) -> None:
    """Asyncio logs an error that nobody looked at, as where all callers have given up waiting."""
    if not fetching.cancelled():
        fetching.exception()
