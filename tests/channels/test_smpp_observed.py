"""The requests of an SMPP session as observers and the log see them."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from devino_codecs.smpp import Reason
from devino_core import ConnectFailed, Message, Unavailable
from devino_core.observe import Calls, Observers
from devino_core.testing import ManualClock
from devino_plugins.smpp._seen import Seen
from devino_sandbox import AnswerError, Fault
from tests.channels._smpp import Listening, until, wired
from tests.core._kept import Kept

MESSAGE = Message("79031234567", "Hello")
THROTTLED, SYSTEM_ERROR = 0x58, 0x08


def operations(kept: Kept) -> list[tuple[str, int, str]]:
    """Each call that has ended: what, which attempt, and how."""
    return [
        (call.operation, call.attempt, str(outcome.wire_code).partition(" ")[0])
        for call, outcomes in kept.calls
        for outcome in outcomes
    ]


async def test_bind_submit_and_query_are_calls() -> None:
    kept = Kept()
    async with wired(bind="transceiver") as wire:
        wire.channel.observed.attach("smpp", Observers([kept]))
        [receipt] = await wire.channel.send([MESSAGE])
        await wire.channel.status(receipt.ids)
    assert operations(kept) == [
        ("bind_transceiver", 1, "ESME_ROK"),
        ("submit_sm", 1, "ESME_ROK"),
        ("query_sm", 1, "ESME_ROK"),
    ]


async def test_a_throttled_message_is_a_second_attempt() -> None:
    kept = Kept()
    async with wired(bind="transmitter") as wire:
        wire.channel.observed.attach("smpp", Observers([kept]))
        fault = Fault(operation="submit_sm", action=AnswerError(THROTTLED))
        wire.world.faults.add(fault)
        sending = asyncio.ensure_future(wire.channel.send([MESSAGE]))
        await until(lambda: len(operations(kept)) == 2)
        await wire.clock.tick(2)
        await sending
    assert operations(kept)[1:] == [
        ("submit_sm", 1, "ESME_RTHROTTLED"),
        ("submit_sm", 2, "ESME_ROK"),
    ]


@pytest.mark.parametrize("is_watched", [True, False])
async def test_a_refusal_has_the_id_that_the_log_has(
    is_watched: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO if is_watched else logging.WARNING, "devino")
    async with wired(bind="transmitter") as wire:
        wire.world.faults.add(Fault(operation="submit_sm", action=AnswerError(SYSTEM_ERROR)))
        with pytest.raises(Unavailable) as caught:
            await wire.channel.send([MESSAGE])
    [line] = [record.getMessage() for record in caplog.records if "RSYSERR" in record.getMessage()]
    assert line.startswith("smpp submit_sm 1 message > ESME_RSYSERR")
    assert line.endswith(f"[{caught.value.call_id}]")


async def test_each_request_is_one_line_of_the_log_also_without_an_observer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "devino")
    async with wired(bind="transmitter") as wire:
        fault = Fault(operation="submit_sm", action=AnswerError(THROTTLED))
        wire.world.faults.add(fault)
        sending = asyncio.ensure_future(wire.channel.send([MESSAGE]))
        await until(lambda: "ESME_RTHROTTLED" in caplog.text)
        await wire.clock.tick(2)
        await sending
    lines = [record.getMessage() for record in caplog.records if record.name == "devino.smpp"]
    ids = [line.rpartition("[")[2] for line in lines]
    assert len(set(ids)) == len(ids) == 3
    assert [line.partition(" (0x")[0] for line in lines] == [
        "smpp bind_transmitter > ESME_ROK",
        "smpp submit_sm 1 message > ESME_RTHROTTLED",
        "smpp submit_sm 1 message (attempt 2) > ESME_ROK",
    ]


async def test_the_log_shows_requests_with_the_numbers_of_their_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "devino")
    async with wired(bind="transceiver") as wire:
        [receipt] = await wire.channel.send([MESSAGE])
        await wire.channel.status(receipt.ids)
    shown = [
        re.findall(r"smpp (\w+) \[\w+\]\n(\w+)  sequence_number (\d+),", record.getMessage())
        for record in caplog.records
    ]
    assert [told for [told] in filter(None, shown)] == [
        ("request", "bind_transceiver", "1"),
        ("answer", "bind_transceiver_resp", "1"),
        ("request", "submit_sm", "2"),
        ("answer", "submit_sm_resp", "2"),
        ("request", "query_sm", "3"),
        ("answer", "query_sm_resp", "3"),
    ]


async def test_an_enquire_link_is_a_call() -> None:
    kept = Kept()
    async with wired(bind="transmitter") as wire:
        wire.channel.observed.attach("smpp", Observers([kept]))
        await wire.channel.send([MESSAGE])
        await wire.clock.tick(60)
        await until(lambda: ("enquire_link", 1, "None") in operations(kept))
    [outcome] = [o for call, [o] in kept.calls if call.operation == "enquire_link"]
    assert outcome.error is None


def test_an_enquire_link_that_is_not_answered_ends_with_the_session() -> None:
    kept, calls = Kept(), Calls("smpp", ManualClock())
    calls.attach("smpp", Observers([kept]))
    seen = Seen(calls, "centre:2775")
    seen.enquires(7)
    seen.enquires(7)
    seen.session_ended(Reason.LINK_DEAD)
    seen.session_ended(Reason.LINK_DEAD)
    [(call, [outcome])] = kept.calls
    assert (call.operation, call.peer) == ("enquire_link", "centre:2775")
    assert isinstance(outcome.error, ConnectFailed)


async def test_a_delivery_is_shown_without_its_text_and_its_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "devino")
    async with wired(bind="transceiver") as wire:
        listening = Listening(wire.channel)
        await wire.channel.send([MESSAGE])
        wire.world.receive(sender="79031234567", to="DEVINO", text="c4n4ry text")
        await listening.next()
        await listening.aclose()
    told = [record.getMessage() for record in caplog.records]
    assert "<11 chars>" in "".join([line for line in told if "deliver_sm " in line])
    assert "c4n4ry" not in caplog.text
    assert "79031234567" not in caplog.text
