"""What a worker does with messages, errors, times and crashes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    DevinoError,
    Event,
    Incoming,
    InsufficientFunds,
    InvalidArgument,
    InvalidMessage,
    Message,
    OutcomeUnknown,
    Priority,
    ProtocolViolation,
    QueueFull,
    Receipt,
    Rejected,
    State,
    Status,
    StatusChanged,
    Throttled,
    Unsupported,
)
from devino_core.outbox import (
    Added,
    Entry,
    EventKind,
    Held,
    InDoubt,
    Lane,
    MemoryStore,
    Phase,
    Query,
    RefTaken,
    Resolution,
    Want,
)
from devino_core.outbox._blame import Blame, blame
from devino_core.outbox._making import Terms
from devino_core.testing import ManualClock

from ._world import Pushing, Recalling, Scripted, World, message, world


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


@pytest.mark.parametrize(
    ("error", "whom"),
    [
        (Rejected("no"), Blame.REFUSED),
        (InvalidMessage("to", "is wrong"), Blame.REFUSED),
        (Unsupported("cannot"), Blame.REFUSED),
        (Throttled("slow down"), Blame.BUSY),
        (QueueFull("full"), Blame.BUSY),
        (ConnectFailed("down"), Blame.DOWN),
        (AuthenticationFailed("who?"), Blame.HELD),
        (InsufficientFunds("poor"), Blame.HELD),
        (OutcomeUnknown("lost"), Blame.UNKNOWN),
        (ProtocolViolation("what?"), Blame.UNKNOWN),
        (ProtocolViolation("what?", changes=False), Blame.FAILED),
    ],
)
def test_errors_blame_the_message_or_the_channel(error: DevinoError, whom: Blame) -> None:
    assert blame(error) is whom


async def test_a_refused_message_is_over_and_its_neighbours_go() -> None:
    async with world() as w:
        w.channel.failures["79160000009"] = Rejected("no such number", code=5)
        await w.outbox.enqueue_many([message("bad", to="79160000009"), message("good")])
        await w.pass_time(3)
        assert w.channel.refs == ["good"]
        entry = await w.entry("bad")
        assert (entry.phase, entry.status.state) == (Phase.DONE, State.REJECTED)


async def test_what_no_check_passes_is_refused_to_the_caller() -> None:
    async with world() as w:
        w.outbox.client = w.client
        with pytest.raises(Unsupported):
            await w.outbox.enqueue(message(medium="VIBER"))
        assert await w.outbox.get("ref") is None


async def test_a_priority_counts_here_where_the_wire_has_no_word_for_it() -> None:
    async with world() as w:
        w.outbox.client = w.client
        await w.outbox.enqueue(message(priority=Priority.REALTIME))
        await w.pass_time(2)
        assert [one.priority for one in w.channel.sent] == [None]


async def test_an_expired_password_burns_no_message() -> None:
    async with world() as w:
        w.channel.failure = AuthenticationFailed("wrong password")
        await w.outbox.enqueue_many([message(f"ref{n}") for n in range(500)])
        await w.pass_time(30)
        assert len(w.channel.calls) == 1
        tally = await w.outbox.tally()
        assert tally.limits["wire"].held == "AuthenticationFailed: wrong password"
        assert [event.kind for event in await w.events()].count(EventKind.CHANNEL_HELD) == 1
        w.channel.failure = None
        await w.outbox.resume(channel="wire")
        await w.pass_time(10)
        assert len(w.channel.sent) == 500


async def test_a_balance_frees_a_channel_that_is_held() -> None:
    async with world() as w:
        w.channel.failure = InsufficientFunds("no money")
        w.channel.credit = AuthenticationFailed("?")
        await w.outbox.enqueue(message())
        await w.pass_time(130)
        assert not w.channel.sent
        w.channel.failure = None
        w.channel.credit = Decimal(0)
        await w.pass_time(130)
        assert not w.channel.sent
        w.channel.credit = Decimal(10)
        await w.pass_time(70)
        assert w.channel.refs == ["ref"]


async def test_a_platform_that_is_down_is_tried_with_one_message_now_and_then() -> None:
    async with world() as w:
        w.channel.failure = ConnectFailed("refused")
        await w.outbox.enqueue_many([message(f"ref{n}") for n in range(1000)])
        await w.pass_time(600)
        assert len(w.channel.calls) <= 20
        assert set(w.channel.calls[1:]) == {1}
        assert (await w.entry("ref0")).failures == 0
        w.channel.failure = None
        await w.pass_time(65)
        assert len(w.channel.sent) == 1000


async def test_who_is_told_to_wait_waits_and_asks_for_less() -> None:
    async with world() as w:
        w.channel.failure = Throttled("slow down", retry_after=20)
        await w.outbox.enqueue_many([message(f"ref{n}") for n in range(300)])
        await w.pass_time(15)
        assert w.channel.calls == [80]
        w.channel.failure = None
        await w.pass_time(10)
        assert w.channel.calls[1] <= 50
        assert len(w.channel.sent) == 300


async def test_a_failure_of_its_own_is_tried_some_times_at_most() -> None:
    async with world(max_attempts=3) as w:
        w.channel.failures["79160000001"] = ProtocolViolation("what?", changes=False)
        await w.outbox.enqueue(message())
        await w.pass_time(60)
        entry = await w.entry()
        assert (entry.phase, entry.failures) == (Phase.DEAD, 3)
        w.channel.failures.clear()
        assert await w.outbox.retry("ref")
        await w.pass_time(3)
        assert w.channel.refs == ["ref"]


async def test_a_plugins_bug_puts_in_doubt_and_then_to_rest() -> None:
    async with world(in_doubt="resend", max_doubts=2) as w:
        w.channel.failure = ZeroDivisionError("oops")
        await w.outbox.enqueue(message())
        await w.pass_time(30)
        assert (await w.phase()) is Phase.DEAD
        assert len(w.channel.calls) == 3


async def test_a_lost_answer_is_parked_and_resolved_by_a_person() -> None:
    async with world() as w:
        w.channel.failure = OutcomeUnknown("no answer")
        await w.outbox.enqueue_many([message("a"), message("b"), message("c")])
        await w.pass_time(600)
        assert w.channel.calls == [3]
        assert await w.phase("a") is Phase.DOUBT
        w.channel.failure = None
        assert await w.outbox.resolve("a", "not-sent")
        assert await w.outbox.resolve("b", Resolution.SENT, message_id="id-b")
        assert await w.outbox.resolve("c", "give-up")
        assert not await w.outbox.resolve("c", "give-up")
        w.channel.states["id-b"] = State.DELIVERED
        await w.pass_time(20)
        assert w.channel.refs == ["a"]
        assert (await w.entry("b")).status.state is State.DELIVERED
        done = await w.entry("c")
        assert (done.phase, done.status.state) == (Phase.DONE, State.UNKNOWN)


async def test_a_lost_answer_ends_or_is_sent_again_as_the_policy_says() -> None:
    async with world() as w:
        w.channel.failure = OutcomeUnknown("no answer")
        await w.outbox.enqueue(message("end"), in_doubt=InDoubt.END)
        await w.outbox.enqueue(message("again"), in_doubt="resend")
        await w.until(lambda: sum(w.channel.calls) == 2)
        w.channel.failure = None
        await w.pass_time(5)
        assert w.channel.refs == ["again"]
        entry = await w.entry("end")
        assert (entry.phase, entry.status.state) == (Phase.DONE, State.UNKNOWN)
        with pytest.raises(InvalidArgument):
            await w.outbox.enqueue(message("x"), in_doubt="perhaps")


async def test_a_platform_that_can_be_asked_is_asked_first() -> None:
    channel = Recalling()
    taken: set[str] = {"taken"}

    def known(one: Message) -> Receipt | None:
        if one.ref not in taken:
            return None
        status = Status(state=State.ENROUTE)
        return Receipt.of(one, status, channel="wire", ids=(f"id-{one.ref}",))

    channel.known = known
    async with world(channel, settle=120) as w:
        channel.failure = OutcomeUnknown("no answer")
        await w.outbox.enqueue_many([message("taken"), message("late"), message("not")])
        await w.pass_time(3)
        assert await w.phase("taken") is Phase.SENT
        # The request may still be under way: a no does not count yet.
        channel.failure = None
        await w.pass_time(100)
        assert await w.phase("late") is await w.phase("not") is Phase.DOUBT
        taken.add("late")
        await w.pass_time(30)
        assert await w.phase("late") is Phase.SENT
        assert channel.refs == ["not"]


async def test_what_a_platform_does_not_tell_is_asked_again() -> None:
    channel = Recalling()
    untold = ProtocolViolation("no answer about it", changes=False)
    channel.known = lambda one: Receipt.of(
        one, Status(state=State.UNKNOWN), channel="wire", error=untold
    )
    async with world(channel) as w:
        channel.failure = OutcomeUnknown("no answer")
        await w.outbox.enqueue(message())
        await w.pass_time(1000)
        assert await w.phase() is Phase.DOUBT
        channel.known = lambda _: None
        channel.failure = None
        await w.pass_time(100)
        assert channel.refs == ["ref"]


async def test_a_report_before_its_receipt_is_not_lost() -> None:
    channel = Pushing()
    gate = asyncio.Event()

    async def before(_: Sequence[Message]) -> None:
        await gate.wait()

    channel.before = before
    async with world(channel) as w:
        await w.outbox.enqueue(message())
        await w.until(lambda: bool(channel.calls))
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
    await first.until(lambda: bool(channel.calls))
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
        await w.until(lambda: bool(channel.calls))
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
        await w.until(lambda: bool(channel.calls))
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
        await w.until(lambda: len(channel.calls) == 1)
        await w.outbox.enqueue(message("never"))
        await w.until(lambda: len(channel.calls) == 2)
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
