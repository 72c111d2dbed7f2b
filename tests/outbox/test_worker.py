"""What a worker does with messages, errors, times and crashes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from devino_core import (
    Message,
    Priority,
    State,
)
from devino_core.outbox import (
    Added,
    Entry,
    EventKind,
    Held,
    Lane,
    MemoryStore,
    Move,
    Outbox,
    OutboxEvent,
    Phase,
    Query,
    RefTaken,
    Want,
    Worker,
)
from devino_core.outbox._codec import decode, encode
from devino_core.testing import ManualClock
from devino_core.testing._store_case import an_entry

from ._world import Client, Scripted, message, world


async def test_a_message_is_sent_once_followed_and_done() -> None:
    async with world() as w:
        assert await w.outbox.enqueue(message()) is Added.NEW
        await w.until(lambda: bool(w.channel.sent))
        assert await w.phase() is Phase.SENT
        w.channel.states["id-ref"] = State.DELIVERED
        await w.pass_time(10)
        entry = await w.entry()
        assert (entry.phase, entry.status.state) == (Phase.DONE, State.DELIVERED)
        assert w.channel.refs == ["ref"]
        kinds = [event.kind for event in await w.events()]
        assert kinds[0] is EventKind.SENT
        assert kinds[-1] is EventKind.DONE


async def test_the_same_message_is_added_once_and_another_is_refused() -> None:
    async with world() as w:
        assert await w.outbox.enqueue(message()) is Added.NEW
        assert await w.outbox.enqueue(message()) is Added.SAME
        with pytest.raises(RefTaken):
            await w.outbox.enqueue(message(content="Other"))
        await w.pass_time(5)
        assert w.channel.refs == ["ref"]


@pytest.mark.parametrize(
    "field",
    [
        {"to": "79160000002"},
        {"content": "Other"},
        {"sender": "OTHER"},
        {"medium": "VIBER"},
        {"send_at": datetime(2026, 1, 2, tzinfo=UTC)},
        {"validity": timedelta(hours=1)},
        {"priority": "LOW"},
        {"fallback": message("x")},
        {"options": {"a": 1}},
    ],
)
async def test_every_field_makes_another_message(field: dict[str, Any]) -> None:
    assert len(field) == 1
    async with world() as w:
        await w.outbox.enqueue(message())
        with pytest.raises(RefTaken):
            await w.outbox.enqueue(message(**field))
        await w.outbox.enqueue(message("two", **field))
        assert await w.outbox.enqueue(message("two", **field)) is Added.SAME


def test_every_field_of_a_message_counts() -> None:
    tested = {"to", "content", "sender", "medium", "send_at", "validity", "priority", "fallback"}
    assert set(Message.__struct_fields__) == tested | {"options", "ref"}


async def test_the_ref_of_a_fallback_does_not_make_another_message() -> None:
    async with world() as w:
        await w.outbox.enqueue(message(fallback=message("a")))
        assert await w.outbox.enqueue(message(fallback=message("b"))) is Added.SAME


async def test_a_scheduled_message_waits_and_goes_once() -> None:
    clock = ManualClock()
    async with world(clock=clock) as w:
        at = clock.now() + timedelta(hours=3)
        await w.outbox.enqueue_many([message(f"ref{number}", send_at=at) for number in range(100)])
        await w.pass_time(3 * 3600 - 2)
        assert not w.channel.sent
        await w.pass_time(4)
        # No timer hands it on again, however long it has been under way.
        await w.pass_time(600)
        assert sorted(w.channel.refs) == sorted(f"ref{number}" for number in range(100))
        assert {one.send_at for one in w.channel.sent} == {None}


async def test_a_wall_clock_is_the_recipients() -> None:
    clock = ManualClock(datetime(2026, 1, 1, 0, 0, tzinfo=UTC))
    async with world(clock=clock) as w:
        # 12:00 in Vladivostok is 02:00 in UTC.
        await w.outbox.enqueue(message(to="79140700000", send_at=datetime(2026, 1, 1, 12)))  # noqa: DTZ001 - a wall clock
        entry = await w.entry()
        assert entry.due == datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=10)))


async def test_a_validity_is_as_long_where_clocks_are_turned_back_meanwhile() -> None:
    async with world(clock=ManualClock(datetime(2026, 10, 1, tzinfo=UTC))) as w:
        at = datetime(2026, 10, 25, 2, 59, tzinfo=ZoneInfo("Europe/Berlin"))
        await w.outbox.enqueue(message(send_at=at, validity=timedelta(minutes=2)))
        entry = await w.entry()
        assert entry.read().deadline == datetime(2026, 10, 25, 1, 1, tzinfo=UTC)


async def test_a_wire_that_can_wait_gets_the_time_handed() -> None:
    clock = ManualClock()
    async with world(clock=clock) as w:
        at = clock.now() + timedelta(hours=3)
        await w.outbox.enqueue(message(send_at=at), schedule="wire")
        await w.until(lambda: bool(w.channel.sent))
        assert w.channel.sent[0].send_at == at


async def test_a_code_is_never_sent_late() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    channel = Scripted()
    async with world(channel, store=store, clock=clock) as w:
        await w.outbox.pause(channel="wire")
        codes = [message(f"code{n}", priority=Priority.REALTIME) for n in range(20)]
        await w.outbox.enqueue_many(codes, channel="wire")
        await w.pass_time(360)
        await w.outbox.resume(channel="wire")
        await w.pass_time(10)
        assert not channel.sent
        for code in codes:
            entry = await w.entry(code.ref)
            assert (entry.phase, entry.status.state) == (Phase.DONE, State.EXPIRED)


async def test_what_is_left_of_its_time_is_handed_to_the_wire() -> None:
    clock = ManualClock()
    async with world(clock=clock) as w:
        await w.outbox.pause(channel="wire")
        await w.outbox.enqueue(message(validity=timedelta(minutes=10)), channel="wire")
        await w.pass_time(240)
        await w.outbox.resume(channel="wire")
        await w.until(lambda: bool(w.channel.sent))
        left = w.channel.sent[0].validity
        assert left is not None
        assert timedelta(seconds=350) <= left <= timedelta(seconds=360)


async def test_a_message_is_not_begun_with_less_than_the_wires_shortest_time() -> None:
    async with world() as w:
        await w.outbox.pause(channel="wire")
        await w.outbox.enqueue(message(validity=timedelta(seconds=60)), channel="wire")
        await w.pass_time(50)
        await w.outbox.resume(channel="wire")
        await w.pass_time(2)
        assert not w.channel.sent
        assert (await w.entry()).status.state is State.EXPIRED


async def test_time_that_passes_after_the_claim_counts() -> None:
    """The last look is right before the wire, by a clock that never jumps."""
    clock = ManualClock()

    class Slow(MemoryStore):
        async def claim(self, want: Want) -> list[Entry]:
            entries = await super().claim(want)
            if entries:
                clock.advance(400)
            return entries

    async with world(store=Slow(clock), clock=clock) as w:
        await w.outbox.enqueue(message(priority=Priority.REALTIME))
        await w.pass_time(3)
        assert not w.channel.sent
        assert (await w.entry()).status.state is State.EXPIRED


def test_the_options_of_a_message_are_kept() -> None:
    given = message(options={"tag": ["a", 1, None]})
    assert decode(encode(given), Message) == given


async def test_all_that_is_over_is_deleted_however_much_it_is() -> None:
    async with world(retention=10) as w:
        entries = [an_entry(f"ref{n}", w.clock.now(), Lane("wire")) for n in range(12_000)]
        later = [replace(one, due=w.clock.now() + timedelta(days=1)) for one in entries]
        await w.store.add(later)
        page = await w.store.find(Query(phase=Phase.QUEUED), "", 20_000)
        await w.store.move([Move(one.fence, Phase.DONE, due=w.clock.now()) for one in page])
        await w.pass_time(120)
        assert await w.store.find(Query(phase=Phase.DONE), "", 1) == []


async def test_what_happened_is_told_before_the_drain_ends() -> None:
    clock, channel = ManualClock(), Scripted()
    told: list[str] = []

    async def tell(event: OutboxEvent) -> None:
        told.append(event.kind)

    async with Outbox(MemoryStore(clock), clock=clock) as outbox:
        worker = Worker(outbox, Client(channel), on_event=tell)
        await worker.open()
        await clock.tick(0.3)
        await outbox.enqueue(message("ref"), channel="wire")
        draining = asyncio.ensure_future(worker.drain())
        while not draining.done():
            await clock.tick(0.05)
        assert told == ["sent"]
        closing = asyncio.ensure_future(worker.aclose())
        while not closing.done():
            await clock.tick(1)


async def test_a_drain_does_not_wait_for_what_cannot_go() -> None:
    clock, channel, held = ManualClock(), Scripted(), Scripted("held")
    async with Outbox(MemoryStore(clock), clock=clock) as outbox:
        worker = Worker(outbox, Client(channel, held, Scripted("other")), channels=["wire", "held"])
        await worker.open()
        await outbox.pause(tenant="shop")
        await outbox.store.tune(Held("held", "no money"))
        await outbox.enqueue(message("paused"), channel="wire", tenant="shop")
        await outbox.enqueue(message("held"), channel="held")
        await outbox.enqueue(message("another's"), channel="other")
        await outbox.enqueue(message("ref"), channel="wire")
        draining = asyncio.ensure_future(worker.drain())
        await clock.tick(5)
        assert (draining.done(), channel.refs, held.refs) == (True, ["ref"], [])
        closing = asyncio.ensure_future(worker.aclose())
        while not closing.done():
            await clock.tick(1)


class Broken(MemoryStore):
    """Its claims fail as no error of the library does."""

    async def claim(self, want: Want) -> list[Entry]:
        raise ZeroDivisionError


async def test_a_worker_that_has_failed_does_not_drain_for_ever() -> None:
    clock = ManualClock()
    async with world(store=Broken(clock), clock=clock) as w:
        await w.outbox.enqueue(message())
        draining = asyncio.ensure_future(w.worker.drain())
        await w.until(draining.done, seconds=5)
        with pytest.raises(ZeroDivisionError):
            await draining
