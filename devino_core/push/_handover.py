"""Hands events to an iterator and acknowledges them, by one rule for all transports."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator
from typing import Generic, Protocol, TypeVar

from devino_core._events import Event

__all__ = ["Handover", "Holds"]


class Holds(Protocol):
    """An event that waits, with whatever its acknowledgement needs."""

    @property
    def event(self) -> Event: ...


H = TypeVar("H", bound=Holds)


class Handover(ABC, Generic[H]):
    """Events that wait to be iterated, in order.

    An event is acknowledged when the iterator asks for the next one. If the iterator is closed
    first, the event is given again. Several iterators share the events: each event goes to one.
    """

    def __init__(self) -> None:
        self._queue: deque[H] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._failure: Exception | None = None

    @abstractmethod
    def acknowledge(self, held: H) -> None:
        """Acknowledge an event that was handed over."""

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events, until :meth:`close`. Close the generator to give the last one back."""
        while (held := await self.next()) is not None:
            try:
                yield held.event
            except BaseException:
                self.put_back(held)
                raise
            self.acknowledge(held)

    async def batches(self, most: int = 1000) -> AsyncGenerator[list[Event], None]:
        """The events, as many at a time as wait, until :meth:`close`.

        A list is acknowledged, or given back, as a whole.
        """
        while (first := await self.next()) is not None:
            part = [first]
            while self._queue and len(part) < most:
                part.append(self._queue.popleft())
            try:
                yield [held.event for held in part]
            except BaseException:
                for held in reversed(part):
                    self.put_back(held)
                raise
            for held in part:
                self.acknowledge(held)

    async def next(self) -> H | None:
        """The next event; None once this is closed. Raises the error given to :meth:`fail`."""
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
        """Put an event back that was not handed over after all."""
        self._queue.appendleft(held)
        self._news.set()

    def fail(self, error: Exception | None) -> None:
        """Raise this error in the iterator once all events are given. None: wait for more."""
        self._failure = error
        self._news.set()

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
        self._news.set()
