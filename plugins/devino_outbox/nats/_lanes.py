"""What is due in a lane: reminders, which consumers hand to one worker each.

A reminder stands right before the writing of an entry that it was made with. If the entry was
written since, the reminder needs no more work: what it asked for is claimed, moved, or has a newer
reminder. Only then is it acknowledged. What a dead worker held needs no reminder: the entry itself
says who holds it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import NamedTuple

from devino_core.outbox import Lane, Phase
from devino_outbox._settings import NatsSettings

from ._consumers import Consumers, Reminder
from ._link import Link
from ._names import Names
from ._records import Known, entry_of

__all__ = ["Found", "Lanes"]


class Found(NamedTuple):
    """An entry that can be claimed, and its reminder."""

    known: Known
    reminder: Reminder
    at: float
    """When it was fetched."""


class Lanes:
    """Fetches what is due."""

    look_ahead = 0
    """How many more to fetch, so that the earliest of them go first."""

    def __init__(
        self, link: Link, names: Names, settings: NatsSettings, consumers: Consumers
    ) -> None:
        self._link = link
        self._consumers = consumers
        self._names = names
        self._settings = settings
        self._kept: dict[Lane, list[Found]] = {}
        self._first = count()

    def keep(self, found: Sequence[Found]) -> None:
        """These were not claimed: they go first the next time."""
        for one in found:
            self._kept.setdefault(one.known.entry.lane, []).append(one)

    async def take(self, lane: Lane, most: int, now: datetime, newest: int) -> list[Found]:
        """What can be claimed now, so many at most."""
        until = time.monotonic() - self._settings.ack_wait / 2
        kept = [one for one in self._kept.pop(lane, ()) if one.at > until]
        found = {one.reminder.number: one for one in kept}
        shards = self._names.shards
        first = next(self._first)
        for place in range(shards):
            shard = (first + place) % shards
            while (missing := most + self.look_ahead - len(found)) > 0:
                reminders = await self._fetch(shard, lane, missing)
                for one in await self._valid(shard, reminders, newest):
                    found[one.reminder.number] = one
                if len(reminders) < missing:
                    break
        order = sorted(found.values(), key=lambda one: (one.known.entry.due, one.reminder.number))
        due = [one for one in order if one.known.entry.due <= now][:most]
        self.keep([one for one in order if one not in due])
        return due

    async def _fetch(self, shard: int, lane: Lane, most: int) -> list[Reminder]:
        names = self._names
        subject = names.lane_filter(shard, lane)
        return await self._consumers.fetch(names.entries(shard), names.lane(lane), subject, most)

    async def _valid(self, shard: int, reminders: Sequence[Reminder], newest: int) -> list[Found]:
        """Those whose entries were not written since."""
        if not reminders:
            return []
        stream = self._names.entries(shard)
        subjects = {self._names.entry(one.number): one for one in reminders}
        entries = await self._link.seen(stream, list(subjects))
        behind = [
            subject
            for subject, one in subjects.items()
            if subject not in entries or entries[subject].seq <= one.seq
        ]
        if behind:
            # It was deleted, or who answered is behind: the leader knows.
            entries |= await self._link.last(stream, behind)
        found, over = [], []
        for subject, one in subjects.items():
            message = entries.get(subject)
            fits = one.fits(message, one.seq + 1)
            if message is not None and fits:
                known = Known(message.seq, entry_of(message.data))
                if known.entry.phase is Phase.QUEUED and known.entry.version <= newest:
                    found.append(Found(known, one, time.monotonic()))
            elif fits is False:
                over.append(one)
        await self._consumers.ack(over)
        return found
