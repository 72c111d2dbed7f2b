"""What is opened and closed in an event loop."""

from __future__ import annotations

from typing import Self

__all__ = ["Opened"]


class Opened:
    """``async with`` opens it and closes it."""

    async def open(self) -> None:
        """Acquire what must be acquired in the event loop. Connects to nothing."""

    async def aclose(self) -> None:
        """Give it back. Safe to call twice."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
