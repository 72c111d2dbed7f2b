"""What moves a World on while nobody asks."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Self

from ._world import World

__all__ = ["Driver"]

# Changes that follow each other closely are told together, so that thousands of messages a second
# do not wake the driver for each. Whoever asks gets the exact state in any case.
_GRAIN = 0.01


class Driver:
    """Moves the World on when something is due, for those that wait to be told."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sooner = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._world.timeline.became_earlier = self._sooner.set
        self._task = asyncio.create_task(self._drive())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._world.timeline.became_earlier = lambda: None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _drive(self) -> None:
        while True:
            self._sooner.clear()
            self._world.advance()
            due = self._world.timeline.next_due()
            if due is None:
                await self._sooner.wait()
            else:
                await self._sleep_until(due)

    async def _sleep_until(self, due: datetime) -> None:
        clock = self._world.clock
        seconds = max((due - clock.now()).total_seconds(), _GRAIN)
        waits = [
            asyncio.ensure_future(clock.sleep(seconds)),
            asyncio.ensure_future(self._sooner.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
