"""Reports of what a worker sent a moment ago: the store is not asked what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from devino_core import Medium, Message, Receipt, State, Status, StatusChanged, Unavailable
from devino_core.outbox import Change, Early, Entry, EventKind, MemoryStore, Phase, Query
from devino_core.outbox._life import orphaned
from devino_core.testing import ManualClock

from ._world import Pushing, World, message, world

DELIVERED = Status(state=State.DELIVERED)


class Asked(MemoryStore):
    """Counts the questions about ids of the platform."""

    questions = 0

    async def find(self, query: Query, after: str, limit: int) -> list[Entry]:
        self.questions += query.ids is not None
        return await super().find(query, after, limit)


class TwoParts(Pushing):
    """Each message has two parts, with an id each."""

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        receipts = await super().send(messages)
        return [replace(one, ids=(f"{one.ref}-1", f"{one.ref}-2")) for one in receipts]


class Silent(Pushing):
    """Whoever asks it learns nothing."""

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        raise Unavailable("ask later")


def told(w: World, message_id: str, status: Status = DELIVERED) -> StatusChanged:
    return StatusChanged(
        id=message_id, at=w.clock.now(), channel="wire", message_id=message_id, status=status
    )


async def test_a_report_of_what_was_just_sent_asks_the_store_nothing() -> None:
    clock = ManualClock()
    store = Asked(clock)
    async with world(TwoParts(), store=store, clock=clock) as w:
        await w.outbox.enqueue(message())
        await w.until(lambda: bool(w.channel.sent))
        await w.pass_time(1)
        for part in ("ref-1", "ref-2"):
            assert await w.phase() is Phase.SENT
            await w.worker.feed(told(w, part))
        assert await w.phase() is Phase.DONE
        assert store.questions == 0


async def test_a_report_long_after_the_sending_is_looked_up() -> None:
    clock = ManualClock()
    store = Asked(clock)
    async with world(Pushing(), store=store, clock=clock) as w:
        await w.outbox.enqueue(message())
        for number in range(4):
            await w.pass_time(61)
            await w.outbox.enqueue(message(f"other{number}"))
        await w.pass_time(1)
        await w.worker.feed(told(w, "id-ref"))
        assert await w.phase() is Phase.DONE
        assert store.questions == 1


async def test_a_report_that_another_process_kept_is_not_written_over() -> None:
    channel = TwoParts()
    async with world(channel) as w:

        async def before(_: Sequence[Message]) -> None:
            await w.store.move([Early(id="ref-1", status=DELIVERED, channel="wire")])

        channel.before = before
        await w.outbox.enqueue(message())
        await w.until(lambda: bool(channel.sent))
        await w.pass_time(1)
        await w.worker.feed(told(w, "ref-2"))
        assert await w.phase() is Phase.DONE


async def test_a_report_that_is_stored_before_its_receipt_is_taken_up_by_it() -> None:
    gate = asyncio.Event()

    class Slow(MemoryStore):
        async def move(self, changes: Sequence[Change]) -> list[bool]:
            if any(getattr(one, "to", None) is Phase.SENT for one in changes):
                await gate.wait()
            return await super().move(changes)

    clock = ManualClock()
    async with world(Pushing(), store=Slow(clock), clock=clock) as w:
        await w.outbox.enqueue(message())
        await w.until(lambda: bool(w.channel.sent))
        await w.worker.feed(told(w, "id-ref"))
        assert await w.phase() is Phase.INTENDED
        gate.set()
        await w.pass_time(1)
        assert await w.phase() is Phase.DONE
        assert [event.kind for event in await w.events()] == [EventKind.DONE]


async def test_a_report_of_what_was_forgotten_meanwhile_brings_nothing_back() -> None:
    async with world(Pushing()) as w:
        await w.outbox.enqueue(message())
        await w.pass_time(1)
        assert await w.outbox.forget("79160000001") == 1
        await w.worker.feed(told(w, "id-ref"))
        entry = await w.entry()
        assert (entry.phase, entry.body, entry.to_hash) == (Phase.DONE, None, None)
        assert entry.receipt is not None
        assert not entry.receipt.to


@pytest.mark.parametrize(("settings", "idle"), [({}, 121), ({"retention": 10}, 11)])
async def test_a_report_to_a_worker_that_was_idle_since_is_looked_up(
    settings: dict[str, Any], idle: int
) -> None:
    """What is kept for seconds only is remembered for as long."""
    clock = ManualClock()
    store = Asked(clock)
    async with world(Silent(), store=store, clock=clock, **settings) as w:
        await w.outbox.enqueue(message())
        await w.pass_time(1)
        await w.pass_time(idle)
        await w.worker.feed(told(w, "id-ref"))
        assert await w.phase() is Phase.DONE
        assert store.questions == 1


async def test_a_worker_that_is_idle_holds_no_message_for_longer_than_two_minutes() -> None:
    async with world(Pushing()) as w:
        await w.outbox.enqueue(message())
        await w.until(lambda: len(w.worker._context.recent) == 1)
        for _ in range(122):
            await w.pass_time(1)
        assert len(w.worker._context.recent) == 0


async def test_a_worker_that_is_closed_holds_no_message() -> None:
    async with world(Pushing()) as w:
        await w.outbox.enqueue(message())
        await w.until(lambda: len(w.worker._context.recent) == 1)
    assert len(w.worker._context.recent) == 0


@pytest.mark.parametrize("call", ["beat", "move"])
async def test_nothing_is_remembered_of_a_store_that_failed(call: str) -> None:
    class Failing(Asked):
        fails = False

        async def beat(self, worker: int | None, hold: timedelta) -> int:
            self._fail("beat")
            return await super().beat(worker, hold)

        async def move(self, changes: Sequence[Change]) -> list[bool]:
            self._fail("move")
            return await super().move(changes)

        def _fail(self, which: str) -> None:
            if self.fails and which == call:
                self.fails = False
                raise Unavailable("the server changed")

    clock = ManualClock()
    store = Failing(clock)
    async with world(Silent(), store=store, clock=clock, hold=30) as w:
        await w.outbox.enqueue(message())
        await w.pass_time(1)
        store.fails = True
        if call == "move":
            await w.outbox.enqueue(message("other"))
        await w.pass_time(11)
        assert not store.fails
        await w.worker.feed(told(w, "id-ref"))
        assert await w.phase() is Phase.DONE
        assert store.questions == 1


async def test_a_report_does_not_write_over_what_a_person_said_of_a_doubt() -> None:
    """The lease is lost while the message is on the wire, and the doubt is over before its answer
    comes."""
    channel = Pushing()
    async with world(channel) as w:

        async def before(_: Sequence[Message]) -> None:
            assert await w.store.move([orphaned(await w.entry())]) == [True]
            assert await w.outbox.resolve("ref", "sent", message_id="by-hand")

        channel.before = before
        await w.outbox.enqueue(message(), channel="wire")
        await w.until(lambda: bool(channel.sent))
        await w.pass_time(1)
        await w.worker.feed(told(w, "id-ref", Status(state=State.ENROUTE)))
        await w.worker.feed(told(w, "by-hand"))
        assert await w.phase() is Phase.DONE
