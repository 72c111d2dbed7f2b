"""A store in memory: the model that every store is tested against. It ends with its process."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import dropwhile, islice

import msgspec
from msgspec.structs import replace

from devino_core.clock import SYSTEM_CLOCK, Clock

from ._changes import Change, Early, Move, News, Note, OutboxEvent, ids_of, is_of
from ._entry import VERSION, Entry, Lane
from ._gcra import SECOND, taken
from ._life import lapsed, orphaned, with_reports
from ._phases import Phase
from ._store import (
    Added,
    Closed,
    Consumed,
    Held,
    LeaseLost,
    LimitState,
    Paused,
    Query,
    Rate,
    Setting,
    Tally,
    Want,
    Weighted,
)
from ._times import micros

__all__ = ["MemoryStore"]

_EARLY = timedelta(days=1)


class MemoryStore:
    """A :class:`~devino_core.outbox.Store` that is not durable. Its clock is the one given."""

    finds: frozenset[str] = frozenset(Query.__struct_fields__)
    leases: bool = False

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self.key: bytes = os.urandom(16)
        self._entries: dict[int, Entry] = {}
        self._by_ref: dict[str, int] = {}
        self._phases: dict[Phase, dict[int, None]] = {phase: {} for phase in Phase}
        self._by_id: defaultdict[str, dict[str, int]] = defaultdict(dict)
        """By the platform's id, then by channel."""
        self._early: defaultdict[str, list[tuple[Early, datetime]]] = defaultdict(list)
        self._events: list[OutboxEvent] = []
        self._cursors: dict[str, str] = {}
        self._limits: dict[str, LimitState] = {}
        self._tats: defaultdict[str, int] = defaultdict(int)
        self._paused: dict[str, datetime] = {}
        self._weights: dict[str, float] = {}
        self._alive: set[int] = set()
        self._workers = 0
        self._last = 0
        self._told = 0

    async def open(self) -> None:
        """It is always open."""

    async def aclose(self) -> None:
        """What it holds stays, for whoever opens it again."""

    def kill(self, worker: int) -> None:
        """The process of a worker is gone: for tests."""
        self._alive.discard(worker)

    async def now(self) -> datetime:
        return self._clock.now()

    async def add(self, entries: Sequence[Entry]) -> list[Added]:
        return [self._add(entry) for entry in entries]

    def _add(self, entry: Entry) -> Added:
        if (known := self._by_ref.get(entry.ref)) is not None:
            return Added.SAME if self._entries[known].hash == entry.hash else Added.TAKEN
        self._last += 1
        self._put(replace(entry, id=self._last))
        self._by_ref[entry.ref] = self._last
        return Added.NEW

    def _put(self, entry: Entry) -> None:
        known = self._entries.get(entry.id)
        if known is not None:
            del self._phases[known.phase][entry.id]
        self._phases[entry.phase][entry.id] = None
        self._entries[entry.id] = entry

    async def claim(self, want: Want) -> list[Entry]:
        if want.worker not in self._alive:
            raise LeaseLost("this worker is not known, or counts as dead")
        now = self._clock.now()
        for entry in [one for one in self._in(Phase.QUEUED) if one.until and one.until <= now]:
            self._apply(lapsed(entry, now), now)
        states = {name: self._limits.get(name, LimitState()) for name in want.charge}
        free = min(
            (self._free(name, state, want.limit, now) for name, state in states.items()),
            default=want.limit,
        )
        claimed: list[Entry] = []
        for slot in want.slots:
            if free <= len(claimed):
                break
            if is_paused(slot.lane, self._paused, now, want.channel):
                continue
            waiting = sorted(
                (
                    one
                    for one in self._in(Phase.QUEUED)
                    if one.lane == slot.lane and one.due <= now and one.version <= want.newest
                ),
                key=lambda one: (one.due, one.id),
            )
            for entry in waiting[: min(slot.most, free - len(claimed))]:
                held = replace(
                    entry,
                    phase=Phase.INTENDED,
                    attempt=entry.attempt + 1,
                    worker=want.worker,
                    due=now,
                )
                self._put(held)
                claimed.append(held)
        for name, state in states.items() if claimed else ():
            if state.per_second is not None:
                _, self._tats[name] = taken(
                    self._tats[name], _nanos(now), state.per_second, state.burst, len(claimed)
                )
            if state.probe is not None:
                self._limits[name] = replace(state, closed_until=now + state.probe)
        return claimed

    def _free(self, name: str, state: LimitState, limit: int, now: datetime) -> int:
        limit = opening(state, limit, now)
        if limit and state.per_second is not None:
            limit, _ = taken(self._tats[name], _nanos(now), state.per_second, state.burst, limit)
        return limit

    async def move(self, changes: Sequence[Change]) -> list[bool]:
        now = self._clock.now()
        return [self._change(change, now) for change in changes]

    def _change(self, change: Change, now: datetime) -> bool:
        if isinstance(change, Note):
            self._tell(change.news, change.entry, now)
            return True
        if isinstance(change, Early):
            if self._known(change.channel, change.id):
                return False
            self._early[change.id].append((change, now))
            return True
        return self._apply(change, now)

    def _known(self, channel: str | None, message_id: str) -> set[int]:
        """The entries with this id of the platform."""
        found = self._by_id.get(message_id, {})
        return {holder for name, holder in found.items() if is_of(name, channel)}

    def _apply(self, move: Move, now: datetime) -> bool:
        entry = self._entries.get(move.fence.id)
        if entry is None or not is_met(move, entry):
            return False
        move = self._take_up(entry, move, now)
        if move.legs is not None:
            for channel, message_id in ids_of(move.legs):
                self._by_id[message_id][channel] = entry.id
        after = moved(entry, move, now)
        self._put(after)
        if move.to is Phase.DONE:
            for channel, message_id in {*ids_of(entry.legs), *ids_of(after.legs)}:
                holders = self._by_id.get(message_id, {})
                if holders.get(channel) == entry.id:
                    del holders[channel]
                if not holders:
                    self._by_id.pop(message_id, None)
        if move.news is not None:
            self._tell(move.news, entry.id, now)
        return True

    def _take_up(self, entry: Entry, move: Move, now: datetime) -> Move:
        if move.legs is None or move.to is not Phase.SENT:
            return move
        reports: list[Early] = []
        for channel, message_id in dict.fromkeys(ids_of(move.legs)):
            waiting = self._early.pop(message_id, [])
            mine = [early for early, _ in waiting if is_of(channel, early.channel)]
            others = [pair for pair in waiting if pair[0] not in mine]
            if others:
                self._early[message_id] = others
            reports += mine
        return with_reports(entry, move, [(one.id, one.status) for one in reports], now)

    def _tell(self, news: News, entry: int, now: datetime) -> None:
        self._told += 1
        said = {name: getattr(news, name) for name in News.__struct_fields__}
        self._events.append(OutboxEvent(cursor=str(self._told), at=now, entry=entry, **said))

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        now = self._clock.now()
        if worker is None:
            self._workers += 1
            worker = self._workers
            self._alive.add(worker)
        elif not hold:
            self._alive.discard(worker)
        elif worker not in self._alive:
            raise LeaseLost("this worker counts as dead")
        for entry in [one for one in self._in(Phase.INTENDED) if one.worker not in self._alive]:
            self._apply(orphaned(entry), now)
        return worker

    async def find(self, query: Query, after: str, limit: int) -> list[Entry]:
        start = msgspec.json.decode(after, type=tuple[str, int, int]) if after else ("", -1, 0)
        found = [
            entry
            for entry in self._candidates(query)
            if self._meets(query, entry) and (not after or query.place(entry) > start)
        ]
        return sorted(found, key=query.place)[:limit]

    def _candidates(self, query: Query) -> list[Entry]:
        numbers: set[int] | None = None
        if query.refs is not None:
            numbers = {self._by_ref[ref] for ref in query.refs if ref in self._by_ref}
        if query.ids is not None:
            named = {n for one in query.ids for n in self._known(one.channel, one.id)}
            numbers = named if numbers is None else numbers & named
        if numbers is not None:
            return [self._entries[number] for number in numbers]
        return list(self._entries.values()) if query.phase is None else self._in(query.phase)

    def _meets(self, query: Query, entry: Entry) -> bool:
        return (
            (query.to_hash is None or entry.to_hash == query.to_hash)
            and (query.phase is None or entry.phase is query.phase)
            and (query.channel is None or entry.lane.channel == query.channel)
            and (query.tenant is None or entry.lane.tenant == query.tenant)
            and (query.due_before is None or entry.due < query.due_before)
        )

    async def tally(self) -> Tally:
        now = self._clock.now()
        counts: defaultdict[Lane, Counter[Phase]] = defaultdict(Counter)
        oldest: dict[Lane, datetime] = {}
        for entry in self._entries.values():
            counts[entry.lane][entry.phase] += 1
            if entry.phase is Phase.QUEUED and entry.due <= now:
                oldest[entry.lane] = min(entry.due, oldest.get(entry.lane, entry.due))
        return Tally(
            at=now,
            counts={lane: dict(count) for lane, count in counts.items()},
            oldest=oldest,
            limits=dict(self._limits),
            paused={what: until for what, until in self._paused.items() if until > now},
            weights=dict(self._weights),
            workers=len(self._alive),
            newest=VERSION,
        )

    async def ages(self, lane: Lane, edges: Sequence[datetime], most: int) -> list[int]:
        due = [
            entry.due
            for entry in self._entries.values()
            if entry.phase is Phase.QUEUED and entry.lane == lane
        ]
        since = [sum(one <= edge for one in due) for edge in edges]
        return [min(most, n - older) for n, older in zip(since, [*since[1:], 0], strict=True)]

    async def events(
        self, after: str, limit: int, *, consumer: str | None = None, entry: int | None = None
    ) -> list[OutboxEvent]:
        if consumer is not None:
            after = self._cursors.get(consumer, "")
        # The cursors are numbers without gaps; only the oldest events are ever pruned.
        skipped = max(0, int(after or 0) - (self._told - len(self._events)))
        found = (
            event
            for event in islice(self._events, skipped, None)
            if entry is None or event.entry == entry
        )
        return list(islice(found, limit))

    async def prune(self, before: datetime, limit: int) -> int:
        gone = [one for one in self._in(Phase.DONE) if one.due < before][:limit]
        for entry in gone:
            del self._entries[entry.id], self._by_ref[entry.ref], self._phases[Phase.DONE][entry.id]
        self._events = list(dropwhile(lambda event: event.at < before, self._events))
        oldest = self._clock.now() - _EARLY
        for message_id, waiting in list(self._early.items()):
            self._early[message_id] = [pair for pair in waiting if pair[1] >= oldest]
            if not self._early[message_id]:
                del self._early[message_id]
        return len(gone)

    async def tune(self, setting: Setting) -> None:
        match setting:
            case Rate(limit=limit, per_second=per_second, burst=burst):
                self._limit(limit, lambda s: replace(s, per_second=per_second, burst=burst))
            case Closed(limit=limit, until=until, probe=probe):
                self._limit(limit, lambda s: replace(s, closed_until=until, probe=probe))
            case Held(limit=limit, reason=reason):
                self._limit(limit, lambda s: replace(s, held=reason))
            case Paused(what=what, until=until):
                self._paused.pop(what, None)
                if until is not None:
                    self._paused[what] = until
            case Weighted(tenant=tenant, weight=weight):
                self._weights[tenant] = weight
            case Consumed(consumer=consumer, cursor=cursor):
                self._cursors[consumer] = cursor

    def _limit(self, name: str, change: Callable[[LimitState], LimitState]) -> None:
        self._limits[name] = change(self._limits.get(name, LimitState()))

    def _in(self, phase: Phase) -> list[Entry]:
        return [self._entries[number] for number in self._phases[phase]]


def is_met(move: Move, entry: Entry) -> bool:
    """Whether the entry is as the move's fence says."""
    fence = move.fence
    late = fence.phase is Phase.INTENDED and entry.phase is Phase.DOUBT
    return (
        (entry.phase is fence.phase or late)
        and entry.attempt == fence.attempt
        and (move.legs is None or entry.revision == fence.revision)
    )


def moved(entry: Entry, move: Move, now: datetime) -> Entry:
    """The entry after a move that is done."""
    due = entry.due if move.due is None else move.due
    if move.to is Phase.QUEUED and move.due is not None:
        due = max(due, now)
    return replace(
        entry,
        phase=move.to,
        due=due,
        until=entry.until if isinstance(move.until, msgspec.UnsetType) else move.until,
        lane=move.lane or entry.lane,
        leg=entry.leg if move.leg is None else move.leg,
        legs=entry.legs if move.legs is None else move.legs,
        revision=entry.revision + move.writes,
        doubts=entry.doubts if move.doubts is None else move.doubts,
        failures=entry.failures if move.failures is None else move.failures,
        crashes=entry.crashes if move.crashes is None else move.crashes,
        worker=entry.worker if move.to is Phase.INTENDED else None,
        body=None if move.drop_body else entry.body,
        to_hash=None if move.drop_to else entry.to_hash,
    )


def opening(state: LimitState, limit: int, now: datetime) -> int:
    """How many of ``limit`` may go through a limit whatever its rate: none, one to try, or all."""
    if state.held is not None or (state.closed_until is not None and now < state.closed_until):
        return 0
    return min(limit, 1) if state.probe is not None else limit


def is_paused(lane: Lane, paused: Mapping[str, datetime], now: datetime, channel: str = "") -> bool:
    """Whether claims by a channel pass over a lane."""
    names = (
        f"channel:{channel}",
        f"channel:{lane.channel}",
        f"tenant:{lane.tenant}",
        f"priority:{lane.priority}",
    )
    return any(paused[name] > now for name in names if name in paused)


def _nanos(moment: datetime) -> int:
    return micros(moment) * (SECOND // 1_000_000)
