"""What a worker leaves that stops: in doubt is only what it began to send."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest
from msgspec.structs import replace

from devino_core import Message, OutcomeUnknown
from devino_core.outbox import Change, Entry, MemoryStore, Move, Phase, Query, Want
from devino_core.testing import ManualClock

from ._world import Scripted, message, world


class Deaf(MemoryStore):
    """Makes a claim, and its answer is lost."""

    async def claim(self, want: Want) -> list[Entry]:
        if await super().claim(want):
            raise OutcomeUnknown("the answer is lost")
        return []


async def test_what_a_lost_claim_holds_waits_again_when_the_worker_stops() -> None:
    clock = ManualClock()
    store = Deaf(clock)
    async with world(store=store, clock=clock) as w:
        await w.outbox.enqueue(message())
        await w.pass_time(1)
        assert await w.phase() is Phase.INTENDED
        stopping = asyncio.ensure_future(w.worker.aclose())
        while not stopping.done():
            await clock.tick(1)
        entry = await w.entry()
        assert (entry.phase, entry.attempt, w.channel.sent) == (Phase.QUEUED, 1, [])


def suspected(entry: Entry, _: datetime) -> Move:
    return Move(entry.fence, Phase.QUEUED, lane=replace(entry.lane, suspect=True))


@pytest.mark.parametrize("is_suspect", [False, True])
async def test_what_was_on_the_wire_is_in_doubt_when_the_worker_stops(*, is_suspect: bool) -> None:
    channel = Scripted()
    async with world(channel, stop_within=3) as w:
        begun = asyncio.Event()

        async def never(_: Sequence[Message]) -> None:
            begun.set()
            await asyncio.Event().wait()

        channel.before = never
        await w.outbox.pause(channel="wire")
        await w.outbox.enqueue(message(), channel="wire")
        if is_suspect:
            assert await w.outbox.change(Query(), suspected) == 1
        await w.outbox.resume(channel="wire")
        await w.until(begun.is_set)
        stopping = asyncio.ensure_future(w.worker.aclose())
        while not stopping.done():
            await w.clock.tick(1)
        assert await w.phase() is Phase.DOUBT


async def test_what_was_on_the_wire_is_in_doubt_when_the_worker_is_stopped_twice_at_once() -> None:
    clock = ManualClock()
    channel = Scripted()
    writing = asyncio.Event()

    class Slow(MemoryStore):
        async def move(self, changes: Sequence[Change]) -> list[bool]:
            if any(getattr(one, "to", None) is Phase.DOUBT for one in changes):
                await writing.wait()
            return await super().move(changes)

    async with world(channel, store=Slow(clock), clock=clock, stop_within=3) as w:
        begun = asyncio.Event()

        async def never(_: Sequence[Message]) -> None:
            begun.set()
            await asyncio.Event().wait()

        channel.before = never
        await w.outbox.enqueue(message())
        await w.until(begun.is_set)
        first = asyncio.ensure_future(w.worker.aclose())
        await clock.tick(1)
        second = asyncio.ensure_future(w.worker.aclose())
        for _ in range(9):
            await clock.tick(1)
        writing.set()
        await asyncio.gather(first, second)
        assert await w.phase() is Phase.DOUBT
