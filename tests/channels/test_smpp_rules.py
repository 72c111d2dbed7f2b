"""The platform's rules for a client (manual, 3.3), with a centre that does what the test says."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus, DeliverSm, EsmClass, Pdu, SubmitSm, SubmitSmResp
from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    Event,
    Incoming,
    Message,
    OutcomeUnknown,
    QueueFull,
    StatusChanged,
    Throttled,
)
from devino_core.testing import ManualClock
from devino_plugins.smpp._channel import SmppChannel
from tests.channels._smpp import Listening, smpp_channel, until
from tests.channels._smsc import Connection, Smsc, smsc

TO = "79031234567"
QUEUE_FULL = SubmitSmResp(command_status=CommandStatus.ESME_RMSGQFUL)
THROTTLED = SubmitSmResp(command_status=CommandStatus.ESME_RTHROTTLED)


class Wired(NamedTuple):
    channel: SmppChannel
    centre: Smsc
    clock: ManualClock


@asynccontextmanager
async def wired(**settings: object) -> AsyncIterator[Wired]:
    clock = ManualClock()
    async with smsc() as centre:
        channel = smpp_channel(clock, **{"hosts": centre.host, "bind": "transceiver", **settings})
        async with channel:
            try:
                yield Wired(channel, centre, clock)
            finally:
                for connection in centre.connections:
                    connection.forget_all()


async def settle() -> None:
    """Let sockets and tasks come to rest, to see that nothing more happens."""
    for _ in range(20):
        await asyncio.sleep(0.0005)


async def listening(wire: Wired) -> tuple[Listening, asyncio.Task[Event | None]]:
    """A bound session that receives, and who waits for its first event."""
    events = Listening(wire.channel)
    telling = asyncio.create_task(events.next())
    await until(lambda: bool(wire.centre.connections and wire.centre.connection.bind))
    await settle()
    return events, telling


def receipt(message_id: str, stat: str = "DELIVRD") -> DeliverSm:
    text = smpp.build_receipt(smpp.Receipt(id=message_id, stat=stat, err="000"))
    return DeliverSm(esm_class=EsmClass.DELIVERY_RECEIPT, source_addr=TO, short_message=text)


def taken(pdu: Pdu) -> SubmitSmResp:
    assert isinstance(pdu, SubmitSm)
    return SubmitSmResp(message_id=f"id-{pdu.destination_addr}")


async def test_nothing_is_connected_before_it_is_needed() -> None:
    async with wired() as wire:
        await settle()
        assert not wire.centre.connections


async def test_after_a_break_a_host_is_left_alone_for_60_seconds() -> None:
    async with wired() as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        connection, _ = await wire.centre.request(SubmitSm)
        connection.close()
        with pytest.raises(OutcomeUnknown):
            await sending
        for seconds_left, step in [(60, 30), (30, 29), (1, 0.99)]:
            with pytest.raises(ConnectFailed, match=f"allowed in {seconds_left} seconds"):
                await wire.channel.send([Message(TO, "a")])
            await wire.clock.tick(step)
        assert len(wire.centre.connections) == 1
        await wire.clock.tick(0.01)
        serving = asyncio.create_task(wire.centre.serve(taken))
        await wire.channel.send([Message(TO, "a")])
        assert len(wire.centre.connections) == 2
        serving.cancel()


async def test_after_a_try_that_failed_a_host_is_left_alone_for_90_seconds() -> None:
    async with wired() as wire:
        wire.centre.bind_status = CommandStatus.ESME_RBINDFAIL
        with pytest.raises(ConnectFailed, match="ESME_RBINDFAIL"):
            await wire.channel.send([Message(TO, "a")])
        await wire.clock.tick(89)
        with pytest.raises(ConnectFailed, match=r"ESME_RBINDFAIL.*allowed in 1 seconds"):
            await wire.channel.send([Message(TO, "a")])
        assert len(wire.centre.connections) == 1
        await wire.clock.tick(1)
        with pytest.raises(ConnectFailed, match="allowed in 90 seconds"):
            await wire.channel.send([Message(TO, "a")])
        assert len(wire.centre.connections) == 2


async def test_a_refused_login_is_not_tried_again_for_90_seconds_on_any_host() -> None:
    clock = ManualClock()
    async with smsc() as main, smsc() as reserve:
        main.bind_status = CommandStatus.ESME_RINVPASWD
        async with smpp_channel(clock, hosts=[main.host, reserve.host]) as channel:
            for _ in range(2):
                with pytest.raises(AuthenticationFailed):
                    await channel.send([Message(TO, "a")])
            await clock.tick(90)
            with pytest.raises(AuthenticationFailed):
                await channel.send([Message(TO, "a")])
            assert (len(main.connections), len(reserve.connections)) == (2, 0)


async def test_a_send_may_wait_for_the_next_session() -> None:
    async with wired(wait_for_session=100) as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        connection, _ = await wire.centre.request(SubmitSm)
        connection.close()
        with pytest.raises(OutcomeUnknown):
            await sending
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        await wire.clock.tick(59)
        assert not sending.done()
        await wire.clock.tick(1)
        connection, pdu = await wire.centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        await sending


async def test_the_next_host_takes_over_and_gives_back() -> None:
    clock = ManualClock()
    async with smsc() as main, smsc() as reserve:
        hosts = f"{main.host}, {reserve.host}"
        async with smpp_channel(clock, hosts=hosts, bind="transmitter") as channel:
            sending = asyncio.create_task(
                channel.send([Message(TO, "a"), Message("79030000000", "b")])
            )
            for _ in range(2):
                connection, pdu = await main.request(SubmitSm)
            connection.close()
            with pytest.raises(OutcomeUnknown):
                await sending
            # The reserve is not to be left alone, so nobody waits.
            for centre, pause in [(reserve, 0), (main, 60)]:
                await clock.tick(pause)
                sending = asyncio.create_task(channel.send([Message(TO, "a")]))
                connection, pdu = await centre.request(SubmitSm)
                connection.reply(pdu, taken(pdu))
                await sending
                connection.close()
                await until(lambda: channel._hosts._error is not None)
                await settle()


async def test_what_waits_in_a_session_that_ends_goes_over_another() -> None:
    clock = ManualClock()
    async with smsc() as main, smsc() as reserve:
        hosts = f"{main.host}, {reserve.host}"
        async with smpp_channel(clock, hosts=hosts, bind="transmitter", window=1) as channel:
            sent = [
                asyncio.create_task(channel.send([Message(TO, str(number))])) for number in range(3)
            ]
            connection, _ = await main.request(SubmitSm)
            await settle()
            connection.close()
            serving = asyncio.create_task(reserve.serve(taken))
            outcomes = await asyncio.gather(*sent, return_exceptions=True)
            # Written and not answered: nobody may send it again. The others never left.
            assert isinstance(outcomes[0], OutcomeUnknown)
            assert [isinstance(outcome, list) for outcome in outcomes[1:]] == [True, True]
            serving.cancel()


async def test_a_full_queue_puts_a_message_behind_the_others_five_tries_in_all() -> None:
    async with wired(window=1) as wire:
        full = "79030000000"
        sending = asyncio.create_task(
            wire.channel.send([Message(full, "a"), *[Message(TO, str(n)) for n in range(3)]])
        )
        order = []
        for answers in range(4):
            connection, pdu = await wire.centre.request(SubmitSm)
            order.append(pdu.destination_addr)
            connection.reply(pdu, taken(pdu) if answers else QUEUE_FULL)
        assert order == [full, TO, TO, TO]
        for pause in (5, 15, 45, 135):
            await settle()
            await wire.clock.tick(pause - 0.001)
            await settle()
            assert wire.centre.requests.empty()
            assert not sending.done()
            await wire.clock.tick(0.001)
            connection, pdu = await wire.centre.request(SubmitSm)
            assert pdu.destination_addr == full
            connection.reply(pdu, QUEUE_FULL)
        receipts = await sending
        assert isinstance(receipts[0].error, QueueFull)
        assert all(receipt.ids for receipt in receipts[1:])


async def test_a_full_queue_that_empties_takes_the_message() -> None:
    async with wired() as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        connection, pdu = await wire.centre.request(SubmitSm)
        connection.reply(pdu, QUEUE_FULL)
        await settle()
        await wire.clock.tick(5)
        connection, pdu = await wire.centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        assert (await sending)[0].ids == (f"id-{TO}",)


async def test_what_is_throttled_for_too_long_is_an_error() -> None:
    async with wired(throttle_timeout=3) as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        for _ in range(4):
            connection, pdu = await wire.centre.request(SubmitSm)
            connection.reply(pdu, THROTTLED)
            await settle()
            await wire.clock.tick(1)
        with pytest.raises(Throttled) as caught:
            await sending
        assert caught.value.retry_after == 1
        assert wire.centre.requests.empty()


async def test_throttling_rests_one_connection_and_not_the_others() -> None:
    async with wired(sessions=2, window=1) as wire:
        sending = asyncio.create_task(
            wire.channel.send([Message(f"7903000000{number}", "a") for number in range(4)])
        )
        (tired, first), (fresh, second) = [await wire.centre.request(SubmitSm) for _ in range(2)]
        assert tired is not fresh
        tired.reply(first, THROTTLED)
        await settle()
        fresh.reply(second, taken(second))
        for _ in range(3):
            connection, pdu = await wire.centre.request(SubmitSm)
            if connection is tired:
                pytest.fail("the connection rests")
            connection.reply(pdu, taken(pdu))
            if wire.centre.requests.empty():
                await settle()
                if wire.centre.requests.empty():
                    break
        await wire.clock.tick(1)
        serving = asyncio.create_task(wire.centre.serve(taken))
        assert all(receipt.ids for receipt in await sending)
        serving.cancel()


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


async def test_a_receipt_of_another_life_does_not_wait_for_long() -> None:
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
        assert isinstance(event.raw, smpp.Receipt)
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
        # A text of which a part never comes is given as it is, after a day.
        connection.send(first)
        await connection.answer()
        await settle()
        await wire.clock.tick(86_400)
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


def answers_of(connection: Connection) -> list[smpp.AnyPdu]:
    """What the session has answered to octets that no machine would send."""
    sent = [smpp.decode(frame) for frame in smpp.Framer().feed(connection.octets)]
    return [pdu for pdu in sent if pdu.command_id & 0x80000000]


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


async def test_what_comes_where_events_cannot_be_iterated_is_left_to_the_centre(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with wired(bind="transmitter") as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        sender, submit = await wire.centre.request(SubmitSm)
        sender.reply(submit, SubmitSmResp(message_id="17"))
        await sending
        # The first part of a text, which is acknowledged as it comes where somebody may iterate.
        part, _ = smpp.compose(DeliverSm(source_addr=TO), "Привет, мир! " * 6, reference=7)
        sender.write(smpp.encode(part, 5))
        sender.write(smpp.encode(smpp.EnquireLink(), 6))
        await until(lambda: answers_of(sender) == [smpp.EnquireLinkResp(sequence_number=6)])
    assert "a DeliverSm is left to the centre: `bind = 'transmitter'`" in caplog.text


@pytest.mark.parametrize("bind", ["separate", "transceiver", "transmitter"])
async def test_a_delivery_that_cannot_be_read_is_acknowledged_over_any_session(bind: str) -> None:
    async with wired(bind=bind) as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        connection, submit = await wire.centre.request(SubmitSm)
        connection.reply(submit, SubmitSmResp(message_id="17"))
        await sending
        broken = bytearray(smpp.encode(DeliverSm(short_message=b"Hi"), 5))
        broken[-3] = 200  # sm_length
        connection.write(bytes(broken))
        await until(lambda: answers_of(connection) == [smpp.DeliverSmResp(sequence_number=5)])


def short_time() -> bytes:
    """A ``deliver_sm`` that can be read and may not be written: its validity_period is "0"."""
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


async def test_a_delivery_that_cannot_be_taken_is_acknowledged_and_logged_without_its_content(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(pdu: object, *_: object) -> None:
        raise ValueError(f"a bug, shown with {pdu}")

    monkeypatch.setattr("devino_plugins.smpp._inbox.receipt_in", fail)
    async with wired() as wire:
        events, telling = await listening(wire)
        connection = wire.centre.connection
        connection.send(DeliverSm(short_message=b"content"))
        assert (await connection.answer()).command_status == 0
        monkeypatch.undo()
        connection.send(DeliverSm(short_message=b"other"))
        event = await telling
        assert isinstance(event, Incoming)
        assert event.text == "other"
        await events.aclose()
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "DeliverSm could not be taken: ValueError" in record.getMessage()
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
        # It breaks before the event was got through with, so the last part comes again.
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


async def test_a_send_that_waits_for_a_session_when_the_channel_is_closed_was_not_sent() -> None:
    async with wired() as wire:
        wire.centre.bind_status = None
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        await asyncio.wait_for(wire.centre.bound.wait(), 10)
        await wire.channel.aclose()
        with pytest.raises(ConnectFailed, match="closed"):
            await sending


async def test_a_host_is_left_alone_after_the_channels_own_unbind_too() -> None:
    async with wired(bind="separate") as wire:
        events, telling = await listening(wire)
        wire.centre.connection.send(receipt("1"))
        await telling
        await events.aclose()
        await wire.clock.tick(60)
        await asyncio.wait_for(wire.centre.connection.closed.wait(), 10)
        await settle()
        events = Listening(wire.channel)
        with pytest.raises(ConnectFailed, match="allowed in 60 seconds"):
            await events.next()
        assert len(wire.centre.connections) == 1


async def test_no_more_events_wait_than_the_setting_says() -> None:
    async with wired(incoming=3) as wire:
        events, telling = await listening(wire)
        connection = wire.centre.connection
        for number in range(6):
            connection.send(receipt(str(number)))
        told = [await telling, *[await events.next() for _ in range(2)]]
        telling = asyncio.create_task(events.next())
        await settle()
        assert not telling.done()
        assert connection.machine.in_flight == 3
        connection.send(receipt("6"))
        told.append(await telling)
        assert [e.message_id for e in told if isinstance(e, StatusChanged)] == ["0", "1", "2", "6"]
        await events.aclose()


async def test_the_receiver_stays_for_a_minute_after_the_last_listener() -> None:
    async with wired(bind="separate") as wire:
        events, telling = await listening(wire)
        receiver = wire.centre.connection
        assert isinstance(receiver.bind, smpp.BindReceiver)
        receiver.send(receipt("1"))
        await telling
        await events.aclose()
        await wire.clock.tick(59)
        # Back in time: the same session, and the event that was not acknowledged.
        events = Listening(wire.channel)
        event = await events.next()
        assert isinstance(event, StatusChanged)
        assert event.message_id == "1"
        telling = asyncio.create_task(events.next())
        assert (await receiver.answer()).command_status == 0
        await wire.clock.tick(59)
        telling.cancel()
        await until(telling.done)
        assert not receiver.closed.is_set()
        await wire.clock.tick(60)
        await asyncio.wait_for(receiver.closed.wait(), 10)
        assert len(wire.centre.connections) == 1


async def test_the_receiver_comes_back_after_a_break_for_as_long_as_events_are_iterated() -> None:
    async with wired(bind="separate") as wire:
        events, telling = await listening(wire)
        wire.centre.bind_status = CommandStatus.ESME_RSYSERR
        wire.centre.connection.close()
        await settle()
        await wire.clock.tick(60)
        await until(lambda: len(wire.centre.connections) == 2)
        await settle()
        wire.centre.bind_status = 0
        await wire.clock.tick(90)
        await until(lambda: len(wire.centre.connections) == 3)
        await settle()
        wire.centre.connection.send(receipt("17"))
        event = await telling
        assert isinstance(event, StatusChanged)
        await events.aclose()


async def test_a_login_that_is_refused_later_ends_the_iteration() -> None:
    async with wired(bind="separate") as wire:
        events, telling = await listening(wire)
        wire.centre.bind_status = CommandStatus.ESME_RINVPASWD
        wire.centre.connection.close()
        await settle()
        await wire.clock.tick(60)
        with pytest.raises(AuthenticationFailed):
            await telling
        # And begins anew when it may.
        wire.centre.bind_status = 0
        await wire.clock.tick(90)
        events = Listening(wire.channel)
        telling = asyncio.create_task(events.next())
        await until(lambda: len(wire.centre.connections) == 3)
        await settle()
        wire.centre.connection.send(receipt("17"))
        await telling
        await events.aclose()


async def test_closing_the_channel_ends_the_iteration_and_unbinds() -> None:
    async with wired(bind="separate") as wire:
        _, telling = await listening(wire)
        await wire.channel.aclose()
        # Not StopAsyncIteration, which a task cannot raise.
        assert await telling is None
        connection = wire.centre.connection
        await asyncio.wait_for(connection.closed.wait(), 10)
        frames = smpp.Framer().feed(connection.octets)
        assert isinstance(smpp.decode(frames[-1]), smpp.Unbind)


async def test_a_send_that_is_cancelled_leaves_the_session_to_the_others() -> None:
    async with wired(window=1) as wire:
        cancelled = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        connection, first = await wire.centre.request(SubmitSm)
        other = asyncio.create_task(wire.channel.send([Message(TO, "b")]))
        await settle()
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        connection.reply(first, taken(first))
        _, second = await wire.centre.request(SubmitSm)
        connection.reply(second, taken(second))
        assert (await other)[0].ids


async def test_a_send_may_wait_for_a_session_that_is_being_unbound() -> None:
    async with wired(bind="transmitter", wait_for_session=200) as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        connection, pdu = await wire.centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        await sending
        # It does not answer the enquiry, and then not the unbind.
        connection.transport.pause_reading()
        await wire.clock.tick(60 + 30)
        waiting = asyncio.create_task(wire.channel.send([Message(TO, "b")]))
        await settle()
        assert not waiting.done()
        await wire.clock.tick(30)
        await settle()
        await wire.clock.tick(60)
        connection, pdu = await wire.centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        assert (await waiting)[0].ids
        assert len(wire.centre.connections) == 2


@pytest.mark.parametrize("first", [0, 1])
async def test_a_send_goes_on_when_any_of_the_sessions_that_are_being_unbound_has_ended(
    first: int,
) -> None:
    clock = ManualClock()
    async with smsc() as main, smsc() as reserve:
        hosts = f"{main.host}, {reserve.host}"
        async with smpp_channel(
            clock, hosts=hosts, bind="transmitter", sessions=2, wait_for_session=200
        ) as channel:
            await until_bound(channel, main, 2)
            for connection in main.connections:
                connection.transport.pause_reading()
            await clock.tick(60 + 30)
            waiting = asyncio.create_task(channel.send([Message(TO, "b")]))
            await settle()
            assert not reserve.connections
            main.connections[first].close()
            try:
                connection, pdu = await reserve.request(SubmitSm)
                connection.reply(pdu, taken(pdu))
                assert (await waiting)[0].ids
            finally:
                main.connections[1 - first].close()


async def until_bound(channel: SmppChannel, centre: Smsc, sessions: int) -> None:
    """A send needs one session, and has the others made beside it."""
    sending = asyncio.create_task(channel.send([Message(TO, "a")]))
    connection, pdu = await centre.request(SubmitSm)
    connection.reply(pdu, taken(pdu))
    await sending
    await until(lambda: len(centre.connections) == sessions)
    await settle()


async def test_no_send_spins_while_a_session_is_being_unbound() -> None:
    async with wired(bind="transmitter") as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        connection, pdu = await wire.centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        await sending
        connection.transport.pause_reading()
        await wire.clock.tick(60 + 30)
        with pytest.raises(ConnectFailed, match="being unbound"):
            await wire.channel.send([Message(TO, "b")])
        await wire.clock.tick(30)
        with pytest.raises(ConnectFailed, match="enquire_link stayed unanswered"):
            await wire.channel.send([Message(TO, "b")])
