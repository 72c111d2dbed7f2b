"""The calls of a session: so many at a time, and one timer for all."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

__all__ = ["Deadline", "Slots"]


class Slots:
    """At most ``most`` calls at a time, in the order in which they came, each of ``seconds``.

    All may take the same time, so the one that began first ends first. ``asyncio.timeout`` makes a
    timer for each, which costs a call more than all else here, and a Semaphore makes a coroutine.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.seconds = seconds
        self.running: dict[Deadline, None] = {}
        self.timer: asyncio.TimerHandle | None = None
        self._free = most
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take a slot. False: none is free, so :meth:`wait`."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Take the slot that another call gives back. Nobody who comes later gets it."""
        waiter: asyncio.Future[None] = self.loop.create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                # It was given one, and cancelled before it knew.
                self.give_back()
            raise

    def give_back(self) -> None:
        """A call has ended, and its slot is the next one's."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1

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
    """The end of a call that has its slot: within ``with``, its task is cancelled when its time is
    over, and TimeoutError is raised.
    """

    __slots__ = ("_cancelling", "_expired", "_slots", "_task", "at")

    at: float

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._expired = False

    def expire(self) -> None:
        """The time is over."""
        self._expired = True
        self._task.cancel()

    def __enter__(self) -> None:
        slots = self._slots
        task = asyncio.current_task(slots.loop)
        if task is None:
            raise RuntimeError("a call is made in a task")
        self._task = task
        self._cancelling = task.cancelling()
        self.at = at = slots.loop.time() + slots.seconds
        if slots.timer is None:
            slots.watch(at)
        # Last: what stays here is ended, whatever its task does by then.
        slots.running[self] = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._slots.running.pop(self, None)
        if not self._expired:
            return
        # As asyncio.timeout does it: somebody else may have cancelled the task, too.
        alone = self._task.uncancel() <= self._cancelling
        if alone and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from None
