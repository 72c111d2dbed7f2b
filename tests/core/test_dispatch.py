"""Sending a list of messages in several calls."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Sequence

import pytest

from devino_core import Message, Receipt, State, Status
from devino_core.dispatch import Call, dispatch, gather, statuses_in_batches, statuses_of
from devino_core.errors import (
    AuthenticationFailed,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unavailable,
)

pytestmark = pytest.mark.pythons

MESSAGES = [Message(f"7903123456{n}", "Hello", ref=f"r{n}") for n in range(4)]


def call(*positions: int, ends: DevinoError | None = None, receipts: int | None = None) -> Call:
    async def run() -> Sequence[Receipt]:
        if ends is not None:
            raise ends
        taken = positions if receipts is None else positions[:receipts]
        return [
            Receipt.of(MESSAGES[position], Status(state=State.ACCEPTED), channel="c")
            for position in taken
        ]

    return positions, run


async def sent(*calls: Call) -> list[Receipt]:
    count = sum(len(positions) for positions, _ in calls)
    receipts = await dispatch(MESSAGES[:count], calls, channel="c", concurrency=2)
    assert [receipt.ref for receipt in receipts] == [m.ref for m in MESSAGES[:count]]
    return receipts


async def test_receipts_come_in_the_order_of_the_messages_whatever_that_of_the_calls() -> None:
    receipts = await sent(call(3, 1), call(2, 0))
    assert {receipt.status.state for receipt in receipts} == {State.ACCEPTED}
    assert await sent(call(1, 0)) == receipts[:2]


async def test_a_call_refused_for_its_messages_gives_them_receipts() -> None:
    for calls in (
        [call(0, 1, ends=Rejected("no", code=6))],
        [call(0, ends=Rejected("no")), call(1)],
    ):
        first, *_ = await sent(*calls)
        assert first.refused
        assert isinstance(first.error, Rejected)


@pytest.mark.parametrize(
    "error", [AuthenticationFailed("who?"), InsufficientFunds("no money"), Unavailable("later")]
)
async def test_an_error_of_all_calls_is_raised_with_all_refs(error: DevinoError) -> None:
    for calls in ([call(0, 1, ends=error)], [call(0, ends=error), call(1, ends=error)]):
        with pytest.raises(type(error)) as caught:
            await sent(*calls)
        assert caught.value.refs == ("r0", "r1")


async def test_a_call_that_failed_among_others_loses_nothing() -> None:
    first, second = await sent(call(0, ends=OutcomeUnknown("no answer")), call(1))
    assert isinstance(first.error, OutcomeUnknown)
    assert first.status.state is State.UNKNOWN
    assert second.status.state is State.ACCEPTED


async def test_a_call_with_too_few_receipts_has_an_unknown_outcome_and_harms_no_other() -> None:
    with pytest.raises(OutcomeUnknown, match="1 receipts for 2 messages") as caught:
        await sent(call(0, 1, receipts=1))
    assert caught.value.refs == ("r0", "r1")
    first, second, third = await sent(call(0, 1, receipts=1), call(2))
    assert isinstance(first.error, OutcomeUnknown)
    assert isinstance(second.error, OutcomeUnknown)
    assert third.status.state is State.ACCEPTED


async def test_a_call_that_gives_no_receipts_at_all_harms_no_other() -> None:
    async def nothing() -> Sequence[Receipt]:
        return None  # type: ignore[return-value]

    with pytest.raises(OutcomeUnknown, match="NoneType"):
        await sent(((0,), nothing))
    first, second = await sent(((0,), nothing), call(1))
    assert isinstance(first.error, OutcomeUnknown)
    assert second.status.state is State.ACCEPTED


async def test_the_error_of_a_receipt_is_freed_with_it() -> None:
    async def refuse() -> Sequence[Receipt]:
        raise Rejected("no")

    gc.disable()
    try:
        (receipt,) = await dispatch(MESSAGES[:1], [((0,), refuse)], channel="c", concurrency=1)
        error = weakref.ref(receipt.error or Rejected("another"))
        # What `assert` looks at, it may hold until the next one.
        was_there = error() is not None
        del receipt
        is_freed = error() is None
        assert (was_there, is_freed) == (True, True)
    finally:
        gc.enable()


async def test_no_calls_are_no_receipts() -> None:
    assert await sent() == []


class _PluginBugError(Exception):
    pass


@pytest.mark.parametrize("count", [1, 2])
async def test_a_bug_of_a_plugin_ends_one_call_as_it_ends_many(count: int) -> None:
    async def fails() -> Sequence[Receipt]:
        raise _PluginBugError("'state'")

    calls: list[Call] = [((position,), fails) for position in range(count)]
    with pytest.raises(OutcomeUnknown, match="_PluginBugError; 'state'") as caught:
        await sent(*calls)
    assert isinstance(caught.value.__cause__, _PluginBugError)
    assert caught.value.refs == tuple(message.ref for message in MESSAGES[:count])
    with pytest.raises(OutcomeUnknown, match="_PluginBugError; 'state'"):
        await gather([fails] * count, concurrency=2)


async def many(
    ends: Sequence[DevinoError | None], *, concurrency: int
) -> tuple[list[Receipt], int]:
    """Messages in a call each that end so; gives how many calls were made."""
    messages = [Message(f"7903{n:07}", "Hello") for n in range(len(ends))]
    made = 0

    def one(place: int) -> Call:
        async def run() -> Sequence[Receipt]:
            nonlocal made
            made += 1
            await asyncio.sleep(0)
            error = ends[place]
            if error is not None:
                raise error
            return [Receipt.of(messages[place], Status(state=State.ACCEPTED), channel="c")]

        return (place,), run

    calls = [one(place) for place in range(len(ends))]
    return await dispatch(messages, calls, channel="c", concurrency=concurrency), made


@pytest.mark.parametrize(
    "error",
    [AuthenticationFailed("who?"), Throttled("slower", retry_after=60)],
    ids=lambda error: type(error).__name__,
)
async def test_after_a_refusal_of_the_rate_or_the_login_the_calls_left_are_not_made(
    error: DevinoError,
) -> None:
    receipts, made = await many([None] * 5 + [error] * 995, concurrency=4)
    assert made <= 5 + 4
    assert [receipt.error for receipt in receipts[:5]] == [None] * 5
    for receipt in receipts[5:]:
        assert type(receipt.error) is type(error)
        assert receipt.error.retry_after == error.retry_after
    assert len({id(receipt.error) for receipt in receipts[5:]}) > 900


async def test_a_host_that_cannot_be_reached_is_not_tried_by_every_call() -> None:
    receipts, made = await many([None, *[ConnectFailed("down")] * 999], concurrency=4)
    assert made <= 1 + 3 + 4
    assert all(isinstance(receipt.error, ConnectFailed) for receipt in receipts[1:])


async def test_single_connections_that_fail_stop_nothing() -> None:
    ends = [ConnectFailed("down") if place % 3 else None for place in range(99)]
    receipts, made = await many(ends, concurrency=1)
    assert made == 99
    assert sum(receipt.error is None for receipt in receipts) == 33


@pytest.mark.parametrize("error", [OutcomeUnknown("?"), Rejected("no"), Unavailable("later")])
async def test_other_errors_stop_nothing(error: DevinoError) -> None:
    _, made = await many([None, *[error] * 49], concurrency=4)
    assert made == 50


async def test_each_id_has_an_outcome_of_its_own() -> None:
    async def ask(one: str) -> Status:
        if one == "3":
            raise Unavailable("502")
        return Status(state=State.DELIVERED, id=one)

    statuses = await statuses_of(list("12345"), ask, concurrency=2)
    assert [status.id for status in statuses] == list("12345")
    assert [status.state for status in statuses].count(State.DELIVERED) == 4
    assert isinstance(statuses[2].error, Unavailable)
    assert (statuses[2].state, statuses[2].description) == (State.UNKNOWN, "502")


@pytest.mark.parametrize("ids", ["3", "33"])
async def test_where_no_id_can_be_read_the_error_is_raised(ids: str) -> None:
    async def ask(one: str) -> Status:
        raise Unavailable("502")

    with pytest.raises(Unavailable):
        await statuses_of(list(ids), ask, concurrency=2)
    assert await statuses_of([], ask, concurrency=2) == []


async def test_a_batch_that_cannot_be_read_silences_no_other() -> None:
    async def ask(part: Sequence[str]) -> Sequence[Status]:
        if "c" in part:
            raise Unavailable("502")
        return [Status(state=State.ENROUTE, id=one) for one in part]

    statuses = await statuses_in_batches(list("abcde"), ask, size=2, concurrency=1)
    assert [(status.id, status.error is None) for status in statuses] == [
        ("a", True),
        ("b", True),
        ("c", False),
        ("d", False),
        ("e", True),
    ]
