"""The store: entries in streams, each changed by a compare-and-set of its subject."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from msgspec.structs import replace

from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.errors import OutcomeUnknown, Unavailable
from devino_core.outbox import (
    VERSION,
    Added,
    Change,
    Early,
    Entry,
    Note,
    OutboxEvent,
    Phase,
    Query,
    Setting,
    Tally,
    Want,
)
from devino_core.outbox.kit import from_micros, is_paused, micros
from devino_outbox._settings import NatsSettings

from ._commits import Line, Work
from ._consumers import Consumers
from ._events import Events
from ._finding import FINDS, Finding
from ._index import Index
from ._lanes import Found, Lanes
from ._link import Link
from ._names import Names, hash_of
from ._pruning import Pruning
from ._schedules import Schedules
from ._streams import check_durability, open_streams
from ._time import ServerClock
from ._tuning import Tuning
from ._url import with_query
from ._works import Adding, Changing, Claiming, Lapsing, Orphaning, Reminding, Unclaiming

__all__ = ["NatsStore"]

T = TypeVar("T")
_PART = 200
"""How many entries one commit takes of a longer call."""
_GAUGE_EVERY = 5.0


class NatsStore:
    """A :class:`~devino_core.outbox.Store` in NATS JetStream (server 2.12 or newer), for any number
    of processes on any number of machines.

    Its clock is the server's; any clock but the system's is taken in its place, for tests. A worker
    lives by a lease. A call about more than 200 messages is several commits. Messages are found by
    ref, platform id, phase and time, and by nothing else. It belongs to the event loop that opened
    it.
    """

    finds: frozenset[str] = FINDS
    leases: bool = True
    trusts_ids: bool = True
    """A platform gives each id once."""
    full_every: float = 1.0
    """How many seconds may pass between two looks for what is scheduled or late."""

    def __init__(self, settings: NatsSettings, *, clock: Clock = SYSTEM_CLOCK) -> None:
        settings = with_query(settings)
        self._settings = settings
        self._names = Names(settings.prefix, settings.shards)
        self._link = Link(settings)
        set_clock = None if clock is SYSTEM_CLOCK else clock
        self._clock = ServerClock(self._link, self._names.tune, set_clock)
        self._key: bytes | None = None
        self._make_parts()

    def _make_parts(self) -> None:
        """What is known of the streams begins anew with each opening."""
        link, names, settings = self._link, self._names, self._settings
        self._tuning = Tuning(link, names)
        self._index = Index(link, names)
        self._lines = [
            Line(link, names, shard, self._clock, settings.group_max, self._index.add)
            for shard in range(names.shards)
        ]
        self._finding = Finding(link, names, self._index, self.number)
        self._consumers = Consumers(link, settings)
        self._lanes = Lanes(link, names, settings, self._consumers)
        self._schedules = Schedules(link, names, self._consumers, self._remind)
        self._events = Events(link, names)
        self._pruning = Pruning(link, names)
        self._claiming: set[int] = set()
        """What claims of this process are about now. No entry is in two of them, and in none twice:
        a reminder comes again when the server was away. A claim that is not answered keeps its
        entries until they are given back."""
        self._unanswered: dict[int, Entry] = {}
        self._giving_back = asyncio.Lock()
        self._looked_at = float("-inf")
        self._works = False
        self._gauged_at = float("-inf")
        self._gauges_then: Mapping[str, float] = {}

    def __repr__(self) -> str:
        return f"<NatsStore, prefix {self._settings.prefix!r}>"

    @property
    def key(self) -> bytes:
        if self._key is None:
            raise RuntimeError("open the store first")
        return self._key

    async def open(self) -> None:
        """Connect; make the streams if there are none.

        Raises ConfigurationError and Unavailable.
        """
        if self._key is not None:
            raise RuntimeError("this store is open already")
        check_durability(self._settings)
        self._make_parts()
        await self._link.open()
        try:
            await open_streams(self._link, self._names, self._settings)
            self._key = await self._tuning.key(self._names.shards)
        except BaseException:
            await self._link.aclose()
            raise

    async def aclose(self) -> None:
        """Finish what was asked for. Workers of this store live until their lease is over."""
        if self._key is None:
            return
        self._key = None
        for line in self._lines:
            await line.aclose()
        await self._link.aclose()

    def number(self, ref: str) -> int:
        """The number of the entry with this ref: a hash, so that nobody has to look it up."""
        return hash_of(ref)

    async def now(self) -> datetime:
        return await self._clock.now(fresh=1.0)

    async def add(self, entries: Sequence[Entry]) -> list[Added]:
        numbered = [replace(entry, id=self.number(entry.ref)) for entry in entries]
        return await self._spread(numbered, lambda one: one.id, Adding)

    async def move(self, changes: Sequence[Change]) -> list[bool]:
        def work(part: Sequence[Change]) -> Work:
            return Changing(part, trusts_ids=self.trusts_ids)

        return await self._spread(changes, _number_of, work)

    async def _spread(
        self, things: Sequence[T], number: Callable[[T], int], work: Callable[[list[T]], Work]
    ) -> list[Any]:
        """Do works about things, each in its shard, and give the results in the things' order."""
        parts: list[tuple[list[int], Awaitable[object]]] = [
            (part, line.do(work([things[place] for place in part])))
            for line, part in self._parts(range(len(things)), lambda place: number(things[place]))
        ]
        results: dict[int, object] = {}
        done = await asyncio.gather(*[waited for _, waited in parts], return_exceptions=True)
        for (part, _), result in zip(parts, done, strict=True):
            if isinstance(result, BaseException):
                raise result
            results |= zip(part, cast("list[object]", result), strict=True)
        return [results[place] for place in range(len(things))]

    async def _remind(self, shard: int, sequences: dict[int, int]) -> set[int]:
        return cast("set[int]", await self._lines[shard].do(Reminding(sequences)))

    async def claim(self, want: Want) -> list[Entry]:
        await self._tuning.read_on()
        now = await self._clock.now()
        self._tuning.check(want.worker, now)
        await self._give_back()
        if time.monotonic() - self._looked_at >= self.full_every:
            self._looked_at = time.monotonic()
            await self._look(now)
        now = await self._clock.now()
        free = self._tuning.free(want.charge, want.limit, now)
        paused = self._tuning.paused(now)
        found: dict[int, Found] = {}
        try:
            granted = await self._found(want, free, paused, now, found)
            order = list(found.values())
            self._lanes.keep(order[granted:])
            return await self._intend(want, order[:granted])
        finally:
            self._claiming -= found.keys() - self._unanswered.keys()

    async def _found(
        self,
        want: Want,
        free: int,
        paused: Mapping[str, datetime],
        now: datetime,
        found: dict[int, Found],
    ) -> int:
        """Fill ``found`` with what can be claimed; give how many may be."""
        try:
            for slot in want.slots:
                most = min(slot.most, free - len(found))
                if most <= 0 or is_paused(slot.lane, paused, now, want.channel):
                    continue
                for one in await self._lanes.take(slot.lane, most, now, want.newest):
                    number = one.known.entry.id
                    if number in found or number not in self._claiming:
                        self._claiming.add(number)
                        found[number] = one
            return await self._tuning.charge(want.charge, len(found), now) if found else 0
        except (OutcomeUnknown, Unavailable):
            # Their reminders would come again only after a while.
            self._lanes.keep([*found.values()])
            raise

    async def _intend(self, want: Want, found: Sequence[Found]) -> list[Entry]:
        claimed: dict[int, Entry] = {}
        try:
            await self._hold(want, found, claimed)
        except (OutcomeUnknown, Unavailable):
            # What was claimed before is known to be so, and is given.
            if not claimed:
                raise
            return list(claimed.values())
        except BaseException:
            # Nobody is given these. Their attempt is that of before the claim.
            before = [replace(one, attempt=one.attempt - 1) for one in claimed.values()]
            self._take_back(want, before)
            raise
        return [claimed[n] for one in found if (n := one.known.entry.id) in claimed]

    async def _hold(self, want: Want, found: Sequence[Found], claimed: dict[int, Entry]) -> None:
        """Fill ``claimed`` with what is held from now on."""
        parts = list(self._parts(found, lambda one: one.known.entry.id))
        for place, (line, part) in enumerate(parts):
            known = [one.known for one in part]
            for one in known:
                line.believe(one.entry.id, one)
            try:
                held = cast("list[Entry]", await line.do(Claiming(want, known)))
            except BaseException:
                # They come again with new reminders, when they are given back.
                self._take_back(want, [entry for _, entry in known])
                for _, rest in parts[place + 1 :]:
                    self._lanes.keep(rest)
                raise
            claimed |= {entry.id: entry for entry in held}
        # Those that others were faster with were written since, too.
        await self._consumers.ack([one.reminder for one in found])

    def _take_back(self, want: Want, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._unanswered[entry.id] = replace(entry, worker=want.worker)

    def _parts(
        self, things: Iterable[T], number: Callable[[T], int]
    ) -> Iterator[tuple[Line, list[T]]]:
        """Things about entries by the line of their shard, as many as one commit takes."""
        by_shard: dict[int, list[T]] = {}
        for thing in things:
            by_shard.setdefault(self._names.shard(number(thing)), []).append(thing)
        for shard, some in by_shard.items():
            for start in range(0, len(some), _PART):
                yield self._lines[shard], some[start : start + _PART]

    async def _give_back(self) -> None:
        """What was claimed and not answered was given to nobody."""
        async with self._giving_back:
            for line, part in self._parts(list(self._unanswered.values()), lambda one: one.id):
                await line.do(Unclaiming(part))
                for entry in part:
                    del self._unanswered[entry.id]
                    self._claiming.discard(entry.id)

    async def _look(self, now: datetime) -> None:
        """Take up what was scheduled, and end what is late."""
        await self._move_on(now)
        await self._read_index()
        for line, part in self._parts(self._index.late(micros(now)), int):
            await line.do(Lapsing(part))

    async def _move_on(self, now: datetime) -> None:
        if await self._schedules.move_on(now):
            # There is more: the next claim goes on.
            self._looked_at = float("-inf")

    async def _read_index(self) -> None:
        await self._index.read_on([line.last for line in self._lines])

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        await self._tuning.read_on()
        now = await self._clock.now()
        self._works = bool(hold)
        if worker is None:
            worker = await self._tuning.begin(hold, now)
        elif hold:
            await self._tuning.live(worker, hold, now)
        else:
            await self._tuning.end(worker)
        await self._tuning.bury(now)
        await self._doubt()
        return worker

    async def _doubt(self) -> None:
        """What is held by workers that are over, or that nobody knows, is in doubt."""
        await self._read_index()
        held = [(number, seen.worker or 0) for number, seen in self._index.among(Phase.INTENDED)]
        gone = await self._tuning.gone({worker for _, worker in held})
        numbers = [number for number, worker in held if worker in gone]
        for line, part in self._parts(numbers, int):
            await line.do(Orphaning(part, gone))

    async def find(self, query: Query, after: str, limit: int) -> list[Entry]:
        if query.refs is None and query.ids is None and query.phase not in (None, Phase.DONE):
            await self._read_index()
        return await self._finding.find(query, after, limit)

    async def tally(self) -> Tally:
        await self._tuning.read_on()
        if self._works:
            # A worker that has nothing to claim asks for nothing else.
            await self._give_back()
            await self._move_on(await self._clock.now())
        await self._read_index()
        now = await self._clock.now()
        lives = self._tuning.lives(now)
        return Tally(
            at=now,
            counts={lane: dict(counts) for lane, counts in self._index.counts.items()},
            oldest={lane: from_micros(due) for lane, due in self._index.oldest(micros(now))},
            limits=self._tuning.limits,
            paused=self._tuning.paused(now),
            weights=self._tuning.weights,
            workers=len(lives),
            newest=max((life.version for life in lives), default=VERSION),
            gauges=await self._gauges(),
        )

    async def _gauges(self) -> Mapping[str, float]:
        if time.monotonic() - self._gauged_at < _GAUGE_EVERY:
            return self._gauges_then
        size = messages = entries = pending = 0
        for shard in range(self._names.shards):
            stream = self._names.entries(shard)
            info = await self._link.api(f"STREAM.INFO.{stream}")
            size += info.get("state", {}).get("bytes", 0)
            messages += info.get("state", {}).get("messages", 0)
            first = await self._link.after(stream, self._names.all_of(shard, "entry"), 0, 1)
            entries += sum(1 + one.more for one in first)
            for one in (stream, self._names.later(shard)):
                pending = max(pending, await self._consumers.pending(one))
        self._gauged_at = time.monotonic()
        self._gauges_then = {
            "ack_pending": float(pending),
            "declared_durable_on_disk": float(self._settings.durability == "disk"),
            "done_messages": float(max(0, entries - len(self._index))),
            "replicas": float(self._settings.replicas),
            "stream_bytes": float(size),
            "stream_messages": float(messages),
        }
        return self._gauges_then

    async def events(
        self, after: str, limit: int, *, consumer: str | None = None, entry: int | None = None
    ) -> list[OutboxEvent]:
        if consumer is not None:
            after = await self._tuning.cursor(consumer)
        return await self._events.after(after, limit, entry)

    async def prune(self, before: datetime, limit: int) -> int:
        now = await self._clock.now()
        gone = await self._pruning.prune(before, limit)
        for line in self._lines:
            line.last = 0
        await self._events.prune(before)
        await self._pruning.forget_early(now, limit)
        await self._tuning.forget(now)
        await self._schedules.prune()
        for shard in range(self._names.shards):
            await self._consumers.purge_acked(self._names.entries(shard))
        return gone

    async def tune(self, setting: Setting) -> None:
        await self._tuning.tune(setting)


def _number_of(change: Change) -> int:
    """What decides a change's shard."""
    if isinstance(change, Early):
        return hash_of(change.id)
    return change.entry if isinstance(change, Note) else change.fence.id
