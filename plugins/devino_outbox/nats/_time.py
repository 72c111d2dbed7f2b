"""The store's clock: that of the server."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from devino_core.clock import Clock

from ._link import Link

__all__ = ["ServerClock"]

_FRESH = 10.0


class ServerClock:
    """The server's time, carried on by this machine's monotonic clock for a few seconds."""

    def __init__(self, link: Link, stream: str, instead: Clock | None) -> None:
        self._link = link
        self._stream = stream
        self._instead = instead
        self._told: datetime | None = None
        self._told_at = 0.0
        self._last: datetime | None = None

    async def now(self, fresh: float = _FRESH) -> datetime:
        """The time; ``fresh``: so many seconds ago at most it was asked for."""
        if self._instead is not None:
            return self._instead.now()
        if self._told is None or time.monotonic() - self._told_at > fresh:
            began = time.monotonic()
            info = await self._link.api(f"STREAM.INFO.{self._stream}")
            self._told_at = (began + time.monotonic()) / 2
            self._told = _time_of(info["ts"])
        now = self._told + timedelta(seconds=time.monotonic() - self._told_at)
        # It does not go back where it is set anew.
        self._last = now if self._last is None else max(now, self._last)
        return self._last


def _time_of(text: str) -> datetime:
    """RFC 3339 with nanoseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6] or '0'}+00:00")
