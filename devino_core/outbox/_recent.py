"""What this worker sent a moment ago, so that a report of it needs no question to the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from devino_core.clock import Clock

from ._changes import Move, ids_of
from ._entry import Body, Entry
from ._memory import moved
from ._phases import Phase

__all__ = ["Key", "Recent"]

_SECONDS = 60.0
_CHARACTERS = 4_000_000
_EACH = 500
"""What each id counts for beside the body of its entry, in characters."""


Key = tuple[str | None, str]
"""A channel's name, None: whichever; and the platform's id."""


# It spares the collector an object a message. A circle through it ends when it is forgotten.
class Remembered(msgspec.Struct, frozen=True, gc=False):
    """An entry as a move of this worker leaves it, and its body."""

    before: Entry
    move: Move
    body: Body | None

    @property
    def entry(self) -> Entry:
        # Only a move to QUEUED asks for the time, and such a one is not kept.
        return moved(self.before, self.move, self.before.due)


class Recent:
    """Entries that this worker has moved to SENT, by channel and the platform's id.

    It may be wrong: the move may have failed, or somebody else was there since. Then the fence of
    what follows from it does not hold, and the store is asked after all. So each is given once. It
    forgets after a minute or two, and sooner where bodies are large, or where what is over is not
    kept for long (``kept_for``): then a store may give a number to another entry.
    """

    def __init__(self, clock: Clock, kept_for: timedelta) -> None:
        self._clock = clock
        self._seconds = min(_SECONDS, kept_for.total_seconds() / 2)
        self.forget()

    def __len__(self) -> int:
        return len(self._new.keys() | self._old.keys())

    def forget(self) -> None:
        """Know nothing."""
        self._new: dict[Key, Remembered] = {}
        self._old: dict[Key, Remembered] = {}
        self._size = 0
        self._began = self._clock.monotonic()

    def keep(self, entry: Entry, move: Move, body: Body | None) -> None:
        """Remember what an entry is after a move, if that is followed by the platform's ids."""
        if move.to is not Phase.SENT or not move.legs:
            return
        self.expire()
        one = Remembered(entry, move, body)
        keys = ids_of(move.legs[-1:])
        for key in keys:
            self._new[key] = one
        self._size += _EACH * len(keys) + len(entry.body or "")
        if self._size > _CHARACTERS:
            self._turn()

    def expire(self) -> None:
        """Forget what is too old. It is to be called now and then."""
        age = self._clock.monotonic() - self._began
        if age >= 2 * self._seconds:
            self.forget()
        elif age >= self._seconds:
            self._turn()

    def _turn(self) -> None:
        self._old, self._new, self._size = self._new, {}, 0
        self._began = self._clock.monotonic()

    def take(self, keys: Iterable[Key]) -> dict[Key, Remembered]:
        """What has these ids."""
        self.expire()
        found = {}
        for key in keys:
            one = self._new.pop(key, None) or self._old.pop(key, None)
            if one is not None:
                found[key] = one
        return found
