"""What a centre delivers over any session, and when that is acknowledged (manual, 3.3)."""

from __future__ import annotations

import asyncio
import struct

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import DeliverSm, EsmClass, Pdu, SubmitSm, SubmitSmResp
from devino_core import (
    Incoming,
    Message,
    OutcomeUnknown,
    StatusChanged,
)
from tests.channels._smpp import Listening, until
from tests.channels._smpp_wired import (
    TO,
    Wired,
    answers_of,
    listening,
    receipt,
    settle,
    taken,
    wired,
)
from tests.channels._smsc import Connection


async def test_a_receipt_that_comes_before_the_answer_has_the_ref() -> None:
    async with wired() as wire:
        events = Listening(wire.channel)
        telling = asyncio.create_task(events.next())
        message = Message(TO, "a")
        sending = asyncio.create_task(wire.channel.send([message]))
        connection, pdu = await wire.centre.request(SubmitSm)
        connection.send(receipt("17"))
        await settle()
        assert not telling.done()
        connection.reply(pdu, SubmitSmResp(message_id="17"))
        event = await telling
        assert isinstance(event, StatusChanged)
        assert (event.message_id, event.ref) == ("17", message.ref)
        await sending
        await events.aclose()


async def test_a_receipt_for_a_message_of_another_process_does_not_wait_for_long() -> None:
    async with wired() as wire:
        events = Listening(wire.channel)
        telling = asyncio.create_task(events.next())
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        connection, first = await wire.centre.request(SubmitSm)
        connection.send(receipt("before"))
        await settle()
        # A later submit is no reason to wait on.
        later = asyncio.create_task(wire.channel.send([Message(TO, "b")]))
        _, second = await wire.centre.request(SubmitSm)
        assert not telling.done()
        connection.reply(first, taken(first))
        event = await telling
        assert isinstance(event, StatusChanged)
        assert (event.message_id, event.ref) == ("before", None)
        connection.reply(second, taken(second))
        await asyncio.gather(sending, later)
        await events.aclose()


async def test_the_receipt_of_a_message_that_was_answered_too_late_has_the_ref() -> None:
    async with wired(response_timeout=10) as wire:
        events = Listening(wire.channel)
        telling = asyncio.create_task(events.next())
        message = Message(TO, "a")
        sending = asyncio.create_task(wire.channel.send([message]))
        connection, pdu = await wire.centre.request(SubmitSm)
        await wire.clock.tick(10)
        with pytest.raises(OutcomeUnknown):
            await sending
        connection.reply(pdu, SubmitSmResp(message_id="17"))
        connection.send(receipt("17"))
        event = await telling
        assert isinstance(event, StatusChanged)
        assert event.ref == message.ref
        await events.aclose()


async def test_the_same_receipt_told_twice_is_the_same_event() -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        for stat in ("DELIVRD", "DELIVRD", "EXPIRED"):
            wire.centre.connection.send(receipt("17", stat))
        told = [await telling, await events.next(), await events.next()]
        assert told[0].id == told[1].id != told[2].id
        await events.aclose()


async def test_a_receipt_that_cannot_be_read_is_an_event_all_the_same() -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        wire.centre.connection.send(
            DeliverSm(esm_class=EsmClass.DELIVERY_RECEIPT, short_message=b"it arrived, I think")
        )
        event = await telling
        assert isinstance(event, StatusChanged)
        assert isinstance(event.raw, smpp.DeliveryReceipt)
        assert event.raw.text == "it arrived, I think"
        await events.aclose()


async def test_parts_are_acknowledged_as_they_come_and_the_last_with_the_whole_text() -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        connection = wire.centre.connection
        template = DeliverSm(source_addr=TO, destination_addr="2435")
        first, second = smpp.compose(template, "Привет, мир! " * 6, reference=7)
        connection.send(first)
        assert (await connection.answer()).command_status == 0
        connection.send(second)
        event = await telling
        assert isinstance(event, Incoming)
        assert event.text == "Привет, мир! " * 6
        await settle()
        assert connection.answers.empty()
        telling = asyncio.create_task(events.next())
        assert (await connection.answer()).command_status == 0
        # One part never comes. After an hour the text is given as it is.
        first, _ = smpp.compose(template, "Привет, мир! " * 6, reference=8)
        connection.send(first)
        await connection.answer()
        await settle()
        await wire.clock.tick(3600)
        event = await telling
        assert isinstance(event, Incoming)
        assert isinstance(event.raw, smpp.Incomplete)
        assert event.text == ("Привет, мир! " * 6)[:67]
        await events.aclose()


@pytest.mark.parametrize(
    ("pdu", "text"),
    [
        (DeliverSm(short_message=b"\x00\x01", data_coding=4), "0001"),
        (DeliverSm(short_message=b"\x09\x00\x03", esm_class=EsmClass.UDHI), "Ç@¥"),
        (DeliverSm(short_message=b"\x00\xff\xd8", data_coding=8), "ÿ\ufffd"),
        (smpp.DataSm(tlvs={"message_payload": b"Hi"}), "Hi"),
        (smpp.DataSm(), ""),
    ],
)
async def test_whatever_is_delivered_is_an_event(pdu: Pdu, text: str) -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        wire.centre.connection.send(pdu)
        event = await telling
        assert isinstance(event, Incoming)
        assert event.text == text
        await events.aclose()


@pytest.mark.parametrize("pdu", [receipt("17"), DeliverSm(short_message=b"Hi")])
async def test_what_comes_over_a_session_that_sends_is_an_event_and_then_acknowledged(
    pdu: DeliverSm,
) -> None:
    async with wired(bind="separate") as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        sender, submit = await wire.centre.request(SubmitSm)
        assert isinstance(sender.bind, smpp.BindTransmitter)
        sender.reply(submit, SubmitSmResp(message_id="17"))
        await sending
        # Nobody iterates yet: it waits.
        sender.write(smpp.encode(pdu, 5))
        await settle()
        assert answers_of(sender) == []
        events, telling = await listening(wire)
        assert isinstance(await telling, Incoming | StatusChanged)
        await settle()
        assert answers_of(sender) == []
        telling = asyncio.create_task(events.next())
        await until(lambda: answers_of(sender) == [smpp.DeliverSmResp(sequence_number=5)])
        wire.centre.connection.send(receipt("18"))
        await telling
        await events.aclose()


async def test_where_events_cannot_be_iterated_deliveries_are_left_to_the_centre(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with wired(bind="transmitter") as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        sender, submit = await wire.centre.request(SubmitSm)
        sender.reply(submit, SubmitSmResp(message_id="17"))
        await sending
        # The first part of a text. Where somebody may iterate, it is acknowledged as it comes.
        part, _ = smpp.compose(DeliverSm(source_addr=TO), "Привет, мир! " * 6, reference=7)
        sender.write(smpp.encode(part, 5))
        sender.write(smpp.encode(smpp.EnquireLink(), 6))
        await until(lambda: answers_of(sender) == [smpp.EnquireLinkResp(sequence_number=6)])
    assert "a DeliverSm is left to the centre: `bind = 'transmitter'`" in caplog.text


async def bound_for_sending(wire: Wired) -> Connection:
    """The session that one message was sent through."""
    sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
    connection: Connection
    connection, submit = await wire.centre.request(SubmitSm)
    connection.reply(submit, SubmitSmResp(message_id="17"))
    await sending
    return connection


async def test_an_unbind_of_the_centre_does_not_wait_for_what_is_left_to_it() -> None:
    async with wired(bind="transmitter") as wire:
        connection = await bound_for_sending(wire)
        connection.write(smpp.encode(DeliverSm(source_addr=TO, short_message=b"hi"), 5))
        connection.write(smpp.encode(smpp.Unbind(), 7))
        await until(lambda: answers_of(connection) == [smpp.UnbindResp(sequence_number=7)])


async def test_an_unbind_of_the_centre_does_not_wait_for_what_was_too_much() -> None:
    async with wired(bind="transceiver", incoming=1) as wire:
        connection = await bound_for_sending(wire)
        for number in (5, 6):
            connection.write(smpp.encode(DeliverSm(source_addr=TO, short_message=b"hi"), number))
        await settle()
        events = Listening(wire.channel)
        assert isinstance(await events.next(), Incoming)
        telling = asyncio.create_task(events.next())
        await until(lambda: answers_of(connection) == [smpp.DeliverSmResp(sequence_number=5)])
        connection.write(smpp.encode(smpp.Unbind(), 7))
        await until(lambda: smpp.UnbindResp(sequence_number=7) in answers_of(connection))
        telling.cancel()
        await asyncio.wait([telling])


def short_time() -> bytes:
    """A ``deliver_sm`` that can be read but not written: its validity_period is "0"."""
    body = b"\0\0\0" + TO.encode() + b"\0\0\0002435\0\0\0\0\0000\0\0\0\0\0\x02hi"
    return struct.pack(">4I", 16 + len(body), smpp.CommandId.DELIVER_SM, 0, 7) + body


async def test_a_delivery_that_only_a_tolerant_reader_takes_is_an_event() -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        connection = wire.centre.connection
        connection.write(short_time())
        event = await telling
        assert isinstance(event, Incoming)
        assert event.text == "hi"
        assert isinstance(event.raw, smpp.Whole)
        assert event.raw.pdus[0].validity_period == "0"  # type: ignore[union-attr]
        await settle()
        assert not connection.closed.is_set()
        await events.aclose()


async def test_an_error_of_thousands_of_digits_is_told_as_it_is_written() -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        wire.centre.connection.send(
            DeliverSm(
                esm_class=EsmClass.DELIVERY_RECEIPT,
                tlvs={"message_payload": b"id:1 stat:DELIVRD err:" + b"1" * 5000},
            )
        )
        event = await telling
        assert isinstance(event, StatusChanged)
        assert event.status.code == "1" * 5000
        await events.aclose()


async def test_a_delivery_that_a_bug_keeps_from_being_read_is_told_raw_and_then_acknowledged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(pdu: object, *_: object) -> None:
        raise ValueError(f"a bug, shown with {pdu}")

    monkeypatch.setattr("devino_plugins.smpp._inbox.receipt_in", fail)
    async with wired() as wire:
        events, telling = await listening(wire)
        connection = wire.centre.connection
        connection.send(DeliverSm(source_addr=TO, short_message=b"content"))
        event = await telling
        assert isinstance(event, Incoming)
        assert (event.sender, event.text) == (TO, "")
        assert isinstance(event.raw, DeliverSm)
        assert event.raw.short_message == b"content"
        assert connection.answers.empty()
        monkeypatch.undo()
        connection.send(DeliverSm(short_message=b"other"))
        event = await events.next()
        assert (await connection.answer()).command_status == 0
        assert isinstance(event, Incoming)
        assert event.text == "other"
        await events.aclose()
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "ValueError" in record.getMessage()
    assert "in fail" in record.getMessage()
    assert "content" not in caplog.text


async def test_a_last_part_that_is_delivered_again_is_the_same_event_and_no_new_text() -> None:
    async with wired(bind="separate") as wire:
        events, telling = await listening(wire)
        template = DeliverSm(source_addr=TO, destination_addr="2435")
        first, last = smpp.compose(template, "Привет, мир! " * 6, reference=7)
        wire.centre.connection.send(first)
        wire.centre.connection.send(last)
        told = await telling
        # The session breaks before the event is acknowledged, so the last part comes again.
        wire.centre.connection.close()
        await settle()
        telling = asyncio.create_task(events.next())
        await wire.clock.tick(60)
        await until(lambda: len(wire.centre.connections) == 2)
        await settle()
        connection = wire.centre.connection
        connection.send(last)
        assert await telling == told
        await settle()
        assert connection.answers.empty()
        telling = asyncio.create_task(events.next())
        assert (await connection.answer()).command_status == 0
        await wire.clock.tick(86_400)
        await settle()
        assert not telling.done()
        # The same text once more is another message.
        wire.centre.connection.send(first)
        wire.centre.connection.send(last)
        other = await telling
        assert isinstance(other, Incoming)
        assert isinstance(told, Incoming)
        assert (other.text, other.id == told.id) == (told.text, False)
        await events.aclose()
