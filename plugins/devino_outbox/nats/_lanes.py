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

from nats.aio.msg import Msg

from devino_core.errors import Unavailable
from devino_core.outbox import Lane, Phase
from devino_outbox._settings import NatsSettings

from ._link import Link, Stored
from ._names import Names
from ._records import Known, entry_of

__all__ = ["Found", "Lanes", "Reminder", "make_consumer", "reminder"]

_MOST_PENDING = 20_000
_MANY = 6


class Reminder(NamedTuple):
    """A message about an entry."""

    number: int
    seq: int
    deliveries: int
    message: Msg

    def fits(self, entry: Stored | None, seq: int) -> bool | None:
        """Whether the entry is still as it was written at this sequence, as the leader has it.

        None: nobody can say. A leader that was deposed a moment ago may still answer, and what it
        lacks is perhaps new: the reminder comes again. Often enough, and it is for nothing.
        """
        if entry is not None and entry.seq >= seq:
            return entry.seq == seq
        return None if self.deliveries <= _MANY else False


class Found(NamedTuple):
    """An entry that can be claimed, and its reminder."""

    known: Known
    reminder: Reminder
    at: float
    """When it was fetched."""


def reminder(message: Msg) -> Reminder:
    """A message of a consumer."""
    # $JS.ACK.[domain.account.]stream.consumer.delivered.stream sequence.sequence.time.pending...
    parts = message.reply.split(".")
    deliveries, seq = parts[4:6] if len(parts) < 11 else parts[6:8]
    number = message.subject.rpartition(".")[2].partition("-")[0]
    return Reminder(int(number, 16), int(seq), int(deliveries), message)


async def make_consumer(
    link: Link, stream: str, name: str, subject: str, settings: NatsSettings
) -> None:
    """A consumer that all workers share. It is forgotten when nobody has asked it for a week."""
    config = {
        "durable_name": name,
        "filter_subject": subject,
        "ack_policy": "explicit",
        "ack_wait": int(settings.ack_wait * 1e9),
        "max_ack_pending": _MOST_PENDING,
        "inactive_threshold": int(7 * 86_400 * 1e9),
    }
    asked = {"stream_name": stream, "config": config}
    answer = await link.api(f"CONSUMER.DURABLE.CREATE.{stream}.{name}", asked)
    if "error" in answer:
        raise Unavailable(
            f"JetStream makes no consumer {name!r} of {stream!r}: {answer['error']['description']}"
        )


class Lanes:
    """Fetches what is due."""

    look_ahead = 0
    """How many more to fetch, so that the earliest of them go first."""

    def __init__(self, link: Link, names: Names, settings: NatsSettings) -> None:
        self._link = link
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
        stream, name = self._names.entries(shard), self._names.lane(lane)
        messages = await self._link.fetch(stream, name, most)
        if messages is None:
            subject = self._names.lane_filter(shard, lane)
            await make_consumer(self._link, stream, name, subject, self._settings)
            messages = await self._link.fetch(stream, name, most)
        return [reminder(message) for message in messages or ()]

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
                over.append(one.message)
        await self._link.ack(over)
        return found
