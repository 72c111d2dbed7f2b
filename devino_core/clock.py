"""Time as an argument: code that waits or needs the time takes a :class:`Clock`.

Tests drive a :class:`ManualClock`.
"""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["SYSTEM_CLOCK", "Clock", "ManualClock", "done_within", "in_words"]

_MICROSECONDS = 1_000_000
_ROUNDS = 10


class Clock(Protocol):
    """Wall time, steady time and waiting in one object."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, from an arbitrary start."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        ...


class _SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    # Not in a method: each call to the platform asks more than once.
    monotonic = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        # Importing asyncio takes 40 ms, and programs that only want types never wait.
        import asyncio

        await asyncio.sleep(seconds)


SYSTEM_CLOCK: Clock = _SystemClock()


class ManualClock:
    """A :class:`~devino_core.clock.Clock` for tests: time passes only when a test moves it.

    ``start`` is aware. Steps finer than a microsecond are rounded. With ``auto_advance`` a task
    that sleeps moves the clock itself, at once; use it where only one task waits.

    >>> clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    >>> clock.advance(90)
    >>> clock.now().isoformat(), clock.monotonic()
    ('2026-01-01T00:01:30+00:00', 90.0)
    """

    def __init__(
        self,
        start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC),
        *,
        auto_advance: bool = False,
    ) -> None:
        if start.utcoffset() is None:
            raise ValueError("start must be an aware datetime")
        self.auto_advance = auto_advance
        self._start = start.astimezone(UTC)
        # Whole microseconds, as in datetime: sums of floats would miss deadlines.
        self._elapsed = 0
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(microseconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed / _MICROSECONDS

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far. Zero or less only lets other tasks run."""
        import asyncio
        from heapq import heappush

        if self.auto_advance and seconds > 0:
            self.advance(seconds)
        if self.auto_advance or seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        deadline = self._elapsed + round(seconds * _MICROSECONDS)
        heappush(self._sleepers, (deadline, next(self._order), woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Move on at once. Tasks that slept until then run when the event loop runs next.

        Raises ValueError for a step back, and for one beyond the year 9999.
        """
        self._move_to(self._after(seconds))

    async def tick(self, seconds: float = 0) -> None:
        """Move on from one sleeper's deadline to the next, and let each woken task run.

        A task that sleeps again within these seconds is woken again. Raises ValueError like
        :meth:`advance`.
        """
        target = self._after(seconds)
        # Let a task that was started just before the tick reach its sleep.
        await _let_run()
        while self._sleepers and self._sleepers[0][0] <= target:
            self._move_to(self._sleepers[0][0])
            await _let_run()
        self._move_to(target)
        await _let_run()

    def set_to(self, moment: datetime) -> None:
        """Put the wall clock to an aware time, earlier or later, as who sets a clock does.

        :meth:`monotonic` and whoever sleeps notice nothing.
        """
        if moment.utcoffset() is None:
            raise ValueError("moment must be an aware datetime")
        self._start = moment.astimezone(UTC) - timedelta(microseconds=self._elapsed)

    def _after(self, seconds: float) -> int:
        if not seconds >= 0:
            raise ValueError("time does not run backwards")
        try:
            elapsed = self._elapsed + round(seconds * _MICROSECONDS)
            _ = self._start + timedelta(microseconds=elapsed)
        except OverflowError:
            raise ValueError("there is no time after the year 9999") from None
        return elapsed

    def _move_to(self, elapsed: int) -> None:
        from heapq import heappop

        self._elapsed = max(self._elapsed, elapsed)
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            _, _, woken = heappop(self._sleepers)
            # The future is cancelled if its waiter gave up.
            if not woken.done():
                woken.set_result(None)


async def done_within(clock: Clock, seconds: float, *waited: asyncio.Future[Any]) -> bool:
    """Wait this long for one of several futures, and cancel none. Gives whether one is done."""
    import asyncio

    if not any(future.done() for future in waited):
        sleeping = asyncio.ensure_future(clock.sleep(seconds))
        try:
            await asyncio.wait({*waited, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
    return any(future.done() for future in waited)


def in_words(seconds: float) -> str:
    """A duration that was measured or computed: ``0.04 s``, ``90 s``, ``2 h 5 min``."""
    if seconds < 0.01:
        return "less than 0.01 s" if seconds > 0 else "0 s"
    if seconds < 10:
        return f"{seconds:.{1 if seconds >= 1 else 2}f}".rstrip("0").rstrip(".") + " s"
    whole = round(seconds)
    for unit, size, smaller, part in _UNITS:
        # Two of a unit or more: 90 s says more than 1 min 30 s.
        if whole >= 2 * size:
            many, rest = divmod(whole, size)
            return f"{many} {unit}" + (f" {rest // part} {smaller}" if rest >= part else "")
    return f"{whole} s"


_UNITS = (("days", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1))


async def _let_run() -> None:
    import asyncio

    # A woken task may wake another, and so on: run a few rounds of the loop.
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
