"""Work in a thread that ends before whoever waits for it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

__all__ = ["to_the_end"]

T = TypeVar("T")


async def to_the_end(work: Callable[[], T], *, cut: Callable[[], None] = lambda: None) -> T:
    """What ``work`` gives, done in a thread. If this is cancelled, the thread has ended by then:
    ``cut`` hastens its end."""
    working = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        cut()
        # Whoever cancels may do so again and again: anyio does until the task ends.
        while not working.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((working,))
        # Nobody wants to know how it ended.
        working.exception()
        raise
