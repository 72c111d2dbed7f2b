"""Calls of any event loop that wait for a thread, which does as many as wait in one commit."""

from __future__ import annotations

import asyncio
import logging
import queue
from typing import NamedTuple

__all__ = ["Group", "Waiting", "group_size", "settle"]

_log = logging.getLogger(__name__)


class Waiting(NamedTuple):
    """What was asked for, and where its outcome is waited for."""

    work: object
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[object]


class Group:
    """The calls in one line."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._calls = 0
        self._commits = 0
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()

    def add(self, work: object) -> asyncio.Future[object]:
        """Ask for something, from an event loop; it is done when the future is."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._queue.put(Waiting(work, loop, future))
        return future

    def end(self) -> None:
        """Nothing more comes."""
        self._queue.put(None)

    def take(self) -> tuple[list[Waiting], bool]:
        """Wait for calls: those that are there, and whether more may come."""
        taken, going = self._take()
        self._calls += len(taken)
        self._commits += bool(taken)
        return taken, going

    def _take(self) -> tuple[list[Waiting], bool]:
        taken: list[Waiting] = []
        more = self._queue.get()
        try:
            while more is not None:
                taken.append(more)
                if len(taken) == self._most:
                    return taken, True
                more = self._queue.get_nowait()
        except queue.Empty:
            return taken, True
        return taken, False

    def counted(self) -> tuple[int, int]:
        """How many calls, and in how many commits, since this was asked last."""
        counts, self._calls, self._commits = (self._calls, self._commits), 0, 0
        return counts


def group_size(*groups: Group) -> dict[str, float]:
    """The gauge ``group_size``: how many calls a commit takes; nothing if there was none."""
    counts = [group.counted() for group in groups]
    calls, commits = (sum(numbers) for numbers in zip(*counts, strict=True))
    return {"group_size": calls / commits} if commits else {}


def settle(group: list[Waiting], results: list[object]) -> None:
    """Give each call its result; an Exception is raised."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[object], object]]] = {}
    for waiting, result in zip(group, results, strict=True):
        by_loop.setdefault(waiting.loop, []).append((waiting.future, result))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_tell, settled)
        except RuntimeError:
            _log.debug("an event loop was closed before its call to the outbox was done")


def _tell(settled: list[tuple[asyncio.Future[object], object]]) -> None:
    for future, result in settled:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
