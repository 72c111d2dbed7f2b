"""What a worker does with errors and doubts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    DevinoError,
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
    Throttled,
    Unsupported,
)
from devino_core._sending import Sending
from devino_core.outbox import (
    EventKind,
    InDoubt,
    Phase,
    Resolution,
)
from devino_core.outbox._blame import Blame, blame
from devino_core.settings import ClientSettings

from ._world import Recalling, message, world


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


async def test_a_message_is_tried_again_by_the_outbox_and_not_by_the_client() -> None:
    async with world() as w:
        w.worker._context.rules = Sending(ClientSettings(retries=3), w.clock)
        w.channel.failure = ConnectFailed("down")
        await w.outbox.enqueue(message())
        await w.until(lambda: w.channel.batches == [1])
        assert await w.phase() is Phase.QUEUED


async def test_a_refused_message_is_over_and_its_neighbours_go() -> None:
    async with world() as w:
        w.channel.failures["79160000009"] = Rejected("no such number", code=5)
        await w.outbox.enqueue_many([message("bad", to="79160000009"), message("good")])
        await w.pass_time(3)
        assert w.channel.refs == ["good"]
        entry = await w.entry("bad")
        assert (entry.phase, entry.status.state) == (Phase.DONE, State.REJECTED)


async def test_a_description_does_not_name_the_call() -> None:
    async with world() as w:
        refusal = Rejected("no such number")
        refusal.call_id = "00112233aabbccdd"
        w.channel.failures["79160000009"] = refusal
        await w.outbox.enqueue(message("bad", to="79160000009"))
        await w.pass_time(3)
        entry = await w.entry("bad")
        assert entry.status.description == "no such number"
        assert entry.legs[0].error is not None
        assert entry.legs[0].error.call_id == refusal.call_id


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
        assert len(w.channel.batches) == 1
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
        assert len(w.channel.batches) <= 20
        assert set(w.channel.batches[1:]) == {1}
        assert (await w.entry("ref0")).failures == 0
        w.channel.failure = None
        await w.pass_time(65)
        assert len(w.channel.sent) == 1000


async def test_who_is_told_to_wait_waits_and_asks_for_less() -> None:
    async with world() as w:
        w.channel.failure = Throttled("slow down", retry_after=20)
        await w.outbox.enqueue_many([message(f"ref{n}") for n in range(300)])
        await w.pass_time(15)
        assert w.channel.batches == [80]
        w.channel.failure = None
        await w.pass_time(10)
        assert w.channel.batches[1] <= 50
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
        assert len(w.channel.batches) == 3


async def test_a_lost_answer_is_parked_and_resolved_by_a_person() -> None:
    async with world() as w:
        w.channel.failure = OutcomeUnknown("no answer")
        await w.outbox.enqueue_many([message("a"), message("b"), message("c")])
        await w.pass_time(600)
        assert w.channel.batches == [3]
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
        await w.until(lambda: sum(w.channel.batches) == 2)
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
