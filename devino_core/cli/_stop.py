"""Ctrl-C and SIGTERM, for work that must say how far it came."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NoReturn, Self

__all__ = ["Stop", "interruptible"]


def interruptible() -> None:
    """Let SIGTERM raise KeyboardInterrupt as Ctrl-C does, for the rest of the process; not where
    whoever started it had it ignored."""
    for number in _heeded():
        # asyncio takes the place of Python's own handler alone.
        own = number is signal.SIGINT
        signal.signal(number, signal.default_int_handler if own else _interrupt)


def _heeded() -> Iterator[signal.Signals]:
    """The signals that may end this work: none outside the main thread, where no signals come."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                yield number


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


class Stop:
    """A block around an event loop. Either signal ends it with KeyboardInterrupt.

    asyncio does that only for Ctrl-C, and not if the shell made a background process ignore Ctrl-C.
    SIGTERM must work in both cases. Outside the main thread, where no signals come, the block does
    nothing.
    """

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []
        self._blocks = False
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        for number in _heeded():
            self._before[number] = signal.signal(number, self._strike)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        import asyncio

        for number, before in self._before.items():
            signal.signal(number, before)
        if kind is asyncio.CancelledError:
            raise KeyboardInterrupt from None

    def cancels_this_task(self) -> None:
        """Let the first signal cancel the calling task from now on, so it ends in good order."""
        import asyncio

        task = asyncio.current_task()
        if task is not None:
            self.takes_steps(task.cancel)

    def takes_steps(self, *steps: Callable[[], object]) -> None:
        """Let each signal from now on do one of these, in order, in the running loop.

        The signal after the last one ends the block at once.
        """
        import asyncio

        loop = asyncio.get_running_loop()
        self._steps = [partial(loop.call_soon_threadsafe, step) for step in steps]

    @contextmanager
    def blocking(self) -> Iterator[None]:
        """A block in which the task blocks the loop, to read input or to write output.

        A cancellation would not reach it there, so a signal raises KeyboardInterrupt.
        """
        self._blocks = True
        try:
            yield
        finally:
            self._blocks = False

    def _strike(self, *_: object) -> None:
        import asyncio

        if not self._steps:
            # One more than there are steps, or one that came before anything was under way.
            raise KeyboardInterrupt
        step = self._steps.pop(0)
        if self._blocks:
            raise asyncio.CancelledError
        step()
