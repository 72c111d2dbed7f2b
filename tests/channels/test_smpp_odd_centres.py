"""What odd centres deliver reaches whoever iterates, before it is acknowledged."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import DeliverSm, SubmitSm, SubmitSmResp
from devino_core import Incoming, Message, ProtocolViolation, Retry, State, StatusChanged
from devino_core.testing import ManualClock
from tests.channels._smpp import Listening, until
from tests.channels._smpp_bound import session
from tests.channels._smpp_wired import TO, Wired, answers_of, listening, receipt, settle, wired
from tests.channels._smsc import smsc
from tests.wire._smpp_broken import BROKEN, NUL_BEHIND, Broken

pytestmark = pytest.mark.attack


async def send(wire: Wired, message_id: str) -> Message:
    """Send a message that gets this id."""
    message = Message(TO, "a")
    sending = asyncio.create_task(wire.channel.send([message]))
    connection, pdu = await wire.centre.request(SubmitSm)
    connection.reply(pdu, SubmitSmResp(message_id=message_id))
    await sending
    return message


@pytest.mark.parametrize("bind", ["separate", "transceiver", "receiver"])
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
async def test_a_broken_delivery_is_an_event_before_it_is_acknowledged(
    broken: Broken, bind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with wired(bind=bind) as wire:
        events, telling = await listening(wire)
        connection = wire.centre.connection
        connection.write(broken.octets)
        event = await telling
        assert isinstance(event, Incoming)
        assert (event.sender, event.text) == (broken.sender, broken.text.decode())
        assert isinstance(event.raw, smpp.Whole)
        [pdu] = event.raw.pdus
        assert pdu.defect is not None
        assert pdu.defect.octets == broken.octets
        await settle()
        answered = [smpp.DeliverSmResp(sequence_number=7)]
        assert answers_of(connection)[-1:] != answered
        telling = asyncio.create_task(events.next())
        await until(lambda: answers_of(connection)[-1:] == answered)
        telling.cancel()
        await asyncio.wait([telling])
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "deliver_sm (sequence_number 7," in record.getMessage()
    assert broken.path in record.getMessage()
    assert "79991234567" not in caplog.text


async def test_a_nul_behind_a_delivery_is_not_even_worth_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        wire.centre.connection.write(NUL_BEHIND)
        event = await telling
        assert isinstance(event, Incoming)
        assert event.text == "Hello"
        await events.aclose()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_broken_delivery_that_comes_again_over_another_session_is_the_same_event() -> None:
    async with wired(bind="separate") as wire:
        events, telling = await listening(wire)
        for broken in BROKEN[-2:]:
            wire.centre.connection.write(broken.octets)
        told = [await telling]
        wire.centre.connection.close()
        await settle()
        told.append(await events.next())
        telling = asyncio.create_task(events.next())
        await settle()
        await wire.clock.tick(60)
        await until(lambda: len(wire.centre.connections) == 2)
        await settle()
        for broken in BROKEN[-2:]:
            wire.centre.connection.write(broken.octets)
        again = [await telling, await events.next()]
        assert [event.id for event in again if event] == [event.id for event in told if event]
        await events.aclose()


async def test_a_session_without_a_channel_gives_what_is_broken() -> None:
    async with smsc() as centre, session(centre) as bound:
        for broken in BROKEN:
            centre.connection.write(broken.octets)
        for broken in BROKEN:
            pdu = await anext(bound)
            assert pdu.defect is not None
            assert pdu.defect.octets == broken.octets


async def test_a_broken_receipt_is_a_status_with_its_octets() -> None:
    async with wired() as wire:
        message = await send(wire, "101")
        events, telling = await listening(wire)
        sound = smpp.encode(receipt("101"), 9) + b"\4\x27"
        octets = len(sound).to_bytes(4, "big") + sound[4:]
        wire.centre.connection.write(octets)
        event = await telling
        assert isinstance(event, StatusChanged)
        assert (event.ref, event.status.state) == (message.ref, State.DELIVERED)
        assert isinstance(event.raw, DeliverSm)
        assert event.raw.defect is not None
        assert event.raw.defect.octets == octets
        await events.aclose()


@pytest.mark.parametrize(
    ("answer", "written", "receipt_ids"),
    [
        ("812FC7470000001B", "9308878062554710043", "decimal"),
        ("0A000000A3D323A1", "720575943127802785", "decimal"),
        ("0d2d3844", "0221067332", "decimal"),
        ("0000029095", "71a7", "hex"),
        ("29095", "0000029095", "verbatim"),
        ("1101C1-C9D03D-F000", "1101c1-c9d03d-f000", "verbatim"),
        ("39f99dd5", "0972660181", "decimal"),
    ],
)
@pytest.mark.parametrize("comes_first", [False, True])
async def test_a_receipt_whose_id_is_spelt_otherwise_has_the_ref_and_the_id_of_the_answer(
    answer: str, written: str, receipt_ids: str, comes_first: bool
) -> None:
    async with wired(receipt_ids=receipt_ids) as wire:
        events, telling = await listening(wire)
        message = Message(TO, "a")
        sending = asyncio.create_task(wire.channel.send([message]))
        connection, pdu = await wire.centre.request(SubmitSm)
        delivery = receipt(written)
        if comes_first:
            connection.send(delivery)
            await settle()
        connection.reply(pdu, SubmitSmResp(message_id=answer))
        [sent] = await sending
        if not comes_first:
            connection.send(delivery)
        event = await telling
        assert isinstance(event, StatusChanged)
        assert event.ref == message.ref
        assert (event.message_id,) == sent.ids == (answer,)
        assert event.status.id == answer
        await events.aclose()


async def test_of_two_ids_that_are_spelt_alike_the_exact_one_counts() -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        first, second = await send(wire, "0A"), await send(wire, "a")
        for spelt, message in (("0A", first), ("a", second), ("0A", first)):
            wire.centre.connection.send(receipt(spelt))
            event = await telling
            assert isinstance(event, StatusChanged)
            assert event.ref == message.ref
            telling = asyncio.create_task(events.next())
        telling.cancel()
        await asyncio.wait([telling])


async def test_receipts_that_cannot_be_read_have_ids_of_their_own() -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        texts = [b"it arrived", b"it did not", b"", b"it arrived"]
        for text in texts:
            wire.centre.connection.send(DeliverSm(esm_class=4, short_message=text))
        told: list[Any] = [await telling, *[await events.next() for _ in texts[1:]]]
        assert told[0].id == told[3].id
        assert len({event.id for event in told}) == 3
        await events.aclose()


async def test_an_error_code_in_text_where_octets_belong_is_passed_over() -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        code = smpp.NetworkErrorCode(0x30, 0x3030)
        text = b"id:1 stat:UNDELIV err:007"
        wire.centre.connection.send(
            DeliverSm(esm_class=4, short_message=text, tlvs={"network_error_code": code})
        )
        event = await telling
        assert isinstance(event, StatusChanged)
        assert event.status.code == 7
        await events.aclose()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"data_coding": 8, "short_message": bytes.fromhex("fffe14043004")}, "Да"),
        ({"data_coding": 8, "short_message": bytes.fromhex("feff04140430")}, "Да"),
        ({"data_coding": 0x11, "short_message": b"Hello"}, "Hello"),
        ({"data_coding": 0x18, "short_message": bytes.fromhex("04140430")}, "Да"),
        ({"esm_class": 0x40, "short_message": bytes.fromhex("022400") + b"Hello"}, "Hello"),
    ],
)
async def test_the_text_of_a_message_is_what_its_sender_wrote(
    fields: dict[str, Any], text: str
) -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        wire.centre.connection.send(DeliverSm(source_addr=TO, **fields))
        event = await telling
        assert isinstance(event, Incoming)
        assert event.text == text
        await events.aclose()


async def test_parts_with_a_header_that_nothing_announces_are_one_message() -> None:
    async with wired() as wire:
        events, telling = await listening(wire)
        for number in (1, 2):
            octets = bytes([5, 0, 3, 180, 2, number]) + b"half"
            wire.centre.connection.send(DeliverSm(source_addr=TO, short_message=octets))
        event = await telling
        assert isinstance(event, Incoming)
        assert event.text == "halfhalf"
        await events.aclose()


@pytest.mark.parametrize("alphabet", ["latin-1", "ascii"])
async def test_the_alphabet_of_the_centre_counts_in_both_directions(alphabet: str) -> None:
    async with wired(alphabet=alphabet) as wire:
        events, telling = await listening(wire)
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a@b_c.de")]))
        connection, pdu = await wire.centre.request(SubmitSm)
        assert (pdu.data_coding, pdu.short_message) == (0, b"a@b_c.de")
        connection.reply(pdu, SubmitSmResp(message_id="1"))
        await sending
        connection.send(DeliverSm(source_addr=TO, short_message=b"@Maidenman664"))
        event = await telling
        assert isinstance(event, Incoming)
        assert event.text == "@Maidenman664"
        await events.aclose()


async def test_the_parts_of_a_text_in_ucs2_are_charged_as_they_go() -> None:
    text = "5 € " * 20  # 80 characters: one part of GSM 7 bit, two of UCS-2
    async with wired(alphabet="latin-1", concatenation="payload") as wire:
        sending = asyncio.create_task(wire.channel.send([Message(TO, text)]))
        connection, pdu = await wire.centre.request(SubmitSm)
        connection.reply(pdu, SubmitSmResp(message_id="1"))
        [sent] = await sending
        assert (pdu.data_coding, sent.parts) == (8, 2)


async def test_deliveries_beyond_the_limit_are_left_with_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with wired(incoming=2) as wire:
        events, telling = await listening(wire)
        for number in range(5):
            wire.centre.connection.send(DeliverSm(source_addr=TO, short_message=b"%d" % number))
        await telling
        await settle()
        assert wire.channel.left == 3
        await events.aclose()
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "2 events wait to be iterated" in record.getMessage()


async def test_a_flood_of_broken_deliveries_is_one_line_a_second_with_a_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    async with smsc() as centre, session(centre, clock) as bound:
        for _ in range(500):
            centre.connection.write(BROKEN[0].octets)
        for _ in range(500):
            await anext(bound)
        await clock.tick(1)
        centre.connection.write(BROKEN[0].octets)
        await anext(bound)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(lines) == 3
    assert lines[1].startswith("499 more like")


async def test_a_flood_of_enquiries_ends_the_session() -> None:
    async with smsc() as centre, session(centre) as bound:
        centre.connection.write(smpp.encode(smpp.EnquireLink(), 1) * 1001)
        reason = await asyncio.wait_for(bound.wait_ended(), 10)
        assert "say nothing" in reason.value


async def test_a_bind_is_answered_however_odd_the_answer_is() -> None:
    async with smsc() as centre:
        centre.bind_status = None
        entering = asyncio.ensure_future(session(centre).__aenter__())
        await asyncio.wait_for(centre.bound.wait(), 10)
        body = b"TelecomSMSCGateway01\0"
        header = smpp.Header(16 + len(body), smpp.BindTransceiverResp.command_id, 0, 1)
        centre.connection.write(header.octets + body)
        bound = await entering
        assert bound.is_bound
        bound.abort()


async def test_what_a_centre_delivers_before_it_answers_the_bind_is_an_event() -> None:
    async with wired() as wire:
        wire.centre.bind_status = None
        events = Listening(wire.channel)
        telling = asyncio.create_task(events.next())
        await asyncio.wait_for(wire.centre.bound.wait(), 10)
        connection = wire.centre.connection
        connection.write(smpp.encode(DeliverSm(source_addr=TO, short_message=b"early"), 5))
        await settle()
        assert answers_of(connection) == []
        connection.write(smpp.encode(smpp.BindTransceiverResp(), 1))
        event = await telling
        assert isinstance(event, Incoming)
        assert event.text == "early"
        telling = asyncio.create_task(events.next())
        await until(lambda: answers_of(connection) == [smpp.DeliverSmResp(sequence_number=5)])
        telling.cancel()
        await asyncio.wait([telling])
        connection.close()


async def test_the_answers_that_follow_an_unbind_of_the_peer_still_count() -> None:
    async with wired() as wire:
        sending = asyncio.create_task(
            wire.channel.send([Message(f"7903000000{n}", "a") for n in range(3)])
        )
        requests = [await wire.centre.request(SubmitSm) for _ in range(3)]
        connection = wire.centre.connection
        connection.write(smpp.encode(smpp.Unbind(), 99))
        await settle()
        for number, (_, pdu) in enumerate(requests):
            octets = smpp.encode(SubmitSmResp(message_id=str(number)), pdu.sequence_number)
            connection.write(octets)
            connection.forget(pdu)
        receipts = await sending
        assert [receipt.ids for receipt in receipts] == [("0",), ("1",), ("2",)]
        await until(lambda: answers_of(connection) == [smpp.UnbindResp(sequence_number=99)])


async def test_a_state_that_cannot_be_read_is_a_violation_and_may_be_asked_again() -> None:
    async with wired() as wire:
        asking = asyncio.create_task(wire.channel.status(["17"]))
        connection, pdu = await wire.centre.request(smpp.QuerySm)
        header = smpp.Header(19, smpp.QuerySmResp.command_id, 0, pdu.sequence_number)
        connection.write(header.octets + b"17\0")
        connection.forget(pdu)
        with pytest.raises(ProtocolViolation, match="final_date") as caught:
            await asking
        assert caught.value.retry is Retry.SAFE
