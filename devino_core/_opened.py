"""Objects that are opened and closed in an event loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

__all__ = ["Opened"]


class Opened(ABC):
    """``async with`` opens it and closes it."""

    @abstractmethod
    async def open(self) -> None: ...

    @abstractmethod
    async def aclose(self) -> None: ...

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
