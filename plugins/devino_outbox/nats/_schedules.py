"""What is to be sent later waits in streams of its own, as schedules of the server.

So it holds no place among what is due: ten thousand messages for tomorrow keep no code waiting.
Each step is taken before the one before it is acknowledged: the entry is written with a reminder,
the reminder becomes a schedule, the schedule delivers, and what it delivers writes the entry anew
with the reminder of its lane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from devino_core.errors import Unavailable
from devino_core.outbox import Phase
from devino_core.outbox.kit import NEVER
from devino_outbox._settings import NatsSettings

from ._lanes import Reminder, make_consumer, reminder
from ._link import Link, Write
from ._names import Names
from ._records import entry_of

__all__ = ["Remind", "Schedules"]

Remind = Callable[[int, dict[int, int]], Awaitable[object]]
"""Give entries of a shard, by number, their reminders, if they are still at these sequences."""

_PAGE = 200
WAIT, RIPE = "wait", "ripe"


class Schedules:
    """Moves reminders on."""

    def __init__(self, link: Link, names: Names, settings: NatsSettings, remind: Remind) -> None:
        self._link = link
        self._names = names
        self._settings = settings
        self._remind = remind

    async def move_on(self, now: datetime) -> None:
        """Schedule what is to wait, and take up what is due."""
        for shard in range(self._names.shards):
            await self._schedule(shard, now)
            await self._ripen(shard)

    async def _fetch(self, stream: str, name: str, subject: str) -> list[Reminder]:
        messages = await self._link.fetch(stream, name, _PAGE)
        if messages is None:
            await make_consumer(self._link, stream, name, subject, self._settings)
            messages = await self._link.fetch(stream, name, _PAGE)
        return [reminder(message) for message in messages or ()]

    async def waiting(self, shard: int) -> list[Reminder]:
        """The next reminders of what is not due yet."""
        names = self._names
        return await self._fetch(names.entries(shard), WAIT, names.all_of(shard, WAIT))

    async def _schedule(self, shard: int, now: datetime) -> None:
        while reminders := await self.waiting(shard):
            names = self._names
            subjects = [names.entry(one.number) for one in reminders]
            entries = await self._link.last(names.entries(shard), subjects)
            due: dict[int, int] = {}
            writes: list[Write] = []
            for one, subject in zip(reminders, subjects, strict=True):
                message = entries.get(subject)
                if message is None or message.seq != one.seq + 1:
                    continue
                entry = entry_of(message.data)
                if entry.phase is not Phase.QUEUED or entry.due >= NEVER:
                    continue
                if entry.due <= now:
                    due[one.number] = message.seq
                else:
                    writes.append(self._write(one.number, message.seq, entry.due))
            if due:
                await self._remind(shard, due)
            await asyncio.gather(*map(self._link.publish, writes))
            await self._link.ack([one.message for one in reminders])

    def _write(self, number: int, seq: int, due: datetime) -> Write:
        at = due.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        headers = {
            "Nats-Schedule": f"@at {at}",
            "Nats-Schedule-Target": self._names.ripe(number, seq),
        }
        # One schedule for each writing: a later one must not take an earlier one's place.
        return Write(self._names.schedule(number, seq), b"%d" % seq, headers=headers)

    async def _ripen(self, shard: int) -> None:
        names = self._names
        stream, subject = names.later(shard), names.all_of(shard, RIPE)
        while reminders := await self._fetch(stream, RIPE, subject):
            sequences = {one.number: int(one.message.data) for one in reminders}
            await self._remind(shard, sequences)
            await self._link.ack([one.message for one in reminders])
            if len(reminders) < _PAGE:
                return

    async def prune(self) -> None:
        """Delete what was taken up."""
        for shard in range(self._names.shards):
            await purge_acked(self._link, self._names.later(shard))


async def purge_acked(link: Link, stream: str) -> None:
    """Delete the messages that the consumers of a stream have done with."""
    offset = 0
    while True:
        page = await link.api(f"CONSUMER.LIST.{stream}", {"offset": offset})
        for info in page.get("consumers") or ():
            floor: int = info["ack_floor"]["stream_seq"]
            if not info["num_ack_pending"] and not info["num_pending"]:
                floor = info["delivered"]["stream_seq"]
            if floor:
                asked = {"filter": info["config"]["filter_subject"], "seq": floor + 1}
                answer = await link.api(f"STREAM.PURGE.{stream}", asked)
                if "error" in answer:
                    said = answer["error"].get("description")
                    raise Unavailable(f"JetStream deletes nothing: {said}")
        offset += len(page.get("consumers") or ())
        if not page.get("consumers") or offset >= page.get("total", 0):
            return
