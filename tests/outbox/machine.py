"""A store beside the model: whatever is done to both, they stay the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from devino_core import Priority, Receipt, State, Status
from devino_core.outbox import (
    TRANSITIONS,
    Body,
    Closed,
    Early,
    Entry,
    EventKind,
    Fence,
    Held,
    Lane,
    LeaseLost,
    Leg,
    MemoryStore,
    Move,
    News,
    Note,
    Paused,
    Phase,
    Planned,
    Query,
    Rate,
    Setting,
    Slot,
    Store,
    Tally,
    Want,
)
from devino_core.outbox.kit import NEVER, encode
from devino_core.testing import ManualClock

from ._world import message

__all__ = ["StoreMachine"]

T = TypeVar("T")
LANES = [Lane("a"), Lane("a", Priority.REALTIME), Lane("b", tenant="t"), Lane("b", suspect=True)]
REFS = [f"ref{number}" for number in range(6)]
IDS = ["x1", "x2", "x3"]
HOLD = timedelta(seconds=30)
_SLOTS = st.tuples(st.sampled_from(LANES), st.integers(1, 3))


class StoreMachine(RuleBasedStateMachine):
    """Give :meth:`make` and :meth:`kill`. The workers of both have the same numbers."""

    counted: Collection[Phase] = tuple(Phase)
    """The phases that a tally counts."""

    def make(self, clock: ManualClock) -> Store:
        """An empty store on this clock; not open."""
        raise NotImplementedError

    def kill(self, worker: int) -> None:
        """The process of a worker is gone."""
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.model = MemoryStore(self.clock)
        self.store = self.make(self.clock)
        self.runner.run(self.store.open())
        self.workers: list[int] = []
        self.seen: dict[Fence, Entry] = {}

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.store.aclose())
            self.runner.close()

    def both(self, do: Callable[[Store], Awaitable[T]]) -> T:
        """Do it to both, and see that the results are the same."""
        results: list[object] = []
        for store in (self.model, self.store):
            try:
                results.append(self.runner.run(_awaited(do(store))))
            except LeaseLost:
                results.append(LeaseLost)
        assert results[0] == results[1]
        return results[0]  # type: ignore[return-value]

    @rule(
        refs=st.lists(st.sampled_from(REFS), min_size=1, max_size=3),
        lane=st.sampled_from(LANES),
        content=st.integers(0, 1),
        wait=st.sampled_from([-1, 0, 5]),
        until=st.sampled_from([None, 0, 3, 100]),
    )
    def add(self, refs: list[str], lane: Lane, content: int, wait: int, until: int | None) -> None:
        now = self.clock.now()
        entries = [
            Entry(
                ref=ref,
                hash=content,
                to_hash=content,
                lane=lane,
                due=now + timedelta(seconds=wait),
                until=None if until is None else now + timedelta(seconds=until),
                body=encode(Body(legs=(Planned(lane.channel, message(ref)),))),
            )
            for ref in refs
        ]
        self.both(lambda store: store.add(entries))

    @rule()
    def work(self) -> None:
        self.workers.append(self.both(lambda store: store.beat(None, HOLD)))

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), ends=st.booleans())
    def beat(self, data: st.DataObject, ends: bool) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        self.both(lambda store: store.beat(worker, timedelta(0) if ends else HOLD))

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        self.model.kill(worker)
        self.kill(worker)

    @precondition(lambda self: self.workers)
    @rule(
        data=st.data(),
        slots=st.lists(
            st.tuples(st.sampled_from(LANES), st.integers(1, 3)), min_size=1, max_size=4
        ),
        limit=st.integers(1, 5),
    )
    def claim(self, data: st.DataObject, slots: list[tuple[Lane, int]], limit: int) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        want = Want(
            worker=worker,
            slots=tuple(Slot(lane, most) for lane, most in slots),
            limit=limit,
            charge=("a", "b"),
        )

        async def claim(store: Store) -> list[Entry]:
            claimed = await store.claim(want)
            # A lane is served in the order of time; of one lane the order is not promised.
            return sorted(claimed, key=lambda entry: (entry.lane.text, entry.id))

        claimed = self.both(claim)
        for entry in claimed if isinstance(claimed, list) else ():
            assert entry.phase is Phase.INTENDED
        self.look()

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), twice=st.booleans())
    def move(self, data: st.DataObject, twice: bool) -> None:
        moves = [self.any_move(data) for _ in range(2 if twice else 1)]
        self.both(lambda store: store.move(moves))
        self.look()

    def any_move(self, data: st.DataObject) -> Move:
        """A move of an entry as it is, or as it once was."""
        entry = data.draw(st.sampled_from(list(self.seen.values())[-12:]))
        ways = [to for to in TRANSITIONS[entry.phase] if (entry.phase, to) != _CLAIM]
        to = data.draw(st.sampled_from(ways))
        legs = None
        if data.draw(st.booleans()):
            ids = tuple(data.draw(st.lists(st.sampled_from(IDS), max_size=2, unique=True)))
            receipt = Receipt.of(message(), Status(state=State.ACCEPTED), channel="a", ids=ids)
            leg = Leg(ref="ref", channel="a", medium=message().medium, receipt=receipt)
            legs = (*entry.legs[: entry.leg], leg)
        waits = data.draw(st.sampled_from([None, -5, 5]))
        return Move(
            entry.fence,
            to,
            due=None if waits is None else self.clock.now() + timedelta(seconds=waits),
            legs=legs,
            lane=data.draw(st.sampled_from([None, *LANES])),
            crashes=data.draw(st.sampled_from([None, 1])),
            drop_body=data.draw(st.booleans()),
            drop_to=data.draw(st.booleans()),
            news=News(kind=EventKind.STATUS, ref=entry.ref) if data.draw(st.booleans()) else None,
        )

    @rule(one=st.sampled_from(IDS), channel=st.sampled_from([None, "a", "b"]))
    def tell_early(self, one: str, channel: str | None) -> None:
        early = Early(id=one, status=Status(state=State.DELIVERED), channel=channel)
        note = Note(news=News(kind=EventKind.DEAD, ref=one))
        self.both(lambda store: store.move([early, note]))

    @rule(seconds=st.sampled_from([0.5, 4, 100]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(data=st.data(), limit=st.sampled_from(["a", "b"]))
    def tune(self, data: st.DataObject, limit: str) -> None:
        now = self.clock.now()
        settings: list[Setting] = [
            Rate(limit, 1.0, 2),
            Rate(limit, None),
            Held(limit, "why"),
            Held(limit, None),
            Closed(limit, now + timedelta(seconds=3), timedelta(seconds=2)),
            Closed(limit, None),
            Paused(f"channel:{limit}", NEVER),
            Paused(f"channel:{limit}", None),
        ]
        setting = data.draw(st.sampled_from(settings))
        self.both(lambda store: store.tune(setting))

    @rule()
    def prune(self) -> None:
        before = self.clock.now() - timedelta(seconds=50)
        self.both(lambda store: store.prune(before, 1000))
        self.seen.clear()
        self.look()

    def counts(self, tally: Tally) -> dict[Lane, dict[Phase, int]]:
        """What is counted, without zeros."""
        counts = {
            lane: {p: n for p, n in count.items() if n and p in self.counted}
            for lane, count in tally.counts.items()
        }
        return {lane: count for lane, count in counts.items() if count}

    def look(self) -> None:
        for entry in self.runner.run(self.model.find(Query(), "", 1000)):
            self.seen[entry.fence] = entry

    @invariant()
    def they_are_the_same(self) -> None:
        if not hasattr(self, "store"):
            return

        async def everything(store: Store) -> object:
            tally = await store.tally()
            return (
                await store.find(Query(), "", 1000),
                # A cursor, and a name beside it, are in a store's own form.
                [replace(event, cursor="", id="") for event in await store.events("", 1000)],
                self.counts(tally),
                tally.oldest,
                tally.limits,
                tally.paused,
            )

        self.both(everything)
        self.look()


_CLAIM = (Phase.QUEUED, Phase.INTENDED)


async def _awaited(what: Awaitable[T]) -> T:
    return await what
