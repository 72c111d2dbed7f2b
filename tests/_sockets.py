"""Which sockets stay open when an event loop ends, above all if it is cut in the middle."""

from __future__ import annotations

import asyncio
import gc
import selectors
import signal
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from types import FrameType
from typing import NamedTuple, TypeAlias
from unittest.mock import patch

__all__ = ["Ended", "left_open", "left_open_by_cuts", "left_open_by_interrupts"]

Work: TypeAlias = Callable[[], Awaitable[object]]

_MOST_TURNS = 2000


class Ended(NamedTuple):
    """How a work came to its end."""

    left: list[str]
    """What was not closed."""
    was_cut: bool = False


class _Turns(selectors.DefaultSelector):
    """Cancels a task in one of the turns of its event loop, which asks here once a turn."""

    def __init__(self, cut_in: int | None) -> None:
        super().__init__()
        self._cut_in = cut_in
        self._turn = 0
        self.task: asyncio.Task[object] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout)
        if self.task is not None:
            self._turn += 1
            if self._turn == self._cut_in:
                self.task.cancel()
        return events


def left_open(work: Work, *, cut_in: int | None = None) -> Ended:
    """Do it in an event loop of its own, as ``asyncio.run`` does, and tell what stays open.

    ``cut_in``: it is cancelled in this turn of the loop, if it is not done before.
    """
    turns = _Turns(cut_in)

    async def run() -> None:
        turns.task = asyncio.current_task()
        try:
            await work()
        finally:
            turns.task = None

    was_cut = False
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(turns)) as runner:
            try:
                runner.run(run())
            except asyncio.CancelledError:
                was_cut = True
        gc.collect()
    return Ended([str(one.message) for one in told], was_cut)


def left_open_by_cuts(work: Work) -> dict[int, list[str]]:
    """What stays open after a cut in each turn, by the turn, until it is done before the cut."""
    return _in_each_turn(lambda turn: left_open(work, cut_in=turn))


def _in_each_turn(ended_in: Callable[[int], Ended]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    # What there is already need not be looked through after each cut.
    gc.collect()
    gc.freeze()
    try:
        for turn in count(1):
            assert turn < _MOST_TURNS
            ended = ended_in(turn)
            if ended.left:
                found[turn] = ended.left
            if not ended.was_cut:
                break
    finally:
        gc.unfreeze()
    return found


class _Interrupting(selectors.DefaultSelector):
    """Interrupts the main thread in one of the turns of a loop, as Ctrl-C does."""

    def __init__(self, cut_in: int, was_cut: threading.Event) -> None:
        super().__init__()
        self._cut_in = cut_in
        self._turn = 0
        self._was_cut = was_cut

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout)
        self._turn += 1
        if self._turn == self._cut_in:
            # The turn goes on when the main thread knows. A signal that comes just before it waits
            # for a lock does not wake it, so there are more.
            while not self._was_cut.is_set():
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                self._was_cut.wait(0.1)
        return events


def _interrupted(work: Callable[[], object], cut_in: int) -> Ended:
    """Do it, with an interrupt in this turn of the loop that its thread runs."""
    was_cut = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if not was_cut.is_set():
            was_cut.set()
            raise KeyboardInterrupt

    def loop() -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(_Interrupting(cut_in, was_cut))

    known = set(threading.enumerate())
    with warnings.catch_warnings(record=True) as told, _handling(interrupt):
        warnings.simplefilter("always", ResourceWarning)
        with patch.object(asyncio.events, "new_event_loop", loop), suppress(KeyboardInterrupt):
            work()
        threads = set(threading.enumerate()) - known
        for thread in threads:
            thread.join(10)
        gc.collect()
    left = [str(one.message) for one in told]
    return Ended([*left, *[str(one) for one in threads if one.is_alive()]], was_cut.is_set())


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def left_open_by_interrupts(work: Callable[[], object]) -> dict[int, list[str]]:
    """What stays open after an interrupt in each turn of the loop that a blocking work runs, until
    it is done before."""
    return _in_each_turn(lambda turn: _interrupted(work, turn))
