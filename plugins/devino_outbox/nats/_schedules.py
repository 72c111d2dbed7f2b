"""What is to be sent later waits in streams of its own, as schedules of the server.

So it holds no place among what is due: ten thousand messages for tomorrow keep no code waiting.
Each step is taken before the one before it is acknowledged: the entry is written with a reminder,
the reminder becomes a schedule, the schedule delivers, and what it delivers writes the entry anew
with the reminder of its lane.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from ._consumers import Consumers, Reminder
from ._link import Link, Stored, Write
from ._names import RIPE, WAIT, Names
from ._records import entry_of

__all__ = ["Remind", "Schedules"]

Remind = Callable[[int, dict[int, int]], Awaitable[set[int]]]
"""Give entries of a shard, by number, their reminders, if they are still at these sequences. Gives
the numbers of those that got one."""

_PAGE = 200
_AT_ONCE = 0.25
"""For how many seconds a claim goes on with schedules: others wait for it."""


class Schedules:
    """Moves reminders on."""

    def __init__(self, link: Link, names: Names, consumers: Consumers, remind: Remind) -> None:
        self._link = link
        self._names = names
        self._consumers = consumers
        self._remind = remind

    async def move_on(self, now: datetime) -> bool:
        """Schedule what is to wait, and take up what is due. True: there is more to do."""
        end = time.monotonic() + _AT_ONCE
        while more := await self._step(now):
            if time.monotonic() > end:
                break
        return more

    async def _step(self, now: datetime) -> bool:
        more = False
        for shard in range(self._names.shards):
            more = await self._schedule(shard, now) or more
            more = await self._ripen(shard) or more
        return more

    async def waiting(self, shard: int) -> list[Reminder]:
        """The next reminders of what is not due yet."""
        names = self._names
        return await self._consumers.fetch(
            names.entries(shard), WAIT, names.all_of(shard, WAIT), _PAGE
        )

    async def _schedule(self, shard: int, now: datetime) -> bool:
        reminders = await self.waiting(shard)
        entries = await self._entries(shard, reminders)
        due: dict[int, int] = {}
        writes: list[Write] = []
        settled: list[Reminder] = []
        for one in reminders:
            message = entries.get(self._names.entry(one.number))
            fits = one.fits(message, one.seq + 1)
            if message is not None and fits:
                entry = entry_of(message.data)
                if entry.due <= now:
                    due[one.number] = message.seq
                    continue
                writes.append(self._write(one.number, message.seq, entry.due))
            if fits is not None:
                settled.append(one)
        await asyncio.gather(*map(self._link.publish, writes))
        await self._end(shard, reminders, settled, due)
        return len(reminders) == _PAGE

    async def _entries(self, shard: int, reminders: Sequence[Reminder]) -> dict[str, Stored]:
        subjects = [self._names.entry(one.number) for one in reminders]
        return await self._link.last(self._names.entries(shard), subjects)

    async def _end(
        self,
        shard: int,
        reminders: Sequence[Reminder],
        settled: Sequence[Reminder],
        due: dict[int, int],
    ) -> None:
        """Give what is due its reminder; acknowledge that, and what is settled. The rest comes
        again."""
        done = await self._remind(shard, due) if due else set()
        over = [one for one in reminders if one.number in done]
        await self._consumers.ack((*settled, *over))

    def _write(self, number: int, seq: int, due: datetime) -> Write:
        at = due.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        headers = {
            "Nats-Schedule": f"@at {at}",
            "Nats-Schedule-Target": self._names.ripe(number, seq),
        }
        # One schedule for each writing: a later one must not take an earlier one's place.
        return Write(self._names.schedule(number, seq), b"%d" % seq, headers=headers)

    async def _ripen(self, shard: int) -> bool:
        names = self._names
        stream, subject = names.later(shard), names.all_of(shard, RIPE)
        reminders = await self._consumers.fetch(stream, RIPE, subject, _PAGE)
        entries = await self._entries(shard, reminders)
        due: dict[int, int] = {}
        settled: list[Reminder] = []
        for one in reminders:
            seq = int(one.message.data)
            fits = one.fits(entries.get(names.entry(one.number)), seq)
            if fits:
                due[one.number] = seq
            elif fits is False:
                settled.append(one)
        await self._end(shard, reminders, settled, due)
        return len(reminders) == _PAGE

    async def prune(self) -> None:
        """Delete what was taken up."""
        for shard in range(self._names.shards):
            await self._consumers.purge_acked(self._names.later(shard))
