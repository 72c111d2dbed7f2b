"""Group commit: what waits for a shard is written in one atomic batch.

A batch is optimistic. It is made from what was read or is believed, each entry with the sequence
that its subject must still have. When somebody else was faster, nothing of it is stored: it is made
anew from what the streams hold by now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import count
from typing import NamedTuple, Protocol

from devino_core.errors import OutcomeUnknown, Unavailable
from devino_core.outbox import Entry, News, OutboxEvent, Phase
from devino_core.outbox.kit import NEVER, decode

from ._link import Conflict, Link, Write
from ._names import Names
from ._records import Ids, Known, entry_of, written
from ._time import ServerClock

__all__ = ["Line", "Transaction", "Work"]

_MOST_KNOWN = 50_000


class Work(Protocol):
    """Something to be done in one commit."""

    numbers: Sequence[int]
    """The entries that it is about."""
    ids: Sequence[str]
    """The platform's ids that it is about."""
    is_new: bool
    """Its entries are probably not there."""
    asks: bool
    """The ids must be read; otherwise they are believed to be nobody's."""
    weight: int
    """How many messages it writes at most."""

    def apply(self, tx: Transaction) -> object:
        """Do it; it may be done again, in another transaction. Gives its result."""
        ...


class Transaction:
    """What one commit reads and writes."""

    def __init__(self, names: Names, shard: int, now: datetime) -> None:
        self._names = names
        self.shard = shard
        self.now = now
        self.read: dict[int, Known | None] = {}
        self.read_ids: dict[str, tuple[int, Ids]] = {}
        self._put: dict[int, Entry] = {}
        self._put_ids: dict[str, Ids] = {}
        self._told: list[tuple[int, OutboxEvent]] = []
        self.believed: set[int] = set()
        """The entries that were not read anew."""
        self.is_doubtful = False
        """A no was said by what is only believed."""

    def entry(self, number: int) -> Entry | None:
        """An entry as it is, with what this commit has changed."""
        if number in self._put:
            return self._put[number]
        known = self.read.get(number)
        return None if known is None else known.entry

    def seq(self, number: int) -> int:
        """Where the entry was read; 0: there is none."""
        known = self.read.get(number)
        return 0 if known is None else known.seq

    def is_changed(self, number: int) -> bool:
        """Whether another work of this commit has changed the entry."""
        return number in self._put

    def put(self, entry: Entry) -> None:
        self._put[entry.id] = entry

    def refuse(self, number: int) -> bool:
        """Nothing is done to an entry, as it is. Gives False."""
        self.is_doubtful = self.is_doubtful or number in self.believed
        return False

    def ids(self, one: str) -> Ids:
        """Who has an id."""
        if one in self._put_ids:
            return self._put_ids[one]
        return self.read_ids.get(one, (0, Ids()))[1]

    def put_ids(self, one: str, ids: Ids) -> None:
        if ids != self.ids(one):
            self._put_ids[one] = ids

    def is_here(self, one: str) -> bool:
        """Whether an id is in this shard, so that it is written with its entry."""
        return self._names.shard_of_id(one) == self.shard

    def is_own(self, number: int) -> bool:
        """Whether an entry is in this shard."""
        return self._names.shard(number) == self.shard

    def tell(self, news: News, number: int) -> None:
        said = {name: getattr(news, name) for name in News.__struct_fields__}
        event = OutboxEvent(cursor="", at=self.now, entry=number, **said)
        self._told.append((number, event))

    def foreign(self) -> dict[int, list[Write]]:
        """What is to be written before, in other shards."""
        found: dict[int, list[Write]] = {}
        for one, write in self._id_writes():
            if not self.is_here(one):
                found.setdefault(self._names.shard_of_id(one), []).append(write)
        return found

    def _id_writes(self) -> Iterable[tuple[str, Write]]:
        for one, ids in self._put_ids.items():
            seq = self.read_ids.get(one, (0, None))[0]
            yield one, Write(self._names.platform_id(one), written(ids), seq, rolls=True)

    def writes(self) -> list[Write]:
        """All of the commit in this shard. A reminder stands right before its entry: so its
        sequence tells for which writing of the entry it is."""
        made = [write for one, write in self._id_writes() if self.is_here(one)]
        made += [Write(self._names.event(number), written(event)) for number, event in self._told]
        for number, entry in self._put.items():
            if entry.phase is Phase.QUEUED and entry.due < NEVER:
                is_due = entry.due <= self.now
                names = self._names
                made.append(
                    Write(names.due(number, entry.lane) if is_due else names.wait(number), b"")
                )
            subject = self._names.entry(number)
            made.append(Write(subject, written(entry), self.seq(number), rolls=True))
        return made

    def stored(self, writes: Sequence[Write], first: int) -> dict[int, Known]:
        """What is known after the commit."""
        places = {write.subject: first + place for place, write in enumerate(writes)}
        return {
            number: Known(places[self._names.entry(number)], entry)
            for number, entry in self._put.items()
        }


Tell = Callable[[int, int, int, Sequence[Entry]], None]
"""Tell of a commit: its shard, its first and last sequence, and the entries that it wrote."""


class _Waiting(NamedTuple):
    work: Work
    future: asyncio.Future[object]


class Line:
    """The commits of one shard, one after the other."""

    def __init__(
        self,
        link: Link,
        names: Names,
        shard: int,
        clock: ServerClock,
        group_max: int,
        tell: Tell,
    ) -> None:
        self._link = link
        self._names = names
        self._shard = shard
        self._clock = clock
        self._group_max = group_max
        self._tell = tell
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._known: dict[int, Known] = {}
        self.last = 0
        """The sequence of the last entry that was written."""

    async def do(self, work: Work) -> object:
        """Do something; it is stored when this returns."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"devino-outbox {self._shard}")
        waiting = _Waiting(work, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.future

    async def aclose(self) -> None:
        """Do what was asked for, and end."""
        task, self._task = self._task, None
        if task is not None:
            self._queue.put_nowait(None)
            await asyncio.gather(task, return_exceptions=True)

    def believe(self, number: int, known: Known) -> None:
        """An entry was read: it is probably still so."""
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[number] = known

    async def _run(self) -> None:
        waiting: _Waiting | None = await self._queue.get()
        while waiting is not None:
            group, weight = [waiting], waiting.work.weight
            while not self._queue.empty():
                waiting = self._queue.get_nowait()
                if waiting is None:
                    break
                weight += waiting.work.weight
                if weight > self._group_max:
                    break
                group.append(waiting)
            else:
                await self._serve(group)
                waiting = await self._queue.get()
                continue
            # The one that ends it, or that is too much, comes after this group.
            await self._serve(group)

    async def _serve(self, group: Sequence[_Waiting]) -> None:
        try:
            results: Sequence[object] = await self._done([one.work for one in group])
        except asyncio.CancelledError:
            for one in group:
                one.future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - each caller gets what its own work raises
            if len(group) > 1 and not isinstance(error, (Unavailable, OutcomeUnknown)):
                for one in group:
                    await self._serve([one])
                return
            results = [error] * len(group)
        for one, result in zip(group, results, strict=True):
            if one.future.done():
                continue
            if isinstance(result, Exception):
                one.future.set_exception(result)
            else:
                one.future.set_result(result)

    async def _done(self, works: Sequence[Work]) -> list[object]:
        fresh = False
        for tries in count():
            tx = await self._begun(works, fresh=fresh)
            results = [work.apply(tx) for work in works]
            if tx.is_doubtful and not fresh:
                fresh = True
                continue
            numbers = [number for work in works for number in work.numbers]
            try:
                for shard, writes in tx.foreign().items():
                    await self._link.commit(self._names.entries(shard), writes)
                writes = tx.writes()
                if writes:
                    first = await self._link.commit(self._names.entries(self._shard), writes)
                    stored = tx.stored(writes, first)
                    self._store(stored)
                    entries = [known.entry for known in stored.values()]
                    self._tell(self._shard, first, first + len(writes) - 1, entries)
            except Conflict:
                self._forget(numbers)
                # A leader that was deposed a moment ago may still answer.
                await asyncio.sleep(0.01 if fresh and tries > 1 else 0)
                fresh = True
                continue
            except BaseException:
                self._forget(numbers)
                raise
            return results
        raise AssertionError("not reached")

    def _store(self, stored: dict[int, Known]) -> None:
        for number, known in stored.items():
            self.last = max(self.last, known.seq)
            if known.entry.phase in (Phase.INTENDED, Phase.SENT):
                self.believe(number, known)
            else:
                self._known.pop(number, None)

    def _forget(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._known.pop(number, None)

    async def _begun(self, works: Sequence[Work], *, fresh: bool) -> Transaction:
        tx = Transaction(self._names, self._shard, await self._clock.now())
        asked: set[int] = set()
        for work in works:
            for number in work.numbers:
                if not fresh and number in self._known:
                    tx.read[number] = self._known[number]
                    tx.believed.add(number)
                elif not fresh and work.is_new:
                    tx.read.setdefault(number, None)
                else:
                    asked.add(number)
        await self._read(tx, asked)
        ids = {one for work in works if fresh or work.asks for one in work.ids}
        if ids:
            await self._read_ids(tx, ids)
        return tx

    async def _read(self, tx: Transaction, numbers: Iterable[int]) -> None:
        by_shard: dict[int, list[int]] = {}
        for number in numbers:
            by_shard.setdefault(self._names.shard(number), []).append(number)
        for shard, some in by_shard.items():
            subjects = {self._names.entry(number): number for number in some}
            found = await self._link.last(self._names.entries(shard), list(subjects))
            for subject, number in subjects.items():
                one = found.get(subject)
                tx.read[number] = None if one is None else Known(one.seq, entry_of(one.data))

    async def _read_ids(self, tx: Transaction, ids: set[str]) -> None:
        by_shard: dict[int, dict[str, str]] = {}
        for one in ids:
            subjects = by_shard.setdefault(self._names.shard_of_id(one), {})
            subjects[self._names.platform_id(one)] = one
        for shard, subjects in by_shard.items():
            found = await self._link.last(self._names.entries(shard), list(subjects))
            for subject, message in found.items():
                tx.read_ids[subjects[subject]] = message.seq, decode(message.data, Ids)
        holders = {one for _, known in tx.read_ids.values() for one in known.holders.values()}
        await self._read(tx, holders - set(tx.read))
