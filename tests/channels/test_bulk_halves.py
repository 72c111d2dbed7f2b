"""One number that the platform does not take sinks a bulk call, and must not sink the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import (
    Medium,
    Message,
    OutcomeUnknown,
    Rejected,
    Retry,
    State,
    Throttled,
)
from devino_plugins.kit.batches import SendKind, plan_batches
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, World
from devino_sandbox._faults import Action
from tests.channels._sandboxed import Wired, account
from tests.channels._services import SERVICES, reached

NO_SUCH_NUMBER = AnswerError(6, "Invalid destination address")
NUMBERS = [f"7903123456{last}" for last in range(10)]


@pytest.fixture(params=SERVICES)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    async with reached(request.param) as wire:
        yield wire


def refuse(wire: Wired, *numbers: str, action: Action = NO_SUCH_NUMBER) -> None:
    for number in numbers:
        wire.world.faults.add(Fault(to=number, times=None, action=action))


def counted(wire: Wired) -> Callable[[], int]:
    """How many calls the channel has made since."""
    channel, made = cast("Any", wire.channel), 0
    exchange = channel.exchange

    async def counting(*arguments: object, **named: object) -> object:
        nonlocal made
        made += 1
        return await exchange(*arguments, **named)

    channel.exchange = counting
    return lambda: made


def messages(medium: Medium = Medium.SMS, **more: Any) -> list[Message]:
    return [Message(number, "Hello", medium=medium, **more) for number in NUMBERS]


def taken(wire: Wired) -> list[str]:
    return sorted(message.to for message in wire.world.messages() if message.reason is None)


@pytest.mark.parametrize("bad", [{0}, {9}, {4, 5}, {0, 3, 9}, set(range(9)), set(range(10))])
async def test_only_the_bad_numbers_are_refused_and_each_other_one_is_sent_once(
    wire: Wired, bad: set[int]
) -> None:
    refuse(wire, *[NUMBERS[place] for place in bad])
    receipts = await wire.channel.send(messages())
    assert [receipt.to for receipt in receipts] == NUMBERS
    for place, receipt in enumerate(receipts):
        assert receipt.refused is (place in bad)
        if place in bad:
            assert isinstance(receipt.error, Rejected)
            assert receipt.error.retry is Retry.NEVER
            assert receipt.status.code == 6
        else:
            (stored,) = wire.world.messages(to=receipt.to)
            assert (receipt.ids, receipt.error) == (stored.ids, None)
            assert receipt.status.state is State.ACCEPTED
    assert taken(wire) == [number for place, number in enumerate(NUMBERS) if place not in bad]


async def test_one_bad_number_costs_a_few_calls(wire: Wired) -> None:
    refuse(wire, NUMBERS[3])
    await wire.channel.send([Message("79030000000", "another text")])  # logs in
    calls = counted(wire)
    await wire.channel.send(messages())
    assert calls() <= 1 + 2 * 4


async def test_viber_messages_keep_what_is_their_own(wire: Wired) -> None:
    by_rest = wire.channel.name.startswith("rest")
    refuse(
        wire,
        NUMBERS[3],
        action=AnswerError("error-address-unknown") if by_rest else NO_SUCH_NUMBER,
    )
    sent = [
        Message(number, "Hi", medium=Medium.VIBER, options={"optional": f"of {number}"})
        for number in NUMBERS
    ]
    receipts = await wire.channel.send(sent)
    assert [receipt.refused for receipt in receipts] == [n == 3 for n in range(10)]
    assert taken(wire) == NUMBERS[:3] + NUMBERS[4:]


@pytest.mark.parametrize(
    "action",
    [
        AnswerError(6, "Invalid source address"),
        AnswerError(2, "Invalid argument"),
        AnswerError(7),
    ],
)
async def test_what_is_not_about_a_number_is_refused_at_once(wire: Wired, action: Action) -> None:
    await wire.channel.send([Message("79030000000", "another text")])
    refuse(wire, NUMBERS[3], action=action)
    calls = counted(wire)
    receipts = await wire.channel.send(messages())
    assert all(receipt.refused for receipt in receipts)
    assert calls() == 1
    assert taken(wire) == ["79030000000"]


@pytest.mark.parametrize(("action", "carried_out"), [(Drop(), False), (DropAnswer(), True)])
async def test_a_half_whose_answer_is_lost_is_unknown_and_not_sent_again(
    wire: Wired, action: Action, carried_out: bool
) -> None:
    # The first five: their half breaks; of the others one is refused.
    refuse(wire, NUMBERS[9])
    wire.world.faults.add(Fault(to=NUMBERS[0], nth=2, action=action))
    receipts = await wire.channel.send(messages())
    for receipt in receipts[:5]:
        assert isinstance(receipt.error, OutcomeUnknown)
        assert (receipt.status.state, receipt.ids) == (State.UNKNOWN, ())
    assert [receipt.refused for receipt in receipts[5:]] == [False] * 4 + [True]
    assert taken(wire) == [*(NUMBERS[:5] if carried_out else []), *NUMBERS[5:9]]


async def test_a_platform_that_is_busy_is_not_asked_about_the_rest(wire: Wired) -> None:
    await wire.channel.send([Message("79030000000", "another text")])
    wire.world.faults.add(Fault(to=NUMBERS[5], nth=2, action=AnswerHttp(429, "")))
    refuse(wire, NUMBERS[9])
    calls = counted(wire)
    receipts = await wire.channel.send(messages())
    assert [type(receipt.error) for receipt in receipts] == [type(None)] * 5 + [Throttled] * 5
    assert {receipt.error.retry for receipt in receipts[5:] if receipt.error} == {Retry.SAFE}
    assert calls() == 3
    assert taken(wire) == ["79030000000", *NUMBERS[:5]]


async def test_money_that_ends_half_way_ends_the_rest() -> None:
    poor = World([account(balance=Decimal(8))])
    async with reached("rest-v2", world=poor) as wire:
        refuse(wire, NUMBERS[9])
        receipts = await wire.channel.send(messages())
        assert [receipt.status.code for receipt in receipts] == [None] * 5 + [5] * 5


@given(st.integers(2, 40), st.booleans())
def test_halves_hold_the_same_messages_in_the_same_order(count: int, own: bool) -> None:
    numbers = [f"790312345{n:02}" for n in range(count)]
    options = [{"optional": str(n)} if own else {} for n in range(count)]
    sent = [
        Message(number, "Hi", medium=Medium.VIBER, options=option)
        for number, option in zip(numbers, options, strict=True)
    ]
    (batch,) = plan_batches(sent, lambda _: "S", bulk_size=100, optional_each=True)
    waiting, alone = [batch], []
    while waiting:
        one = waiting.pop(0)
        if len(one.positions) == 1:
            alone.append(one)
        else:
            waiting[:0] = one.halves()
    again = [plan_batches([m], lambda _: "S", bulk_size=9, optional_each=True)[0] for m in sent]
    assert [tuple(one.positions) for one in alone] == [(n,) for n in range(count)]
    for half, single in zip(alone, again, strict=True):
        assert (half.recipients, half.optionals, half.parts) == (
            single.recipients,
            single.optionals,
            single.parts,
        )
        assert half.content.kind is SendKind.VIBER
