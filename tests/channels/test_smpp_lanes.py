"""A list of messages over one bound session: each lane sends its next message by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

import pytest

from devino_codecs.smpp import CommandStatus, Pdu, SubmitSm, SubmitSmResp
from devino_core import (
    Medium,
    Message,
    OutcomeUnknown,
    Receipt,
    Rejected,
    State,
    StatusChanged,
)
from devino_core.dispatch import Brake
from devino_core.observe import Call, Observers, Outcome
from tests.channels._smpp import until
from tests.channels._smpp_wired import (
    QUEUE_FULL,
    THROTTLED,
    TO,
    Wired,
    listening,
    receipt,
    settle,
    taken,
    wired,
)

REFUSED = SubmitSmResp(command_status=CommandStatus.ESME_RINVDSTADR)


def messages(count: int, text: str = "Hello") -> list[Message]:
    return [Message(f"7903{number:07}", text) for number in range(count)]


@asynccontextmanager
async def bound(**settings: object) -> AsyncIterator[Wired]:
    """A channel that has sent a message, so that its session is bound."""
    async with wired(**settings) as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "first")]))
        connection, pdu = await wire.centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        await sending
        yield wire


def sent_to(pdu: Pdu) -> int:
    """The number of the message that this is, or is a part of."""
    assert isinstance(pdu, SubmitSm)
    return int(pdu.destination_addr.removeprefix("7903"))


async def test_no_message_needs_a_task() -> None:
    async with bound(window=3) as wire:
        sending = asyncio.create_task(wire.channel.send(messages(30)))
        others: set[asyncio.Task[object]] = set()
        for number in range(30):
            connection, pdu = await wire.centre.request(SubmitSm)
            assert sent_to(pdu) == number
            others |= asyncio.all_tasks()
            connection.reply(pdu, taken(pdu))
        receipts = await sending
    assert [receipt.ids for receipt in receipts] == [(f"id-7903{n:07}",) for n in range(30)]
    assert len(others) < 6


async def test_the_window_is_filled_and_no_more() -> None:
    async with bound(window=3) as wire:
        sending = asyncio.create_task(wire.channel.send(messages(10)))
        await settle()
        connection = wire.centre.connection
        for number in range(1, 8):
            assert [sent_to(pdu) for pdu in connection.received[1:]] == list(range(number + 2))
            connection.reply(connection.received[number], taken(connection.received[number]))
            await settle()
        for pdu in connection.received[8:]:
            connection.reply(pdu, taken(pdu))
        assert len(await sending) == 10


async def test_parts_go_one_after_another_and_a_refusal_ends_their_message_alone() -> None:
    async with bound(window=2) as wire:
        sending = asyncio.create_task(wire.channel.send(messages(3, "Привет, мир! " * 12)))
        parts: dict[int, int] = {0: 0, 1: 0, 2: 0}
        while sum(parts.values()) < 8:
            connection, pdu = await wire.centre.request(SubmitSm)
            parts[sent_to(pdu)] += 1
            assert pdu.short_message[4:6] == bytes([3, parts[sent_to(pdu)]])
            is_refused = sent_to(pdu) == 1 and parts[1] == 2
            connection.reply(pdu, REFUSED if is_refused else taken(pdu))
        first, second, third = await sending
    assert (len(first.ids), len(second.ids), len(third.ids)) == (3, 1, 3)
    assert isinstance(second.error, Rejected)
    assert second.status.state is State.REJECTED


async def test_what_is_throttled_or_meets_a_full_queue_is_sent_again() -> None:
    async with bound(window=2) as wire:
        sending = asyncio.create_task(wire.channel.send(messages(4)))
        answers = {0: [THROTTLED], 1: [QUEUE_FULL]}
        order: list[int] = []

        def answer(pdu: Pdu) -> Pdu:
            order.append(sent_to(pdu))
            waiting = answers.get(sent_to(pdu))
            return waiting.pop() if waiting else taken(pdu)

        serving = asyncio.create_task(wire.centre.serve(answer))
        await until(lambda: len(order) >= 2)
        await wire.clock.tick(1)
        await until(lambda: len(order) == 5)
        assert sorted(order) == [0, 0, 1, 2, 3]
        await wire.clock.tick(3)
        await settle()
        assert not sending.done()
        await wire.clock.tick(1)
        assert all(receipt.ids for receipt in await sending)
        assert order[5:] == [1]
        serving.cancel()


async def test_a_request_without_an_answer_is_one_messages_and_its_late_answer_too() -> None:
    async with bound(window=1, response_timeout=30) as wire:
        events, telling = await listening(wire)
        given = messages(2)
        sending = asyncio.create_task(wire.channel.send(given))
        connection, first = await wire.centre.request(SubmitSm)
        await wire.clock.tick(30)
        _, second = await wire.centre.request(SubmitSm)
        connection.reply(second, taken(second))
        struck, whole = await sending
        assert isinstance(struck.error, OutcomeUnknown)
        assert whole.ids == ("id-79030000001",)
        connection.reply(first, taken(first))
        for message in given:
            connection.send(receipt(f"id-{message.to}"))
            event = await telling
            assert isinstance(event, StatusChanged)
            assert (event.ref, event.status.id) == (message.ref, f"id-{message.to}")
            telling = asyncio.create_task(events.next())
        telling.cancel()
        await events.aclose()


async def test_what_a_session_has_not_written_goes_over_the_next() -> None:
    async with bound(window=2, wait_for_session=100, bind="transmitter") as wire:
        sending = asyncio.create_task(wire.channel.send(messages(5)))
        first = wire.centre.connection
        for _ in range(2):
            await wire.centre.request(SubmitSm)
        first.close()
        await settle()
        await wire.clock.tick(60)
        serving = asyncio.create_task(wire.centre.serve(taken))
        receipts = await sending
        serving.cancel()
    assert [bool(receipt.ids) for receipt in receipts] == [False, False, True, True, True]
    assert all(isinstance(receipt.error, OutcomeUnknown) for receipt in receipts[:2])


async def test_after_a_cancellation_nothing_leaves_and_late_answers_still_count() -> None:
    async with bound(window=2) as wire:
        events, telling = await listening(wire)
        given = messages(10)
        sending = asyncio.create_task(wire.channel.send(given))
        asked = [await wire.centre.request(SubmitSm) for _ in range(2)]
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        connection = wire.centre.connection
        for _, pdu in asked:
            connection.reply(pdu, taken(pdu))
        await settle()
        assert len(connection.received) == 3
        connection.send(receipt("id-79030000001"))
        event = await telling
        assert isinstance(event, StatusChanged)
        assert event.ref == given[1].ref
        await events.aclose()
        # The session and its window are the others'.
        again = asyncio.create_task(wire.channel.send(messages(2)))
        for _ in range(2):
            connection, pdu = await wire.centre.request(SubmitSm)
            connection.reply(pdu, taken(pdu))
        assert len(await again) == 2


async def test_an_observer_is_told_each_request_in_the_callers_context() -> None:
    caller: ContextVar[str] = ContextVar("caller", default="nobody")
    told: list[str] = []

    class Observer:
        def call_started(self, call: Call) -> object:
            told.append(caller.get())

            def ended(outcome: Outcome) -> None:
                told.append(caller.get())

            return ended

    async with bound(window=2) as wire:
        wire.channel.observed.attach("smpp", Observers([Observer()]))  # type: ignore[list-item]
        serving = asyncio.create_task(wire.centre.serve(taken))
        caller.set("me")
        await wire.channel.send(messages(20))
        serving.cancel()
    assert told == ["me"] * 40


@pytest.mark.parametrize("count", [2, 3000])
async def test_a_bug_in_the_log_of_each_request_loses_no_outcome(count: int) -> None:
    class Buggy(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise ZeroDivisionError

    log, buggy = logging.getLogger("devino.smpp"), Buggy()
    async with bound(window=2) as wire:
        serving = asyncio.create_task(wire.centre.serve(taken))
        log.addFilter(buggy)
        log.setLevel(logging.DEBUG)
        try:
            with pytest.raises(OutcomeUnknown, match="ZeroDivisionError") as caught:
                await wire.channel.send(messages(count))
        finally:
            log.removeFilter(buggy)
            log.setLevel(logging.NOTSET)
            serving.cancel()
    assert len(caught.value.refs) == count


async def test_a_pulled_brake_lets_no_other_message_begin() -> None:
    async with bound(window=2) as wire:
        told: list[tuple[str, bool]] = []
        with Brake(
            lambda sent, outcome: told.extend((one.to, isinstance(outcome, list)) for one in sent)
        ) as brake:
            sending = asyncio.create_task(wire.channel.send(messages(5)))
            asked = [await wire.centre.request(SubmitSm) for _ in range(2)]
            brake.pull()
            for connection, pdu in asked:
                connection.reply(pdu, taken(pdu))
            receipts = await sending
    assert [bool(one.ids) for one in receipts] == [True, True, False, False, False]
    assert told == [("79030000000", True), ("79030000001", True)]


async def test_lists_of_two_calls_share_the_window() -> None:
    async with bound(window=3) as wire:
        serving = asyncio.create_task(wire.centre.serve(taken))
        given = [messages(50), messages(50)]
        both = await asyncio.gather(*(wire.channel.send(one) for one in given))
        serving.cancel()
    for sent, receipts in zip(given, both, strict=True):
        assert [one.ref for one in receipts] == [one.ref for one in sent]
        assert [one.ids for one in receipts] == [(f"id-{one.to}",) for one in sent]
    assert both[0][0].medium is Medium.SMS
    assert isinstance(both[0][0], Receipt)
