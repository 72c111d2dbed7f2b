"""At most so many calls a second."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from aiolimiter import AsyncLimiter

__all__ = ["rate_limit"]


def rate_limit(per_second: float) -> AbstractAsyncContextManager[None]:
    """A turn for one call, evenly spaced: ``async with`` it. 0 is no limit.

    It belongs to the event loop in which it is made.
    """
    # A bucket of several would let twice as many go within the first second.
    return AsyncLimiter(1, 1 / per_second) if per_second else nullcontext()
