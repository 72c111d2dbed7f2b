"""One timer for all calls of a session."""

from __future__ import annotations

import asyncio
from types import TracebackType

__all__ = ["Deadline", "Deadlines"]


class Deadlines:
    """Calls that may each take the same time, so the one that began first ends first.

    ``asyncio.timeout`` makes a timer for each, which costs a call more than all else here.
    """

    def __init__(self, seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.seconds = seconds
        self.running: dict[Deadline, None] = {}
        self.timer: asyncio.TimerHandle | None = None

    def watch(self, until: float) -> None:
        """Look then whose time is over."""
        self.timer = self.loop.call_at(until, self._sweep)

    def close(self) -> None:
        """No call will begin; those that run keep their ends."""
        if self.timer is not None and not self.running:
            self.timer.cancel()
            self.timer = None

    def _sweep(self) -> None:
        self.timer = None
        now = self.loop.time()
        for deadline in list(self.running):
            if deadline.at > now:
                self.watch(deadline.at)
                return
            del self.running[deadline]
            deadline.expire()


class Deadline:
    """The end of one call: within ``with``, its task is cancelled, and TimeoutError is raised."""

    __slots__ = ("_all", "_cancelling", "_expired", "_task", "at")

    at: float

    def __init__(self, all_: Deadlines) -> None:
        self._all = all_
        self._expired = False

    def expire(self) -> None:
        """The time is over."""
        self._expired = True
        self._task.cancel()

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a call is made in a task")
        self._task = task
        self._cancelling = task.cancelling()
        calls = self._all
        self.at = calls.loop.time() + calls.seconds
        calls.running[self] = None
        if calls.timer is None:
            calls.watch(self.at)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._all.running.pop(self, None)
        if not self._expired:
            return
        # As asyncio.timeout does it: somebody else may have cancelled the task, too.
        alone = self._task.uncancel() <= self._cancelling
        if alone and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from None
