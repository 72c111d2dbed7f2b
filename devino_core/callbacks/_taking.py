"""Takes each event once, however often and however fast the platform repeats it."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import cast

from devino_core._events import Event
from devino_core.clock import Clock, done_within
from devino_core.observe import Observers
from devino_core.remembered import Fact, Remembered

from ._values import Take

__all__ = ["Taking"]

_log = logging.getLogger("devino.callbacks")

_REMEMBERED = timedelta(hours=25)
"""The platform repeats for 24 hours."""


class Taking:
    """Gives events to the application, each in a task of its own."""

    def __init__(
        self, take: Take, seen: Remembered, clock: Clock, observers: Observers | None = None
    ) -> None:
        self._take = _awaitable(take)
        self._seen = seen
        self._clock = clock
        self._observers = observers
        self._running: dict[str, asyncio.Task[Fact | None]] = {}

    def start(self, event: Event) -> asyncio.Task[Fact | None]:
        """Start to take the event, or join in. The task ends with None if it was not taken."""
        # A channel's name is a segment of a path, so it has no slash.
        key = f"{event.channel}/{event.id}"
        task = self._running.get(key)
        # A task that was cancelled before it began is done, but did not remove itself.
        if task is None or task.done():
            task = self._running[key] = asyncio.create_task(self._run(key, event))
        return task

    async def all_done_within(
        self, seconds: float, tasks: Collection[asyncio.Task[object]]
    ) -> bool:
        """Wait this long for all of them, and cancel none. Gives whether all are done."""
        # Tasks that wait for nothing are done after this.
        await asyncio.sleep(0)
        waiting = [task for task in tasks if not task.done()]
        if waiting:
            together = asyncio.ensure_future(asyncio.wait(waiting))
            try:
                await done_within(self._clock, seconds, together)
            finally:
                together.cancel()
        return all(task.done() for task in waiting)

    async def finish(self, seconds: float) -> None:
        """Wait this long for tasks under way, and cancel the rest."""
        tasks = list(self._running.values())
        if await self.all_done_within(seconds, tasks):
            return
        left = [task for task in tasks if not task.done()]
        _log.warning(
            "%d events are still not taken %g s after the receiver was closed: they are cancelled, "
            "and the platform will repeat them",
            len(left),
            seconds,
        )
        for task in left:
            task.cancel()
        await asyncio.wait(left)

    async def _run(self, key: str, event: Event) -> Fact | None:
        try:
            (known,) = await self._seen.seen(key, now=self._clock.now())
            if known is not None:
                return known
            reply = await self._take(event)
            if self._observers is not None:
                self._observers.event(event)
            now = self._clock.now()
            taken = Fact(now + _REMEMBERED, reply if isinstance(reply, str) else None)
            await self._seen.add(key, taken, now=now)
        except Exception:  # noqa: BLE001 - an application may raise whatever it likes
            _log.exception(
                "an event of %s was not taken: the platform will repeat it", event.channel
            )
            return None
        else:
            return taken
        finally:
            del self._running[key]


def _awaitable(take: Take) -> Callable[[Event], Awaitable[object]]:
    """``take`` as a coroutine function. A plain function may block, so it runs in a thread."""
    if inspect.iscoroutinefunction(take) or inspect.iscoroutinefunction(type(take).__call__):
        return cast("Callable[[Event], Awaitable[object]]", take)

    async def in_thread(event: Event) -> object:
        given = await asyncio.to_thread(take, event)
        # A lambda around a coroutine function looks like a plain one.
        return await given if inspect.isawaitable(given) else given

    return in_thread
