"""Time as an argument: code that waits or needs the time takes a :class:`Clock`. Tests drive it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["SYSTEM_CLOCK", "Clock", "done_within", "in_words"]


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

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        # Importing asyncio takes 40 ms, and programs that only want types never wait.
        import asyncio

        await asyncio.sleep(seconds)


SYSTEM_CLOCK: Clock = _SystemClock()


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
