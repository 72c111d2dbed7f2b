"""Which sockets stay open when an event loop ends, above all if it is cut in the middle."""

from __future__ import annotations

import asyncio
import gc
import selectors
import warnings
from collections.abc import Awaitable, Callable
from itertools import count
from typing import NamedTuple, TypeAlias

__all__ = ["Ended", "left_open", "left_open_by_cuts"]

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
    found: dict[int, list[str]] = {}
    # What there is already need not be looked through after each cut.
    gc.collect()
    gc.freeze()
    try:
        for turn in count(1):
            assert turn < _MOST_TURNS
            ended = left_open(work, cut_in=turn)
            if ended.left:
                found[turn] = ended.left
            if not ended.was_cut:
                break
    finally:
        gc.unfreeze()
    return found
