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
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._running: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, deadline: Deadline) -> None:
        """Count from now."""
        deadline.at = self._loop.time() + self._seconds
        self._running[deadline] = None
        if self._timer is None:
            self._timer = self._loop.call_at(deadline.at, self._sweep)

    def end(self, deadline: Deadline) -> None:
        """The call has ended."""
        self._running.pop(deadline, None)

    def close(self) -> None:
        """No call will begin; those that run keep their ends."""
        if self._timer is not None and not self._running:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        self._timer = None
        now = self._loop.time()
        for deadline in list(self._running):
            if deadline.at > now:
                self._timer = self._loop.call_at(deadline.at, self._sweep)
                return
            del self._running[deadline]
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
        self._all.begin(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._all.end(self)
        if not self._expired:
            return
        # As asyncio.timeout does it: somebody else may have cancelled the task, too.
        alone = self._task.uncancel() <= self._cancelling
        if alone and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from None
