"""A ref is of one message: a second one under it is an error, and no success."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from devino_core import DevinoError, InvalidMessage, Message, OutcomeUnknown, Rejected, State
from devino_core.testing import ManualClock
from devino_plugins.kit.recent import Recent
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, World
from tests.channels._sandboxed import Wired, account, wired

TO, OTHER = "79031234567", "79031234568"


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with wired("xml", "xml", ask_interval=0, package_size=2) as wire:
        yield wire


def first(**more: Any) -> Message:
    return Message(TO, "Hello", ref="order-1", **more)


ANOTHER: dict[str, Callable[[], Message]] = {
    "another number": lambda: Message(OTHER, "Hello", ref="order-1"),
    "another text": lambda: Message(TO, "Good-bye", ref="order-1"),
    "another sender": lambda: first(sender="OTHER"),
    "another kind": lambda: first(options={"type": "flash"}),
}


@pytest.mark.parametrize("another", ANOTHER.values(), ids=ANOTHER)
async def test_a_ref_that_was_used_for_another_message_is_refused(
    wire: Wired, another: Callable[[], Message]
) -> None:
    await wire.channel.send([first()])
    # Much is sent in between.
    await wire.channel.send([Message(f"7904{n:07}", "a") for n in range(20)])
    with pytest.raises(InvalidMessage, match="was used for a message to another") as caught:
        await wire.channel.send([Message(OTHER, "b"), another()])
    assert (caught.value.field, caught.value.ref) == ("ref", "order-1")
    with pytest.raises(InvalidMessage):
        wire.channel.check([another()])
    assert len(list(wire.world.messages())) == 21


async def test_the_same_message_may_be_sent_again(wire: Wired) -> None:
    wire.world.faults.add(Fault(operation="Send.ashx", action=Drop()))
    with pytest.raises(OutcomeUnknown):
        await wire.channel.send([first()])
    (receipt,) = await wire.channel.send([first()])
    assert receipt.status.state is State.ACCEPTED


@pytest.mark.parametrize(
    "action", [AnswerError(201), AnswerError(202), AnswerHttp(429, ""), AnswerHttp(404, "")]
)
async def test_what_was_not_sent_may_be_mended_under_its_ref(
    wire: Wired, action: AnswerError
) -> None:
    wire.world.faults.add(Fault(operation="Send.ashx", action=action))
    with suppress(DevinoError):
        await wire.channel.send([first()])
    (receipt,) = await wire.channel.send([Message(OTHER, "mended", ref="order-1")])
    assert receipt.status.state is State.ACCEPTED


async def test_a_message_that_was_refused_for_itself_may_be_mended_under_its_ref(
    wire: Wired,
) -> None:
    refused, taken = await wire.channel.send(
        [Message(TO, "a" * 2001, ref="1"), Message(OTHER, "b", ref="2")]
    )
    assert isinstance(refused.error, Rejected)
    (mended,) = await wire.channel.send([Message(TO, "a", ref="1")])
    assert mended.error is None
    with pytest.raises(InvalidMessage):
        await wire.channel.send([Message(TO, "b", ref="2")])
    assert taken.error is None


@pytest.mark.parametrize("lost", [DropAnswer(), Drop()])
async def test_what_may_have_been_sent_keeps_its_ref(wire: Wired, lost: Drop) -> None:
    wire.world.faults.add(Fault(operation="Send.ashx", action=lost))
    wire.world.faults.add(Fault(operation="Statistics.ashx", times=None, action=Drop()))
    with pytest.raises(OutcomeUnknown):
        await wire.channel.send([first()])
    with pytest.raises(InvalidMessage):
        await wire.channel.send([Message(OTHER, "Hello", ref="order-1")])


async def test_a_ref_is_free_when_the_platform_has_forgotten_it() -> None:
    clock = ManualClock()
    async with wired("xml", "xml", world=World([account()], clock=clock)) as wire:
        await wire.channel.send([first()])
        wire.clock.advance(timedelta(days=3, seconds=1).total_seconds())
        (receipt,) = await wire.channel.send([Message(OTHER, "Hello", ref="order-1")])
        assert receipt.to == OTHER


def test_a_memory_keeps_the_latest_for_as_long_as_it_is_told() -> None:
    clock = ManualClock()
    recent: Recent[str, int] = Recent(most=2, age=timedelta(seconds=10), clock=clock)
    recent["a"], recent["b"] = 1, 2
    recent["a"] = 3
    recent["c"] = 4
    assert [recent.get(key) for key in "abc"] == [3, None, 4]
    clock.advance(10)
    assert recent.get("a") == 3
    recent["a"] = 5
    clock.advance(0.1)
    assert [recent.get(key) for key in "ac"] == [5, None]
    recent.forget("a")
    recent.forget("a")
    assert recent.get("a") is None
