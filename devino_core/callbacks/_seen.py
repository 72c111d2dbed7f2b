"""Remembers which events were taken, for longer than the platform repeats them."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime
from typing import NamedTuple, Protocol

__all__ = ["Seen", "SeenStore", "Taken"]

_log = logging.getLogger("devino_core.callbacks")


class Taken(NamedTuple):
    """An event was taken."""

    reply: str | None = None
    """The reply that it was answered with."""


class SeenStore(Protocol):
    """Where a receiver remembers what was taken: in memory (:class:`Seen`), or in a database that
    several processes share."""

    async def find(self, key: str, now: datetime) -> Taken | None:
        """What was added under this key and is still remembered; None if there is nothing."""
        ...

    async def add(self, key: str, taken: Taken, *, now: datetime, until: datetime) -> None:
        """Remember it until then. Both times are aware."""
        ...


class Seen:
    """Remembers at most ``limit`` events, in memory. Beyond it drops the oldest, with a warning.

    A million events take some 250 MB. Several receivers may share one.
    """

    def __init__(self, limit: int = 1_000_000) -> None:
        self._limit = limit
        self._until: dict[str, datetime] = {}
        self._replies: dict[str, str] = {}
        # The dict alone would not do: each deletion makes its oldest key slower to find.
        self._order: deque[str] = deque()
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._until)

    async def find(self, key: str, now: datetime) -> Taken | None:
        until = self._until.get(key)
        if until is None or until <= now:
            return None
        return Taken(self._replies.get(key))

    async def add(self, key: str, taken: Taken, *, now: datetime, until: datetime) -> None:
        while self._order and self._until[self._order[0]] <= now:
            self._drop_oldest()
        if key not in self._until:
            self._order.append(key)
        self._until[key] = until
        if taken.reply is not None:
            self._replies[key] = taken.reply
        if len(self._order) > self._limit:
            self._drop_oldest()
            if self._dropped % self._limit == 0:
                _log.warning(
                    "more than %d callbacks came within a day: the oldest are forgotten, and "
                    "would be taken twice if the platform repeated them",
                    self._limit,
                )
            self._dropped += 1

    def _drop_oldest(self) -> None:
        key = self._order.popleft()
        del self._until[key]
        self._replies.pop(key, None)
