"""Waits on a clock that tests can drive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

from devino_core.clock import Clock

__all__ = ["Timer"]


class Timer:
    """Calls back once, at the earliest of the times that were set."""

    def __init__(self, clock: Clock, call: Callable[[float], None]) -> None:
        self.at = inf
        """When it calls back, in the clock's monotonic time. inf: never."""
        self._clock = clock
        self._call = call
        self._task: asyncio.Task[None] | None = None

    def set(self, at: float) -> None:
        """Call back at this time, if not earlier. The callback gets the time."""
        if at < self.at:
            self.cancel()
            self.at = at
            self._task = asyncio.create_task(self._run(at))

    def cancel(self) -> None:
        task, self._task = self._task, None
        self.at = inf
        if task is not None:
            task.cancel()

    async def _run(self, at: float) -> None:
        await self._clock.sleep(at - self._clock.monotonic())
        self._task = None
        self.at = inf
        # A clock may round. A callback for a time must not find it still to come.
        self._call(max(at, self._clock.monotonic()))
