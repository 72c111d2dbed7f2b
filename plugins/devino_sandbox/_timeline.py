"""What is going to happen, in the order in which it is due."""

from __future__ import annotations

import heapq
import itertools
import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from devino_core.clock import Clock

__all__ = ["Timeline"]

_log = logging.getLogger(__name__)


# When, a number that no other has (so that actions are never compared), what, and whether it lasts.
_Entry: TypeAlias = tuple[datetime, int, Callable[[datetime], None], bool]


class Timeline:
    """Actions, each due at a time. :meth:`advance` runs them; nothing runs by itself.

    One entry may stand for many messages, so a large batch costs no more than a small one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[_Entry] = []
        self._order = itertools.count()
        self._running = False
        self.became_earlier: Callable[[], None] = lambda: None
        """Called when :meth:`next_due` became earlier. Whoever sleeps until then sets this."""

    def at(self, due: datetime, action: Callable[[datetime], None], *, lasts: bool = False) -> None:
        """Run ``action(due)`` then. Actions of the same time run in the order of these calls.

        ``lasts``: also if the World is reset meanwhile, as a connection's own timers must.
        """
        number = next(self._order)
        heapq.heappush(self._due, (due, number, action, lasts))
        if self._due[0][1] == number:
            self.became_earlier()

    def clear(self) -> None:
        """Drop what is going to happen, but for what lasts."""
        self._due = [entry for entry in self._due if entry[3]]
        heapq.heapify(self._due)

    def next_due(self) -> datetime | None:
        """When the next action is due; None if there is none."""
        return self._due[0][0] if self._due else None

    def advance(self) -> None:
        """Run every action that is due by the clock. Called by an action, it does nothing."""
        if self._running:
            return
        now = self._clock.now()
        self._running = True
        try:
            while self._due and self._due[0][0] <= now:
                due, _, action, _ = heapq.heappop(self._due)
                try:
                    action(due)
                except Exception:  # noqa: BLE001 - one failure must not stop time for the others
                    _log.exception("what was due in the sandbox failed")
        finally:
            self._running = False
