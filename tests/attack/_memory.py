"""How much memory this process takes while something goes on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

__all__ = ["bounded", "resident"]

_STATM = Path("/proc/self/statm")


def resident() -> float:
    """MB of this process that are in memory; 0 where the system does not tell."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@asynccontextmanager
async def bounded(megabytes: float) -> AsyncIterator[None]:
    """Fail if this process grows by more meanwhile, if only for a moment."""
    before = resident()
    most = before

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, resident())
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
    most = max(most, resident())
    assert most - before < megabytes, f"it grew by {most - before:.0f} MB"
