"""A worker that lives by a lease, over a store that is slow to answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec.structs import replace

from devino_core import Unavailable
from devino_core.outbox import Entry, EventKind, MemoryStore, Phase, Query, Slot, Want
from devino_core.outbox._life import requeued
from devino_core.testing import ManualClock

from ._world import Scripted, message, world


class Slow(MemoryStore):
    """The first claim that finds something takes longer than half of a lease, as does the beat
    beside it."""

    leases = True

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.driven = clock
        self.was_slow = False
        self.is_cut = False

    async def claim(self, want: Want) -> list[Entry]:
        claimed = await super().claim(want)
        if claimed and not self.was_slow:
            self.was_slow = True
            self.driven.advance(16)
            self.is_cut = True
        return claimed

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        if self.is_cut:
            self.is_cut = False
            raise Unavailable("no answer")
        return await super().beat(worker, hold)


async def test_what_was_claimed_too_slowly_waits_again_and_is_sent_once() -> None:
    clock = ManualClock()
    channel = Scripted(clock=clock)
    async with world(channel, store=Slow(clock), clock=clock, hold=30) as made:
        await made.outbox.enqueue(message("ref"), channel="wire")
        await made.until(lambda: bool(channel.sent))
        assert channel.refs == ["ref"]
        await made.pass_time(1)
        entry = await made.entry("ref")
        assert (entry.phase, entry.attempt) == (Phase.SENT, 2)


class Forgetting(MemoryStore):
    """The first claim that finds something is answered when the worker has died and lives again as
    a new one, and another worker holds what it claimed."""

    leases = True

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.driven = clock
        self.other = 0
        self.lives_again = asyncio.Event()

    async def claim(self, want: Want) -> list[Entry]:
        claimed = await super().claim(want)
        if claimed and not self.other:
            self.kill(want.worker)
            self.other = await super().beat(None, timedelta(minutes=5))
            (doubt,) = await self.find(Query(phase=Phase.DOUBT), "", 9)
            await self.move([requeued(doubt, doubt.due, until=None)])
            (there,) = await self.find(Query(phase=Phase.QUEUED), "", 9)
            slots = (Slot(there.lane, 1),)
            assert await super().claim(replace(want, worker=self.other, slots=slots))
            self.driven.advance(10)
            await self.lives_again.wait()
        return claimed

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        number = await super().beat(worker, hold)
        if self.other:
            self.lives_again.set()
        return number


async def test_a_worker_sends_nothing_that_it_claimed_in_an_earlier_life() -> None:
    clock = ManualClock()
    channel = Scripted(clock=clock)
    store = Forgetting(clock)
    async with world(channel, store=store, clock=clock, hold=30) as made:
        await made.outbox.enqueue(message("ref"), channel="wire")
        await made.until(store.lives_again.is_set)
        await made.pass_time(5)
        entry = await made.entry("ref")
        assert (entry.phase, entry.attempt, entry.worker) == (Phase.INTENDED, 2, store.other)
        assert channel.refs == []
        # Nothing was sent twice, so nothing says so.
        assert EventKind.LATE_RECEIPT not in {event.kind for event in await made.events()}
