"""At most so many messages in a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devino_core.clock import Clock, done_within

if TYPE_CHECKING:
    from asyncio import Future

__all__ = ["Pace"]


class Pace:
    """Holds batches back so that at most ``per_second`` messages begin in a second."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._next: float | None = None

    @property
    def at_once(self) -> int:
        """How many messages a batch may have: those of a second."""
        return max(1, int(self._per_second))

    async def turn(self, count: int, stopped: Future[None]) -> None:
        """Return when so many more may begin, or when ``stopped`` is done."""
        now = self._clock.monotonic()
        begins = now if self._next is None else max(now, self._next)
        if begins > now:
            await done_within(self._clock, begins - now, stopped)
        self._next = begins + count / self._per_second
