"""Handing events over to who iterates, and acknowledging them: one rule for all transports."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator
from typing import Generic, Protocol, TypeVar

from devino_core._events import Event

__all__ = ["Handover", "Holds"]


class Holds(Protocol):
    """What waits: an event, and whatever its acknowledgement needs."""

    @property
    def event(self) -> Event: ...


H = TypeVar("H", bound=Holds)


class Handover(ABC, Generic[H]):
    """Events that wait to be iterated, in order.

    An event is acknowledged when the next one is asked for. One that the iterator was closed on is
    given again. Of several iterators each gets events that the others do not.
    """

    def __init__(self) -> None:
        self._queue: deque[H] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._failure: Exception | None = None

    @abstractmethod
    def acknowledge(self, held: H) -> None:
        """It was handed over."""

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events, until :meth:`close`. Close the generator to give the last one back."""
        while (held := await self.next()) is not None:
            try:
                yield held.event
            except BaseException:
                self.put_back(held)
                raise
            self.acknowledge(held)

    async def next(self) -> H | None:
        """The next one, None once this is closed. Raises what :meth:`fail` was given."""
        while True:
            if self._closed:
                return None
            if self._queue:
                return self._queue.popleft()
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()

    def put(self, held: H) -> None:
        """It came."""
        self._queue.append(held)
        self._news.set()

    def put_back(self, held: H) -> None:
        """It was not handed over after all."""
        self._queue.appendleft(held)
        self._news.set()

    def fail(self, error: Exception | None) -> None:
        """Raise this to who iterates, once all events are given; None: wait for more."""
        self._failure = error
        self._news.set()

    def close(self) -> None:
        """Let who iterates come to an end."""
        self._closed = True
        self._news.set()
