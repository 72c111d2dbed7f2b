"""Time as an argument: what waits or dates takes a :class:`Clock`, so that tests can drive it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["SYSTEM_CLOCK", "Clock"]


class Clock(Protocol):
    """Wall time, steady time and waiting, in one hand."""

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
        # asyncio costs 40 ms to import, and most of those who only want types never wait.
        import asyncio

        await asyncio.sleep(seconds)


SYSTEM_CLOCK: Clock = _SystemClock()
