"""Reports, crashes, stops, and what is left of a message."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from devino_core import (
    Event,
    Incoming,
    InvalidArgument,
    Message,
    Priority,
    Receipt,
    State,
    Status,
    StatusChanged,
    Unavailable,
)
from devino_core.outbox import (
    Entry,
    EventKind,
    Held,
    Lane,
    LeaseLost,
    MemoryStore,
    Phase,
    Query,
    Want,
)
from devino_core.outbox._making import Terms
from devino_core.testing import ManualClock

from ._world import Pushing, Scripted, World, message, world


async def test_a_report_before_its_receipt_is_not_lost() -> None:
    channel = Pushing()
    gate = asyncio.Event()

    async def before(_: Sequence[Message]) -> None:
        await gate.wait()

    channel.before = before
    async with world(channel) as w:
        await w.outbox.enqueue(message())
        await w.until(lambda: bool(channel.batches))
        status = Status(state=State.DELIVERED)
        channel.pushed.put_nowait(
            StatusChanged(
                id="1", at=w.clock.now(), channel="wire", message_id="id-ref", status=status
            )
        )
        await w.pass_time(1)
        gate.set()
        await w.pass_time(1)
        entry = await w.entry()
        assert (entry.phase, entry.status.state) == (Phase.DONE, State.DELIVERED)
        assert not channel.asked


async def test_reports_that_are_pushed_end_messages_of_several_parts() -> None:
    channel = Pushing()
    async with world(channel) as w:
        original = channel.send

        async def two_parts(messages: Sequence[Message]) -> list[Receipt]:
            return [replace(one, ids=("p1", "p2")) for one in await original(messages)]

        channel.send = two_parts  # type: ignore[method-assign]
        await w.outbox.enqueue(message())
        await w.until(lambda: bool(channel.sent))
        for number, part in enumerate(("p1", "p1", "p2")):
            status = Status(state=State.DELIVERED)
            channel.pushed.put_nowait(
                StatusChanged(
                    id=str(number), at=w.clock.now(), channel="wire", message_id=part, status=status
                )
            )
            await w.pass_time(0.5)
            wanted = Phase.DONE if part == "p2" else Phase.SENT
            assert await w.phase() is wanted


async def test_a_message_of_which_nothing_is_heard_ends_when_the_platform_forgets() -> None:
    async with world(poll=60, hold=1800) as w:
        await w.outbox.enqueue(message())
        await w.pass_time(47 * 3600)
        assert await w.phase() is Phase.SENT
        await w.pass_time(2 * 3600)
        entry = await w.entry()
        assert entry.phase is Phase.DONE
        # Ever more seldom, every ten minutes at least.
        assert 250 <= len(w.channel.asked) <= 330


async def test_cancel_says_whether_it_won() -> None:
    async with world() as w:
        await w.outbox.pause(channel="wire")
        await w.outbox.enqueue(message(), channel="wire")
        assert await w.outbox.cancel("ref")
        assert not await w.outbox.cancel("ref")
        await w.outbox.resume(channel="wire")
        await w.outbox.enqueue(message("two"), channel="wire")
        await w.pass_time(2)
        assert w.channel.refs == ["two"]
        assert not await w.outbox.cancel("two")
        assert (await w.entry()).status.state is State.DELETED


async def test_one_message_can_be_held_back() -> None:
    async with world() as w:
        await w.outbox.pause(channel="wire")
        await w.outbox.enqueue(message(), channel="wire")
        assert await w.outbox.hold("ref")
        await w.outbox.resume(channel="wire")
        await w.pass_time(100)
        assert not w.channel.sent
        assert await w.outbox.release("ref")
        await w.pass_time(2)
        assert w.channel.refs == ["ref"]


async def test_a_pause_of_a_tenant_holds_only_its_messages() -> None:
    async with world() as w:
        await w.outbox.pause(tenant="slow")
        await w.outbox.enqueue(message("a"), tenant="slow")
        await w.outbox.enqueue(message("b"), tenant="fast")
        await w.pass_time(5)
        assert w.channel.refs == ["b"]


async def test_what_a_dead_worker_held_is_in_doubt_and_never_sent_again_by_itself() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    channel = Scripted()
    first = World(store, clock, channel)
    await first.outbox.open()
    await first.worker.open()
    forever = asyncio.Event()

    async def hangs(_: Sequence[Message]) -> None:
        await forever.wait()

    channel.before = hangs
    await first.outbox.enqueue_many([message(f"ref{n}") for n in range(3)])
    await first.until(lambda: bool(channel.batches))
    await first.crash()
    channel.before = None
    async with world(channel, store=store, clock=clock, poll=60, hold=1800) as w:
        await w.pass_time(48 * 3600)
        assert {await w.phase(f"ref{n}") for n in range(3)} == {Phase.DOUBT}
        assert not channel.sent


async def test_a_late_receipt_of_a_resolved_message_is_told() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    channel = Scripted()
    gate = asyncio.Event()

    async def waits(_: Sequence[Message]) -> None:
        await gate.wait()

    channel.before = waits
    async with world(channel, store=store, clock=clock) as w:
        await w.outbox.enqueue(message())
        await w.until(lambda: bool(channel.batches))
        # Everybody thinks that it is dead, and a person gives the message up.
        store.kill(w.worker.id)
        await store.beat(None, timedelta(seconds=30))
        assert await w.phase() is Phase.DOUBT
        assert await w.outbox.resolve("ref", "give-up")
        gate.set()
        await w.pass_time(1)
        kinds = [event.kind for event in await w.events()]
        assert EventKind.LATE_RECEIPT in kinds


async def test_a_late_receipt_of_a_message_in_doubt_counts() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    channel = Scripted()
    gate = asyncio.Event()

    async def waits(_: Sequence[Message]) -> None:
        await gate.wait()

    channel.before = waits
    async with world(channel, store=store, clock=clock) as w:
        await w.outbox.enqueue(message())
        await w.until(lambda: bool(channel.batches))
        store.kill(w.worker.id)
        await store.beat(None, timedelta(seconds=30))
        await w.pass_time(2)
        gate.set()
        await w.pass_time(1)
        assert await w.phase() is Phase.SENT
        assert EventKind.LATE_RECEIPT not in [event.kind for event in await w.events()]


async def test_a_stop_waits_for_the_wire_and_leaves_nothing_held() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    channel = Scripted()
    gates = {"quick": asyncio.Event(), "never": asyncio.Event()}

    async def waits(messages: Sequence[Message]) -> None:
        await gates[messages[0].ref].wait()

    channel.before = waits
    async with world(channel, store=store, clock=clock) as w:
        await w.outbox.enqueue(message("quick", priority=Priority.REALTIME))
        await w.until(lambda: len(channel.batches) == 1)
        await w.outbox.enqueue(message("never"))
        await w.until(lambda: len(channel.batches) == 2)
        closing = asyncio.ensure_future(w.worker.aclose())
        await clock.tick(5)
        await w.outbox.enqueue(message("later"))
        gates["quick"].set()
        await clock.tick(40)
        await closing
        assert await w.phase("quick") is Phase.SENT
        assert await w.phase("later") is Phase.QUEUED
        entry = await w.entry("never")
        assert (entry.phase, entry.crashes) == (Phase.DOUBT, 0)


class Slow(MemoryStore):
    """It takes up what is due at once, and says so when it may."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.claimed = asyncio.Event()
        self.may_say = asyncio.Event()

    async def claim(self, want: Want) -> list[Entry]:
        claimed = await super().claim(want)
        if claimed:
            self.claimed.set()
            await self.may_say.wait()
        return claimed


async def test_a_stop_in_the_middle_of_a_claim_leaves_nothing_in_doubt() -> None:
    clock = ManualClock()
    store = Slow(clock)
    channel = Scripted()
    async with world(channel, store=store, clock=clock) as w:
        await w.outbox.enqueue(message())
        await w.until(store.claimed.is_set)
        closing = asyncio.ensure_future(w.worker.aclose())
        await clock.tick(1)
        store.may_say.set()
        await clock.tick(1)
        await closing
        assert channel.refs == ["ref"]
        assert await w.phase() is Phase.SENT


async def test_a_stop_waits_for_no_store_that_does_not_answer() -> None:
    clock = ManualClock()
    store = Slow(clock)
    async with world(Scripted(), store=store, clock=clock) as w:
        await w.outbox.enqueue(message())
        await w.until(store.claimed.is_set)
        closing = asyncio.ensure_future(w.worker.aclose())
        await clock.tick(w.outbox.settings.stop_within + 1)
        await closing
        # Nobody was given it, so it is surely not sent.
        assert await w.phase() is Phase.QUEUED


class Forgetful(MemoryStore):
    """It takes its worker for dead, and does not answer it when it asks to live again."""

    fails = 0

    async def claim(self, want: Want) -> list[Entry]:
        if self.fails == 2:
            self.fails = 1
            raise LeaseLost("this worker counts as dead")
        return await super().claim(want)

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        if self.fails == 1:
            self.fails = 0
            raise Unavailable("the store does not answer")
        return await super().beat(worker, hold)


async def test_a_worker_that_counts_as_dead_outlives_a_store_that_does_not_answer() -> None:
    clock = ManualClock()
    store = Forgetful(clock)
    channel = Scripted()
    async with world(channel, store=store, clock=clock) as w:
        store.fails = 2
        await w.outbox.enqueue(message())
        await w.until(lambda: channel.refs == ["ref"])
        assert not store.fails


async def test_a_restored_backup_puts_everything_unfinished_in_doubt() -> None:
    async with world() as w:
        await w.outbox.enqueue(message("sent"))
        await w.pass_time(2)
        await w.outbox.pause(channel="wire")
        await w.outbox.enqueue(message("queued"), channel="wire")
        assert await w.outbox.restored() == 1
        await w.pass_time(2)
        await w.outbox.resume(channel="wire")
        await w.pass_time(10)
        assert await w.phase("queued") is Phase.DOUBT
        assert await w.phase("sent") is Phase.SENT
        assert w.channel.refs == ["sent"]


async def test_a_bug_of_a_plugin_or_an_application_does_not_stop_the_worker() -> None:
    channel = Pushing()
    clock = ManualClock()
    async with world(channel, clock=clock) as w:

        async def broken(ids: Sequence[str], **_: object) -> list[Status]:
            raise ZeroDivisionError

        channel.status = broken  # type: ignore[method-assign]
        taken: list[str] = []

        async def take(event: Event) -> None:
            if not taken:
                taken.append("failed")
                raise ZeroDivisionError
            taken.append(event.id)

        w.worker._take = take
        await w.outbox.enqueue(message("one"))
        await w.pass_time(10)
        wrote = Incoming(id="7", at=clock.now(), channel="wire", sender="7", to="8", text="Hi")
        channel.pushed.put_nowait(wrote)
        await w.pass_time(3)
        channel.pushed.put_nowait(wrote)
        await w.outbox.enqueue(message("two"))
        await w.pass_time(3)
        assert channel.refs == ["one", "two"]
        assert taken == ["failed", "7"]


async def test_an_unreadable_body_is_dead_and_the_others_go() -> None:
    async with world() as w:
        (entry,) = w.outbox.entries_of([message()], _terms())
        await w.store.add([replace(entry, body="{nonsense")])
        await w.outbox.enqueue(message("good"), channel="wire")
        await w.pass_time(3)
        assert await w.phase() is Phase.DEAD
        assert w.channel.refs == ["good"]


async def test_one_that_a_worker_died_with_goes_alone_and_dies_with_the_second() -> None:
    """A poison message costs two workers and no neighbour."""
    clock = ManualClock()
    store = MemoryStore(clock)
    channel = Scripted()
    deaths = 0
    waiting = asyncio.Event()

    async def poison(messages: Sequence[Message]) -> None:
        if any(one.ref == "poison" for one in messages):
            waiting.set()
            await asyncio.Event().wait()

    channel.before = poison
    settings = {"in_doubt": "resend", "channels": {"wire": {"in_flight": 100, "bulk_share": 1}}}
    for _ in range(5):
        process = World(store, clock, channel, **settings)
        await process.outbox.open()
        await process.worker.open()
        if not deaths:
            messages = [message(f"ref{n}") for n in range(99)]
            await process.outbox.enqueue_many([*messages[:50], message("poison"), *messages[50:]])
        await clock.tick(60)
        if waiting.is_set():
            deaths += 1
            waiting.clear()
        await process.crash()
    assert deaths == 2
    assert len(channel.sent) == len(set(channel.refs)) == 99
    (dead,) = await store.find(Query(phase=Phase.DEAD), "", 9)
    assert (dead.ref, dead.crashes) == ("poison", 2)


async def test_the_text_of_a_code_is_forgotten_when_it_is_done() -> None:
    async with world() as w:
        await w.outbox.enqueue(message("code", priority=Priority.REALTIME))
        await w.outbox.enqueue(message("kept"))
        await w.outbox.enqueue(message("hash"), keep_text="hash")
        for ref in ("code", "kept", "hash"):
            w.channel.states[f"id-{ref}"] = State.DELIVERED
        await w.pass_time(10)
        code, kept, hashed = [await w.entry(ref) for ref in ("code", "kept", "hash")]
        assert code.body is None
        assert code.to_hash is None
        assert "79160000001" not in repr(code.legs)
        assert kept.body is not None
        assert hashed.body is None
        assert hashed.to_hash is not None
        assert await w.outbox.forget("+7 916 000-00-01") == 2
        assert (await w.entry("kept")).body is None
        assert (await w.entry("hash")).to_hash is None


async def test_forget_cancels_what_waits() -> None:
    async with world() as w:
        await w.outbox.pause(channel="wire")
        await w.outbox.enqueue(message(), channel="wire")
        assert await w.outbox.forget("79160000001") == 1
        await w.outbox.resume(channel="wire")
        await w.pass_time(3)
        assert not w.channel.sent
        entry = await w.entry()
        assert (entry.phase, entry.status.state, entry.body) == (Phase.DONE, State.DELETED, None)


async def test_events_are_read_at_least_once_by_each_consumer() -> None:
    async with world() as w:
        await w.outbox.enqueue_many([message(f"ref{n}") for n in range(120)])
        await w.pass_time(5)
        first = [event async for event in w.outbox.events("a", follow=False)]
        assert [event async for event in w.outbox.events("a", follow=False)] == []
        # Who stops in the middle gets the rest again.
        seen = []
        async for event in w.outbox.events("b", follow=False):
            seen.append(event)
            if len(seen) == 70:
                break
        rest = [event async for event in w.outbox.events("b", follow=False)]
        assert rest[0] in seen
        assert [*seen[: seen.index(rest[0])], *rest] == first


async def test_done_entries_are_deleted_after_the_retention() -> None:
    async with world(retention=3600) as w:
        w.channel.states["id-ref"] = State.DELIVERED
        await w.outbox.enqueue(message())
        await w.pass_time(3000)
        assert await w.phase() is Phase.DONE
        await w.pass_time(1000)
        assert await w.outbox.get("ref") is None


async def test_a_held_channel_stays_held_for_a_new_worker() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    await store.tune(Held("wire", "by hand"))
    async with world(store=store, clock=clock) as w:
        await w.outbox.enqueue(message())
        await w.pass_time(20)
        assert not w.channel.sent


def test_lanes_are_written_and_read() -> None:
    lane = Lane("rest", Priority.HIGH, "a b", suspect=True)
    assert Lane.of(lane.text) == lane
    with pytest.raises(InvalidArgument):
        Lane("a\tb")


def _terms() -> Terms:

    return Terms(channel="wire")
