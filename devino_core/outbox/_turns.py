"""Many go together, or one goes alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

__all__ = ["Turns"]


class Turns:
    """A lock that many hold together or one holds alone; who waits to be alone goes before them."""

    def __init__(self) -> None:
        self._together = 0
        self._is_alone = False
        self._waiting = 0
        self._changed = asyncio.Event()

    async def join(self) -> None:
        """Go together with others, until :meth:`leave`."""
        await self._wait(lambda: not self._is_alone and not self._waiting)
        self._together += 1

    def leave(self) -> None:
        """End what :meth:`join` began."""
        self._together -= 1
        self._changed.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Go alone."""
        self._waiting += 1
        try:
            await self._wait(lambda: not self._is_alone and not self._together)
            self._is_alone = True
        finally:
            self._waiting -= 1
            self._changed.set()
        try:
            yield
        finally:
            self._is_alone = False
            self._changed.set()

    async def _wait(self, may: Callable[[], bool]) -> None:
        while not may():
            self._changed.clear()
            await self._changed.wait()
