"""What a call that sends a list leaves behind: to the others, to its caller, in memory."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any
from weakref import ref

import pytest

from devino_codecs.smpp import Pdu, SubmitSm
from devino_core import DevinoError, Message, OutcomeUnknown, Rejected, Throttled
from devino_core.dispatch import Brake
from devino_core.observe import Call, Observer, Observers, Outcome
from tests.channels._smpp import until
from tests.channels._smpp_wired import THROTTLED, TO, Wired, settle, taken
from tests.channels.test_smpp_lanes import REFUSED, bound, messages, sent_to
from tests.wire._smpp_broken import BROKEN


class Observing(Observer):
    """Calls a function when a call has ended."""

    def __init__(self, ended: Callable[[Outcome], None]) -> None:
        self.ended = ended

    def call_started(self, call: Call) -> Callable[[Outcome], None]:
        return self.ended


def observe(wire: Wired, observer: Observer) -> None:
    wire.channel.observed.attach("smpp", Observers([observer]))


async def test_a_call_that_is_cancelled_with_its_last_answer_harms_no_other() -> None:
    async with bound(window=3) as wire:
        sending = asyncio.create_task(wire.channel.send(messages(2)))
        other = asyncio.create_task(wire.channel.send([Message(TO, "other")]))

        def ended(_: Outcome) -> None:
            sending.cancel()

        observe(wire, Observing(ended))
        asked = [await wire.centre.request(SubmitSm) for _ in range(3)]
        # The session reads all answers at once.
        for connection, pdu in asked:
            connection.machine.reply(pdu, taken(pdu))
        asked[0][0].flush()
        (receipt,) = await asyncio.wait_for(other, 10)
        assert receipt.ids == (f"id-{TO}",)
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert not wire.centre.connection.closed.is_set()


@pytest.mark.parametrize("is_cut_first", [True, False])
async def test_a_call_that_is_cut_off_and_cancelled_is_cancelled(is_cut_first: bool) -> None:
    async with bound(window=2) as wire:
        with Brake() as brake:
            sending = asyncio.create_task(wire.channel.send(messages(6)))
            for _ in range(2):
                await wire.centre.request(SubmitSm)
            for end in (brake.cut, sending.cancel)[:: 1 if is_cut_first else -1]:
                end()
            with pytest.raises(asyncio.CancelledError):
                await sending
        await settle()
        assert len(wire.centre.connection.received) == 3


async def test_a_bug_in_the_log_of_a_cancelled_call_changes_nothing() -> None:
    log = logging.getLogger("devino.smpp")

    def buggy(record: logging.LogRecord) -> bool:
        raise ZeroDivisionError

    async with bound(window=2) as wire:
        log.setLevel(logging.INFO)
        sending = asyncio.create_task(wire.channel.send(messages(6)))
        asked = [await wire.centre.request(SubmitSm) for _ in range(2)]
        log.addFilter(buggy)
        try:
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
        finally:
            log.removeFilter(buggy)
            log.setLevel(logging.NOTSET)
        for connection, pdu in asked:
            connection.reply(pdu, taken(pdu))
        await settle()
        assert len(wire.centre.connection.received) == 3


async def test_messages_that_each_wait_share_a_lanes_task() -> None:
    made = 0

    def make(loop: asyncio.AbstractEventLoop, work: Any, **given: Any) -> Any:
        nonlocal made
        made += 1
        return asyncio.Task(work, loop=loop, **given)

    async with bound(window=3) as wire:
        serving = asyncio.create_task(wire.centre.serve(taken))
        loop = asyncio.get_running_loop()
        loop.set_task_factory(make)
        with Brake():
            assert len(await wire.channel.send(messages(30))) == 30
        loop.set_task_factory(None)
        serving.cancel()
    assert made < 6


async def test_each_lane_has_a_context_of_its_own_as_a_task_has() -> None:
    inside: ContextVar[str] = ContextVar("inside", default="")
    found: list[str] = []

    class Marking(Observer):
        def call_started(self, call: Call) -> Callable[[Outcome], None]:
            found.append(inside.get())
            token: Token[str] = inside.set(call.id)

            def ended(outcome: Outcome) -> None:
                assert inside.get() == call.id
                # It raises if this is another context.
                inside.reset(token)
                found.append(call.id)

            return ended

    async with bound(window=2) as wire:
        observe(wire, Marking())
        serving = asyncio.create_task(wire.centre.serve(taken))
        await wire.channel.send(messages(20))
        assert inside.get() == ""
        serving.cancel()
    assert len(found) == 40
    assert found.count("") == 20


async def test_the_memory_of_an_unanswered_request_is_not_one_of_the_whole_list() -> None:
    async with bound(window=2, response_timeout=30) as wire:
        serving = asyncio.create_task(
            wire.centre.serve(lambda pdu: [None, REFUSED][min(sent_to(pdu), 1)])
        )
        sending = asyncio.create_task(wire.channel.send(messages(5)))
        await until(lambda: len(wire.centre.connection.received) == 6)
        await wire.clock.tick(30)
        struck, *refused = await sending
        assert isinstance(struck.error, OutcomeUnknown)
        kept = [ref(one.error) for one in refused if isinstance(one.error, Rejected)]
        assert len(kept) == 4
        del sending, refused
        await settle()
        gc.collect()
        # Of errors that the session was the last to make, it remembers one.
        assert sum(one() is not None for one in kept) <= 1
        serving.cancel()


async def test_the_error_of_a_throttled_message_needs_no_collector() -> None:
    def answer(pdu: Pdu) -> Pdu:
        return THROTTLED if sent_to(pdu) == 0 else taken(pdu)

    async with bound(window=2, throttle_timeout=5) as wire:
        serving = asyncio.create_task(wire.centre.serve(answer))
        sending = asyncio.create_task(wire.channel.send(messages(2)))
        while not sending.done():
            await settle()
            await wire.clock.tick(1)
        (throttled, _) = await sending
        assert isinstance(throttled.error, Throttled)
        kept = ref(throttled.error)
        serving.cancel()
        await settle()
        gc.disable()
        try:
            del sending, throttled, _
            await settle()
            assert kept() is None
        finally:
            gc.enable()


async def test_an_error_that_an_observer_keeps_beside_its_call_can_be_collected() -> None:
    errors: list[ref[DevinoError]] = []

    class Keeping(Observer):
        def call_started(self, call: Call) -> Callable[[Outcome], None]:
            told: list[Outcome] = []

            def ended(outcome: Outcome) -> None:
                told.append(outcome)
                if outcome.error is not None:
                    errors.append(ref(outcome.error))

            return ended

    async def strike() -> None:
        async with bound(response_timeout=30) as wire:
            observe(wire, Keeping())
            sending = asyncio.create_task(wire.channel.send([Message(TO, "unanswered")]))
            await wire.centre.request(SubmitSm)
            await wire.clock.tick(30)
            with pytest.raises(OutcomeUnknown):
                await sending

    await strike()
    await settle()
    gc.collect()
    assert len(errors) == 1
    assert errors[0]() is None


async def test_a_bug_in_a_line_about_another_pdu_keeps_no_answer_back() -> None:
    class Buggy(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise ZeroDivisionError

    told: list[str] = []
    log, buggy = logging.getLogger("devino.smpp"), Buggy()
    async with bound(window=2) as wire:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, about: told.append(about["message"]))
        sending = asyncio.create_task(wire.channel.send(messages(2)))
        asked = [await wire.centre.request(SubmitSm) for _ in range(2)]
        log.addFilter(buggy)
        try:
            # All in one read, and the first is worth a line.
            connection, _ = asked[0]
            for _, pdu in asked:
                connection.machine.reply(pdu, taken(pdu))
            connection.write(BROKEN[0].octets + connection.machine.data_to_send())
            receipts = await asyncio.wait_for(sending, 10)
        finally:
            log.removeFilter(buggy)
    assert [one.ids for one in receipts] == [(f"id-{one.to}",) for one in messages(2)]
    assert told == ["a line of devino.smpp could not be logged: ZeroDivisionError"]
