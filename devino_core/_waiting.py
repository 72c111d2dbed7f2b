"""Waiting for something, on a clock that tests can drive."""

from __future__ import annotations

import asyncio
from typing import Any

from .clock import Clock

__all__ = ["done_within"]


async def done_within(clock: Clock, seconds: float, *waited: asyncio.Future[Any]) -> bool:
    """Wait so long for any of them, and leave them alone; whether one is done."""
    if not any(future.done() for future in waited):
        sleeping = asyncio.ensure_future(clock.sleep(seconds))
        try:
            await asyncio.wait({*waited, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
    return any(future.done() for future in waited)
