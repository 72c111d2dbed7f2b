"""What the SMSC delivers: receipts, and incoming messages."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, timedelta, timezone

import aiohttp
import pytest

from devino_codecs import smpp
from devino_codecs.smpp import (
    CommandStatus,
    Concatenation,
    DateForm,
    EsmClass,
    IdForm,
    MessageState,
    Reassembler,
    ReceiptStyle,
    Whole,
    compose,
)
from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    Drop,
    DropAnswer,
    Fault,
    Hang,
    Sandbox,
    Submission,
    World,
)
from devino_sandbox.services.smpp import SmppSettings
from tests.sandbox._http import Http
from tests.sandbox._smpp import LONG, PASSWORD, SENDER, TO, Esme, Smsc, only, running, submit


@pytest.fixture
def smpp_settings() -> SmppSettings:
    # Hours may pass in silence.
    return SmppSettings(enquire_after=None)


class TestReceipts:
    """``deliver_sm`` about sent messages."""

    async def test_it_says_the_same_in_its_text_and_its_parameters(
        self, smsc: Smsc, esme: Esme
    ) -> None:
        pdu = submit("Hello, this is a message", registered_delivery=1, destination_addr=f"+{TO}")
        message_id = await esme.submit(pdu)
        smsc.wait(1)
        receipt = await esme.delivered()
        assert receipt.short_message.decode() == (
            f"id:{message_id} sub:001 dlvrd:001 submit date:1101151200 done date:1101151200 "
            "stat:DELIVRD err:000 text:Hello, this is a mes"
        )
        assert receipt.tlvs == {
            "receipted_message_id": message_id,
            "message_state": MessageState.DELIVERED,
        }
        assert receipt.esm_class == EsmClass.DELIVERY_RECEIPT
        # It goes back the way that the submit came, with the address as the client wrote it.
        assert (receipt.source_addr_ton, receipt.source_addr_npi) == (1, 1)
        assert (receipt.source_addr, receipt.destination_addr) == (f"+{TO}", SENDER)
        assert (receipt.dest_addr_ton, receipt.dest_addr_npi) == (5, 1)

    @pytest.mark.parametrize(
        ("number", "stat", "state"),
        [
            ("10", "REJECTD", MessageState.REJECTED),
            ("41", "UNDELIV", MessageState.UNDELIVERABLE),
            ("42", "REJECTD", MessageState.REJECTED),
            ("46", "EXPIRED", MessageState.EXPIRED),
            ("47", "DELETED", MessageState.DELETED),
            ("99", "UNKNOWN", MessageState.UNKNOWN),
        ],
    )
    async def test_every_end_is_reported(
        self, smsc: Smsc, esme: Esme, number: str, stat: str, state: MessageState
    ) -> None:
        await esme.submit(submit(registered_delivery=1, destination_addr=f"799900000{number}"))
        smsc.wait(1)
        receipt = await esme.receipt()
        assert (receipt.stat, receipt.message_state) == (stat, state)
        assert (receipt.err, receipt.dlvrd) == (f"0{number}", 0)

    @pytest.mark.parametrize(
        ("asked", "delivered", "failed"),
        [
            (0x00, [], []),
            (0x01, ["DELIVRD"], ["UNDELIV"]),
            (0x02, [], ["UNDELIV"]),
            (0x0C, [], []),
            (0x10, ["ENROUTE"], ["ENROUTE"]),
            (0x11, ["ENROUTE", "DELIVRD"], ["ENROUTE", "UNDELIV"]),
        ],
    )
    async def test_what_was_asked_for_is_reported(
        self, smsc: Smsc, esme: Esme, asked: int, delivered: list[str], failed: list[str]
    ) -> None:
        for to, stats in ((TO, delivered), ("79990000041", failed)):
            await esme.submit(submit(registered_delivery=asked, destination_addr=to))
            smsc.wait(1)
            assert [(await esme.receipt()).stat for _ in stats] == stats
        await esme.quiet()

    async def test_an_intermediate_notification_is_marked_as_one(
        self, smsc: Smsc, esme: Esme
    ) -> None:
        await esme.submit(submit(registered_delivery=0x10))
        smsc.wait(1)
        assert (await esme.delivered()).esm_class == EsmClass.INTERMEDIATE_NOTIFICATION

    async def test_a_message_that_is_never_found_gets_none(self, smsc: Smsc, esme: Esme) -> None:
        await esme.submit(submit(registered_delivery=1, destination_addr="79990000255"))
        smsc.wait(1)
        await esme.quiet()

    @pytest.mark.parametrize("concatenation", [Concatenation.UDH, Concatenation.SAR])
    async def test_every_part_gets_its_own(
        self, smsc: Smsc, esme: Esme, concatenation: Concatenation
    ) -> None:
        parts = compose(submit(registered_delivery=1), LONG, concatenation=concatenation)
        ids = [await esme.submit(part) for part in parts]
        smsc.wait(1)
        assert [(await esme.receipt()).id for _ in ids] == ids
        await esme.quiet()

    async def test_a_payload_gets_one_for_its_first_part(self, smsc: Smsc, esme: Esme) -> None:
        (pdu,) = compose(submit(registered_delivery=1), LONG, concatenation=Concatenation.PAYLOAD)
        message_id = await esme.submit(pdu)
        smsc.wait(1)
        assert (await esme.receipt()).id == message_id
        await esme.quiet()

    async def test_each_of_many_recipients_gets_a_receipt_under_the_one_id(
        self, smsc: Smsc, esme: Esme
    ) -> None:
        pdu = smpp.SubmitMulti(
            source_addr=SENDER,
            dest_address=tuple(smpp.SmeAddress(1, 1, to) for to in (TO, "79990000041")),
            registered_delivery=1,
        )
        message_id = (await esme.request(pdu, smpp.SubmitMultiResp)).message_id
        smsc.wait(1)
        receipts = [await esme.delivered() for _ in range(2)]
        told = [(pdu.source_addr, smpp.receipt_of(pdu)) for pdu in receipts]
        assert [(to, r.id, r.stat) for to, r in told if r] == [
            (TO, message_id, "DELIVRD"),
            ("79990000041", message_id, "UNDELIV"),
        ]

    @pytest.mark.parametrize("text", ["Привет", "café"])
    async def test_text_that_is_not_ascii_is_left_out(
        self, smsc: Smsc, esme: Esme, text: str
    ) -> None:
        octets = text.encode("utf-16-be")
        await esme.submit(submit(registered_delivery=1, data_coding=8, short_message=octets))
        smsc.wait(1)
        assert (await esme.delivered()).short_message.endswith(b" text:")

    async def test_they_are_of_the_protocol_alone_that_asked(
        self, smsc: Smsc, esme: Esme, account: Account
    ) -> None:
        by_rest = Submission(account=account, via="rest", sender=SENDER, text="x")
        smsc.world.submit(by_rest, [TO])
        smsc.wait(1)
        await esme.quiet()

    @pytest.mark.parametrize(
        ("style", "answer_base", "receipt_base", "date"),
        [
            (ReceiptStyle(ids=IdForm.HEX, zone=UTC), 10, 16, "1101151200"),
            (ReceiptStyle(ids=IdForm.DECIMAL), 16, 10, "1101151200"),
            (
                ReceiptStyle(dates=DateForm.YEAR_SECONDS, zone=timezone(timedelta(hours=3))),
                10,
                10,
                "20110115150000",
            ),
        ],
    )
    async def test_their_style_can_be_chosen(
        self, world: World, style: ReceiptStyle, answer_base: int, receipt_base: int, date: str
    ) -> None:
        settings = SmppSettings(receipts=style, receipt_parameters=False)
        async with running(world, settings) as smsc:
            esme = await smsc.bind()
            message_id = await esme.submit(submit(registered_delivery=1))
            number = only(smsc).first_id
            assert int(message_id, answer_base) == number
            smsc.wait(1)
            receipt = await esme.delivered()
            assert receipt.tlvs == {}
            words = receipt.short_message.decode().split()
            assert int(words[0].removeprefix("id:"), receipt_base) == number
            assert words[4] == f"date:{date}"
            assert smpp.parse_receipt(receipt.short_message, style).id == message_id
            # The client asks with the id of the answer.
            answer = await esme.request(smpp.QuerySm(message_id=message_id), smpp.QuerySmResp)
            assert (answer.command_status, answer.message_id) == (0, message_id)
            assert (
                await esme.refused(smpp.QuerySm(message_id="no id")) == CommandStatus.ESME_RINVMSGID
            )


class TestIncoming:
    """``deliver_sm`` from subscribers."""

    async def test_a_subscriber_writes(self, smsc: Smsc, esme: Esme) -> None:
        smsc.world.receive(sender="+7 903 123-45-67", to="1234", text="Hello")
        pdu = await esme.delivered()
        assert (pdu.source_addr_ton, pdu.source_addr_npi) == (1, 1)
        assert (pdu.source_addr, pdu.destination_addr) == ("79031234567", "1234")
        assert (pdu.esm_class, pdu.data_coding, pdu.short_message) == (0, 0, b"Hello")
        assert smpp.receipt_of(pdu) is None

    async def test_a_name_is_addressed_as_one(self, smsc: Smsc, esme: Esme) -> None:
        smsc.world.receive(sender=TO, to=SENDER, text="Hello")
        assert (await esme.delivered()).dest_addr_ton == smpp.Ton.ALPHANUMERIC

    @pytest.mark.parametrize("text", [LONG, "x" * 500, ""])
    async def test_any_text_comes_through(self, smsc: Smsc, esme: Esme, text: str) -> None:
        reassembler = Reassembler()
        for _ in range(2):
            smsc.world.receive(sender=TO, to="1234", text=text)
        texts: list[str] = []
        while len(texts) < 2:
            for result in reassembler.add(await esme.delivered(), 0):
                assert isinstance(result, Whole)
                texts.append(result.text())
        assert texts == [text, text]

    @pytest.mark.parametrize(
        ("to", "text"),
        [("кто-то", "x"), ("a name that is far too long", "x"), ("1234", "\ud800")],
    )
    async def test_what_smpp_cannot_carry_is_left_out(
        self, smsc: Smsc, esme: Esme, caplog: pytest.LogCaptureFixture, to: str, text: str
    ) -> None:
        smsc.world.receive(sender=TO, to=to, text=text)
        smsc.world.receive(sender=TO, to="1234", text="next")
        assert (await esme.delivered()).short_message == b"next"
        assert "SMPP cannot carry" in caplog.text


class TestDelivery:
    """Who gets a delivery, when, and how often."""

    async def test_it_waits_until_a_session_receives(self, smsc: Smsc) -> None:
        sender = await smsc.bind(smpp.BindTransmitter)
        message_id = await sender.submit(submit(registered_delivery=1))
        smsc.wait(1)
        smsc.world.receive(sender=TO, to="1234", text="Hello")
        await sender.quiet()
        receiver = await smsc.bind(smpp.BindReceiver)
        assert (await receiver.receipt()).id == message_id
        assert (await receiver.delivered()).short_message == b"Hello"

    async def test_only_the_account_that_a_delivery_is_for_gets_it(
        self, clock: ManualClock
    ) -> None:
        names = "demo", "other"
        accounts = [Account(login=name, password=Secret(PASSWORD)) for name in names]
        async with running(World(accounts, clock=clock)) as smsc:
            esme = await smsc.bind()
            smsc.world.receive(sender=TO, to="1234", text="x", account=accounts[1])
            await esme.quiet()

    async def test_sessions_take_turns(self, smsc: Smsc) -> None:
        one, two = await smsc.bind(), await smsc.bind(smpp.BindReceiver)
        for number in range(4):
            smsc.world.receive(sender=TO, to="1234", text=str(number))
        got = [[(await esme.delivered()).short_message for _ in range(2)] for esme in (one, two)]
        assert got == [[b"0", b"2"], [b"1", b"3"]]

    async def test_the_window_is_kept(self, smsc: Smsc, esme: Esme) -> None:
        for number in range(25):
            smsc.world.receive(sender=TO, to="1234", text=str(number))
        first = [await esme.receive(smpp.DeliverSm) for _ in range(10)]
        await esme.quiet()
        esme.answer(first[0], smpp.DeliverSmResp())
        assert (await esme.receive(smpp.DeliverSm)).short_message == b"10"
        await esme.quiet()
        for pdu in first[1:]:
            esme.answer(pdu, smpp.DeliverSmResp())
        assert (await esme.receive(smpp.DeliverSm)).short_message == b"11"

    async def test_what_is_not_acknowledged_comes_again(self, smsc: Smsc, esme: Esme) -> None:
        for text in ("one", "two"):
            smsc.world.receive(sender=TO, to="1234", text=text)
        for _ in range(3):
            for octets in (b"one", b"two"):
                assert (await esme.receive(smpp.DeliverSm)).short_message == octets
            await esme.quiet()
            smsc.wait(30)
            await esme.quiet()
            smsc.wait(5)
        for octets in (b"one", b"two"):
            assert (await esme.delivered()).short_message == octets
        await esme.quiet()
        smsc.wait(30)
        await esme.quiet()

    async def test_what_was_on_its_way_goes_to_the_next_session(
        self, smsc: Smsc, esme: Esme
    ) -> None:
        for text in ("one", "two", "three"):
            smsc.world.receive(sender=TO, to="1234", text=text)
        await esme.delivered()
        for _ in range(2):
            await esme.receive(smpp.DeliverSm)
        await esme.quiet()
        esme.writer.close()
        other = await smsc.bind()
        assert [(await other.delivered()).short_message for _ in range(2)] == [b"two", b"three"]
        await other.quiet()

    async def test_an_error_is_noted_and_it_comes_again_later(
        self, smsc: Smsc, esme: Esme, caplog: pytest.LogCaptureFixture
    ) -> None:
        smsc.world.receive(sender=TO, to="1234", text="one")
        await esme.delivered(CommandStatus.ESME_RX_T_APPN)
        await esme.quiet()
        assert "ESME_RX_T_APPN" in caplog.text
        smsc.wait(4.9)
        await esme.quiet()
        smsc.wait(0.1)
        await esme.delivered()
        await esme.quiet()

    async def test_what_waits_is_over_when_the_service_is(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with running(world) as smsc:
            esme = await smsc.bind()
            world.receive(sender=TO, to="1234", text="one")
            await esme.delivered(CommandStatus.ESME_RX_T_APPN)
            await esme.quiet()
        caplog.clear()
        async with running(world) as smsc:
            smsc.wait(200)
            await (await smsc.bind()).quiet()
        assert not caplog.records

    @pytest.mark.parametrize("status", [CommandStatus.ESME_RX_P_APPN, CommandStatus.ESME_RX_R_APPN])
    async def test_after_an_error_for_good_it_does_not_come_again(
        self, smsc: Smsc, esme: Esme, status: CommandStatus
    ) -> None:
        smsc.world.receive(sender=TO, to="1234", text="one")
        await esme.delivered(status)
        await esme.quiet()
        smsc.wait(100)
        await esme.quiet()

    async def test_beyond_its_size_the_queue_loses_the_oldest_and_says_so_once(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING, "devino_sandbox")
        async with running(world, SmppSettings(queue=3)) as smsc:
            for number in range(9):
                world.receive(sender=TO, to="1234", text=str(number))
            esme = await smsc.bind()
            got = [(await esme.delivered()).short_message for _ in range(3)]
            assert got == [b"6", b"7", b"8"]
            await esme.quiet()
        assert len(caplog.records) == 1

    async def test_no_more_receipts_wait_than_the_world_keeps_messages(
        self, account: Account, clock: ManualClock
    ) -> None:
        async with running(World([account], clock=clock, keep=3)) as smsc:
            sender = await smsc.bind(smpp.BindTransmitter)
            ids = [await sender.submit(submit(registered_delivery=1)) for _ in range(9)]
            smsc.wait(1)
            esme = await smsc.bind()
            assert [(await esme.receipt()).id for _ in range(3)] == ids[-3:]
            await esme.quiet()

    @pytest.mark.parametrize("action", [Drop(), DropAnswer(), Hang()])
    async def test_deliveries_can_be_made_to_fail(
        self, smsc: Smsc, esme: Esme, action: Drop | DropAnswer | Hang
    ) -> None:
        fault = Fault(protocol="smpp", operation="deliver_sm", to=TO, nth=2, action=action)
        smsc.world.faults.add(fault)
        for text in ("one", "two", "three"):
            smsc.world.receive(sender=TO, to="1234", text=text)
        assert (await esme.delivered()).short_message == b"one"
        if isinstance(action, Hang):
            assert (await esme.delivered()).short_message == b"three"
            return
        if isinstance(action, DropAnswer):
            assert (await esme.receive(smpp.DeliverSm)).short_message == b"two"
        assert await esme.closed() == b""
        other = await smsc.bind()
        # The first one may come again, because its acknowledgement was still on the way.
        assert b"two" in [(await other.delivered()).short_message for _ in range(2)]


async def test_what_was_sent_here_can_be_asked_for_over_rest(
    world: World, account: Account, clock: ManualClock
) -> None:
    account.password = Secret(PASSWORD)
    async with Sandbox(world, discover=False) as sandbox, aiohttp.ClientSession() as session:
        host, _, port = sandbox.endpoints["smpp"].rpartition(":")
        esme = Esme(*await asyncio.open_connection(host, int(port)))
        bind = smpp.BindTransceiver(system_id=account.login, password=PASSWORD)
        await esme.request(bind, smpp.BindTransceiverResp)
        parts = compose(submit(registered_delivery=1), LONG)
        ids = [await esme.submit(part) for part in parts]
        # Nobody asks. The sandbox itself notices that time has passed.
        await clock.tick(1)
        assert [(await esme.receipt()).id for _ in ids] == ids
        http = Http(session, sandbox.endpoints)
        login = f"Login={account.login}&Password={PASSWORD}"
        for message_id in ids:
            state = await http.raw("GET", f"/rest/v2/Sms/State?{login}&messageId={message_id}")
            assert state.json["State"] == 0
        [shown] = await http.messages()
        assert (shown["text"], shown["parts"], shown["ids"]) == (LONG, len(ids), ids)
        assert shown["via"] == "smpp"
        esme.writer.close()
