"""A thread with an event loop, for code that does not await: what a blocking client is made of."""

from __future__ import annotations

import os
import weakref
from collections.abc import Awaitable, Callable
from threading import Thread
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

__all__ = ["LoopThread", "Opens"]

T = TypeVar("T")


class Opens(Protocol):
    """What is opened and closed in an event loop."""

    async def open(self) -> None: ...

    async def aclose(self) -> None: ...


class LoopThread:
    """A thread with an event loop, in which something is open until :attr:`stop` is called.

    It ends at the exit of the interpreter, too, and when nobody refers to it any more. A forked
    child that inherits it may drop it or end: that touches nothing of the parent's.
    """

    def __init__(self, opened: Opens) -> None:
        portal, thread = _start()
        self._pid = os.getpid()
        self._portal = portal
        # The interpreter needs this at its exit: otherwise calls under way would end in the middle.
        self.stop = weakref.finalize(self, _stop, thread, portal, opened, self._pid)
        """Close what is open, and end the thread. Calls under way end. Safe to call twice."""
        try:
            portal.call(opened.open)
        except BaseException:
            # Any exception ends the thread, Ctrl-C too: nobody else knows the thread.
            self.stop()
            raise

    @property
    def is_usable(self) -> bool:
        """Whether the thread runs, and runs in this process."""
        return self.stop.alive and self._pid == os.getpid()

    def run(self, method: Callable[[], Awaitable[T]]) -> T:
        """Run it there and wait; an interrupt cancels it there too.

        Raises concurrent.futures.CancelledError if the thread is stopped meanwhile.
        """
        future = self._portal.start_task_soon(method)
        try:
            return future.result()
        except BaseException:
            # Above all KeyboardInterrupt: nobody waits for the call any more, so it must not go on.
            future.cancel()
            raise


def _start() -> tuple[BlockingPortal, Thread]:
    """A portal in a thread of its own.

    anyio's ``start_blocking_portal`` is a generator. A forked child would close what it inherits of
    it, and wait for ever: that asks the thread to stop, which stayed in the parent.
    """
    from asyncio import get_running_loop
    from concurrent.futures import Future, ThreadPoolExecutor

    import anyio
    from anyio.from_thread import BlockingPortal

    started: Future[BlockingPortal] = Future()

    async def serve() -> None:
        loop = get_running_loop()
        pool = ThreadPoolExecutor(thread_name_prefix="devino")
        loop.set_default_executor(pool)

        async def end_pool(timeout: float | None = None) -> None:
            # asyncio's own way starts a thread, which Python 3.12 refuses at its exit.
            pool.shutdown()

        loop.shutdown_default_executor = end_pool  # type: ignore[method-assign]
        async with BlockingPortal() as portal:
            started.set_result(portal)
            await portal.sleep_until_stopped()

    def run() -> None:
        if not started.set_running_or_notify_cancel():
            return
        try:
            anyio.run(serve)
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = Thread(target=run, name="devino", daemon=True)
    try:
        thread.start()
        return started.result(), thread
    except KeyboardInterrupt:
        # Nobody else knows the thread. If it has not begun, and perhaps never does, it ends at its
        # first step.
        if not started.cancel():
            _end(thread, started.result())
        raise


def _end(thread: Thread, portal: BlockingPortal) -> None:
    portal.call(portal.stop, True)
    thread.join()


def _stop(thread: Thread, portal: BlockingPortal, opened: Opens, pid: int) -> None:
    # A forked child has the objects but not the thread: there is nothing to stop in it.
    if pid != os.getpid():
        return
    try:
        portal.call(opened.aclose)
    finally:
        _end(thread, portal)
