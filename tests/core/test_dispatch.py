"""Sending a list of messages in several calls."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from devino_core import Message, Receipt, State, Status
from devino_core.dispatch import Call, dispatch, gather
from devino_core.errors import (
    AuthenticationFailed,
    DevinoError,
    InsufficientFunds,
    OutcomeUnknown,
    Rejected,
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
