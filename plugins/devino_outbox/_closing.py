"""The end of a store's threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["closed"]


async def closed(close: Callable[[], None]) -> None:
    """Call what waits for a thread to end. It is safe to call twice."""
    try:
        await asyncio.to_thread(close)
    except RuntimeError:
        # The interpreter ends, and lends no thread any more. Nobody else needs the loop by now.
        close()
