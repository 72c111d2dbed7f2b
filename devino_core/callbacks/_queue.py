"""Callbacks as a stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from devino_core._events import Event
from devino_core.push import Handover

__all__ = ["EventQueue"]


class EventQueue:
    """A receiver's events as an iterator, for programs that are one loop over events::

        queue = EventQueue()
        callbacks = Callbacks(queue, sources, secrets=secrets)
        async for event in queue:
            ...

    An event is taken when the program asks for the next one; then the platform gets its 200. If the
    program closes the iterator at an event, that event is given again. At most ``limit`` events
    wait. Events beyond that are not taken, nor are those that still wait when the queue is closed:
    the platform repeats them. A queue gives no replies.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._waiting = _Waiting()
        self._count = 0

    async def __call__(self, event: Event) -> None:
        """Wait until the event is taken. Raises RuntimeError if it will not be."""
        if self._count >= self._limit:
            raise RuntimeError(f"the queue is full: {self._limit} events wait to be iterated")
        held = _Held(event)
        self._count += 1
        try:
            self._waiting.put(held)
            await held.taken
        finally:
            self._count -= 1

    def __aiter__(self) -> AsyncGenerator[Event, None]:
        return self._waiting.events()

    def close(self) -> None:
        """End the iteration.

        Close the queue before the receiver: the receiver would wait for events that nobody takes.
        """
        self._waiting.close()


class _Held:
    __slots__ = ("event", "taken")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class _Waiting(Handover[_Held]):
    def put(self, held: _Held) -> None:
        if self._closed:
            _refuse(held)
        else:
            super().put(held)

    def put_back(self, held: _Held) -> None:
        if self._closed:
            _refuse(held)
        else:
            super().put_back(held)

    def acknowledge(self, held: _Held) -> None:
        # The future is cancelled if its waiter gave up.
        if not held.taken.done():
            held.taken.set_result(None)

    async def next(self) -> _Held | None:
        while (held := await super().next()) is not None:
            if not held.taken.done():
                return held
        return None

    def close(self) -> None:
        super().close()
        while self._queue:
            _refuse(self._queue.popleft())


def _refuse(held: _Held) -> None:
    if not held.taken.done():
        held.taken.set_exception(RuntimeError("the queue was closed before this event was taken"))
