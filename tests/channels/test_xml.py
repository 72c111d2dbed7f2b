"""The XML channel against the sandbox, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import cast

import pytest

from devino_core import (
    AuthenticationFailed,
    Capability,
    Channel,
    ChannelSettings,
    ConnectFailed,
    InsufficientFunds,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    ProtocolViolation,
    Rejected,
    Retry,
    State,
    Throttled,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ChannelConformance, Connected, ManualClock
from devino_plugins.xml._channel import XmlChannel
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, World
from tests.channels._sandboxed import Wired, account, ends_of, struck, wired

TO, OTHER = "79031234567", "79031234568"
ANSWER = '<?xml version="1.0" encoding="utf-8"?><package><{0}>{1}</{0}></package>'


def broken(*faults: Fault) -> Connected:
    return struck(partial(wired, "xml", "xml", ask_interval=0), *faults)


@pytest.mark.pythons
class TestXml(ChannelConformance):
    spec = Plugins(environ={}).channel_spec("xml")
    carries = (
        Message(TO, "я" * 71, send_at=datetime(2026, 12, 31, tzinfo=UTC)),
        Message(TO, "Hello", validity=timedelta(hours=1)),
        Message(TO, "Hello", options={"type": "flash"}),
        Message(TO, "Look", options={"url": "http://example.com/?a=1&b=2"}),
        Message(TO, "Look", options={"type": 2, "url": "http://example.com/"}),
    )
    refuses = (
        (Message(TO, ""), InvalidMessage),
        (Message(TO, "bell \a"), InvalidMessage),
        (Message("DEVINO", "a"), InvalidMessage),
        (Message(TO, "a", sender="A" * 12), InvalidMessage),
        (Message(TO, "a", options={"typ": "flash"}), InvalidMessage),
        (Message(TO, "a", options={"type": "sms"}), InvalidMessage),
        (Message(TO, "a", options={"type": "wap-push"}), InvalidMessage),
        (Message(TO, "a", validity=timedelta.max), InvalidMessage),
    )
    faults = (
        (struck(partial(wired, "xml", "xml", base_url="http://127.0.0.1:1")), ConnectFailed),
        (struck(partial(wired, "xml", "xml", password="wrong")), AuthenticationFailed),
        (broken(Fault(operation="Send.ashx", action=AnswerHttp(429, ""))), Throttled),
        (broken(Fault(operation="Send.ashx", action=AnswerError(201))), Rejected),
        # The platform does not know it, which proves nothing: it may still be on its way.
        (broken(Fault(operation="Send.ashx", times=None, action=Drop())), OutcomeUnknown),
        (
            broken(
                Fault(operation="Send.ashx", action=DropAnswer()),
                Fault(operation="Statistics.ashx", times=None, action=Drop()),
            ),
            Retry.MAY_DUPLICATE,
        ),
    )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired("xml", "xml") as wire:
            yield wire.channel


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with wired("xml", "xml", ask_interval=0) as wire:
        yield wire


def channel(wire: Wired) -> XmlChannel:
    return cast("XmlChannel", wire.channel)


async def test_a_message_lives_from_accepted_to_delivered(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "Hello", ref="7")])
    (stored,) = wire.world.messages()
    assert (receipt.ref, receipt.ids, receipt.parts) == ("7", stored.ids, 1)
    assert (receipt.status.state, receipt.status.code) == (State.ACCEPTED, 106)
    seen = []
    for _ in range(3):
        (status,) = await wire.channel.status(receipt.ids)
        seen.append((status.state, status.code))
        await wire.clock.tick(0.5)
    assert seen == [(State.ACCEPTED, 106), (State.ENROUTE, 101), (State.DELIVERED, 102)]
    assert receipt.status.medium is status.medium is Medium.SMS


async def test_a_final_status_has_its_aware_time(wire: Wired) -> None:
    at = wire.clock.now() + timedelta(seconds=1)
    (receipt,) = await wire.channel.send([Message(TO, "Hello")])
    await wire.clock.tick(5)
    (status,) = await wire.channel.status(receipt.ids)
    assert status.reported_at == at


async def test_a_time_is_read_in_the_zone_of_the_setting() -> None:
    async with wired("xml", "xml", utc_offset=3) as wire:
        (receipt,) = await wire.channel.send([Message(TO, "Hello")])
        await wire.clock.tick(5)
        (status,) = await wire.channel.status(receipt.ids)
        assert status.reported_at is not None
        assert status.reported_at.isoformat() == "2026-01-01T12:00:01+03:00"


FATES = {
    "79990000010": (State.REJECTED, 108),
    "79990000041": (State.UNDELIVERABLE, 105),
    "79990000042": (State.REJECTED, 108),
    "79990000046": (State.EXPIRED, 103),
    "79990000047": (State.DELETED, 104),
    "79990000099": (State.UNKNOWN, 107),
    "79990000255": (State.UNKNOWN, 201),
    TO: (State.DELIVERED, 102),
}


async def test_every_fate_has_its_state_and_keeps_the_platform_code(wire: Wired) -> None:
    assert await ends_of(wire, FATES) == FATES


async def test_a_status_can_be_asked_for_by_ref(wire: Wired) -> None:
    messages = [Message(TO, "a", ref="1234"), Message(OTHER, "b", ref="order-5")]
    receipts = await wire.channel.send(messages)
    known = await channel(wire).status_by_ref(["order-5", "nobody", "1234"])
    assert [(status.id, status.state) for status in known] == [
        (receipts[1].ids[0], State.ACCEPTED),
        (None, State.UNKNOWN),
        (receipts[0].ids[0], State.ACCEPTED),
    ]


async def test_what_became_of_a_message_is_asked_by_its_ref(wire: Wired) -> None:
    sent = [Message(TO, "a", ref="1234"), Message(OTHER, "b", ref="order-5")]
    receipts = await wire.channel.send(sent)
    assert Capability.RECALL in wire.channel.capabilities
    recalled = await wire.channel.recall([sent[1], Message(TO, "c", ref="nobody"), sent[0]])
    assert [None if one is None else (one.ref, one.to, one.ids) for one in recalled] == [
        ("order-5", OTHER, receipts[1].ids),
        None,
        ("1234", TO, receipts[0].ids),
    ]


async def test_what_the_platform_does_not_tell_of_is_not_taken_for_a_no(wire: Wired) -> None:
    rows = '<msg id="7">200</msg>'
    wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("status", rows))))
    (vague,) = await wire.channel.recall([Message(TO, "a", ref="7")])
    assert vague is not None
    assert vague.error is not None
    assert vague.error.retry is Retry.SAFE


async def test_many_statuses_are_asked_for_a_thousand_at_a_time(wire: Wired) -> None:
    receipts = await wire.channel.send([Message(f"7903{n:07}", "a") for n in range(1001)])
    assert len({receipt.ids for receipt in receipts}) == 1001
    statuses = await wire.channel.status([receipt.ids[0] for receipt in receipts])
    assert [status.id for status in statuses] == [receipt.ids[0] for receipt in receipts]
    assert {status.state for status in statuses} == {State.ACCEPTED}


async def test_only_sms_have_a_status_and_only_numbers_are_ids(wire: Wired) -> None:
    with pytest.raises(Unsupported):
        await wire.channel.status(["1"], medium=Medium.VIBER)
    for foreign in ("GW0261BBD6B3", "-1", "", "9223372036854775808"):
        with pytest.raises(InvalidMessage, match=f"'{foreign}' is no id"):
            await wire.channel.status([foreign])


async def test_a_long_text_has_one_id_and_its_count_of_parts(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "я" * 71)])
    (stored,) = wire.world.messages()
    assert (receipt.ids, receipt.parts) == (stored.ids[:1], 2)


async def test_times_are_instants(wire: Wired) -> None:
    at = wire.clock.now() + timedelta(hours=5)
    (receipt,) = await wire.channel.send(
        [Message(TO, "a", send_at=at, validity=timedelta(hours=1))]
    )
    (stored,) = wire.world.messages()
    assert receipt.status.state is State.SCHEDULED
    assert (stored.send_at, stored.submission.validity) == (at, timedelta(hours=1))
    (status,) = await wire.channel.status(receipt.ids)
    assert (status.state, status.code) == (State.SCHEDULED, 100)
    with pytest.raises(Unsupported, match="zone"):
        await wire.channel.send([Message(TO, "a", send_at=datetime.fromisoformat("2027-01-01"))])


async def test_a_flash_and_a_wap_push(wire: Wired) -> None:
    push = {"type": "wap-push", "url": "http://example.com/?a=1&b=2"}
    receipts = await wire.channel.send(
        [Message(TO, "a", options={"type": "flash"}), Message(TO, "b", options=push)]
    )
    assert {receipt.status.state for receipt in receipts} == {State.ACCEPTED}
    texts = [message.submission.text for message in wire.world.messages()]
    assert texts == ["a", "b http://example.com/?a=1&b=2"]


async def test_refused_messages_are_receipts_among_the_others() -> None:
    owner = account(balance=Decimal(2), senders=frozenset({"DEVINO"}))
    async with wired("xml", "xml", world=World([owner], clock=ManualClock())) as wire:
        stranger, sent, unpaid = await wire.channel.send(
            [Message(TO, "a", sender="OTHER"), Message(TO, "a"), Message(OTHER, "a")]
        )
    assert (stranger.status.code, stranger.status.state) == (202, State.REJECTED)
    assert stranger.error is not None
    assert (type(stranger.error), stranger.error.said) == (
        Rejected,
        "ERR_SENDER: bad sender (code 202)",
    )
    assert sent.status.state is State.ACCEPTED
    assert isinstance(unpaid.error, InsufficientFunds)
    assert unpaid.status.code == 206


async def test_a_wrong_password_is_authentication_failed() -> None:
    async with wired("xml", "xml", password="wrong") as wire:
        for call in (wire.channel.send([Message(TO, "a")]), wire.channel.status(["1"])):
            with pytest.raises(AuthenticationFailed) as caught:
                await call
            assert caught.value.code == 202


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (AnswerError(202), AuthenticationFailed),
        (AnswerHttp(401, ""), AuthenticationFailed),
        (AnswerHttp(429, ""), Throttled),
    ],
)
async def test_a_refused_package_is_not_asked_after(
    wire: Wired, action: AnswerError, error: type[Exception]
) -> None:
    wire.world.faults.add(Fault(operation="Statistics.ashx", times=None, action=AnswerError(200)))
    wire.world.faults.add(Fault(operation="Send.ashx", action=action))
    message = Message(TO, "a")
    with pytest.raises(error) as caught:
        await wire.channel.send([message])
    assert caught.value.refs == (message.ref,)  # type: ignore[attr-defined]
    assert list(wire.world.messages()) == []


async def test_a_package_that_the_platform_cannot_read_refuses_its_messages(wire: Wired) -> None:
    wire.world.faults.add(Fault(operation="Send.ashx", action=AnswerError(201)))
    receipts = await wire.channel.send([Message(TO, "a"), Message(OTHER, "a")])
    assert [(receipt.status.state, receipt.status.code) for receipt in receipts] == [
        (State.REJECTED, 201)
    ] * 2


@pytest.mark.parametrize("action", [Drop(), AnswerHttp(502, "<html>"), AnswerError(200)])
async def test_a_question_without_an_answer_can_be_asked_again(wire: Wired, action: Drop) -> None:
    wire.world.faults.add(Fault(operation="Statistics.ashx", action=action))
    with pytest.raises(Unavailable):
        await wire.channel.status(["1"])
    assert len(await wire.channel.status(["1"])) == 1


async def test_an_answer_of_another_protocol_is_a_violation(wire: Wired) -> None:
    wire.world.faults.add(
        Fault(times=None, action=AnswerHttp(200, "<html>Log in to the WiFi</html>"))
    )
    for call in (wire.channel.send([Message(TO, "a")]), wire.channel.status(["1"])):
        with pytest.raises(ProtocolViolation):
            await call


async def test_the_manuals_number_in_no_table_is_a_message_taken(wire: Wired) -> None:
    rows = '<msg id="7" sms_id="1234568" sms_count="1">1</msg>'
    wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("message", rows))))
    (receipt,) = await wire.channel.send([Message(TO, "a", ref="7")])
    assert (receipt.ids, receipt.status.state) == (("1234568",), State.ACCEPTED)
    wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("status", rows))))
    (status,) = await wire.channel.status(receipt.ids)
    assert (status.id, status.state, status.code) == ("1234568", State.UNKNOWN, 1)


async def test_results_are_paired_by_id_whatever_their_order(wire: Wired) -> None:
    named = ('id="8" sms_id="80"', 'sms_id="90"', 'id="7" sms_id="70"')
    rows = "".join(f"<msg {said}>106</msg>" for said in named)
    wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("message", rows))))
    receipts = await wire.channel.send([Message(TO, "a", ref=ref) for ref in ("7", "8", "9")])
    assert [receipt.ids for receipt in receipts] == [("70",), ("80",), ("90",)]


async def test_an_unknown_error_with_an_id_is_a_message_to_ask_after(wire: Wired) -> None:
    rows = '<msg id="7" sms_id="55" sms_count="1">200</msg>'
    wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("message", rows))))
    (receipt,) = await wire.channel.send([Message(TO, "a", ref="7")])
    assert (receipt.ids, receipt.status.state, receipt.error) == (("55",), State.UNKNOWN, None)
    wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("status", rows))))
    (status,) = await channel(wire).status_by_ref(["7"])
    assert (status.state, status.code) == (State.UNKNOWN, 200)


async def test_a_status_of_somebody_else_is_nobodys(wire: Wired) -> None:
    rows = '<msg sms_id="5">102</msg>'
    wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("status", rows))))
    (status,) = await wire.channel.status(["123"])
    assert (status.id, status.state, status.code) == ("123", State.UNKNOWN, None)


async def test_a_refusal_is_not_laid_on_the_next_message(wire: Wired) -> None:
    rows = '<msg id="1" sms_id="11">106</msg><msg id="1">206</msg>'
    wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("message", rows))))
    receipts = await wire.channel.send([Message(TO, "a", ref="1"), Message(OTHER, "b", ref="2")])
    assert receipts[0].ids == ("11",)
    assert isinstance(receipts[1].error, OutcomeUnknown)


@pytest.mark.parametrize("zone", ["", "Z", "+14:00"])
@pytest.mark.parametrize("offset", [-3, 0, 3])
async def test_an_unset_time_is_none(offset: int, zone: str) -> None:
    said = f'<msg sms_id="5" date_completed="0001-01-01T00:00:00{zone}">101</msg>'
    async with wired("xml", "xml", utc_offset=offset) as wire:
        wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("status", said))))
        (status,) = await wire.channel.status(["5"])
    assert (status.state, status.reported_at) == (State.ENROUTE, None)


async def test_a_time_that_no_other_zone_has_is_none() -> None:
    said = '<msg sms_id="5" date_completed="0001-01-01T01:00:00">101</msg>'
    async with wired("xml", "xml", utc_offset=3) as wire:
        wire.world.faults.add(Fault(action=AnswerHttp(200, ANSWER.format("status", said))))
        (status,) = await wire.channel.status(["5"])
    assert status.reported_at is None
