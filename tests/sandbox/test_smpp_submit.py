"""What the SMSC takes and refuses, and what the World holds afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus, compose, format_time
from devino_core import State
from devino_core.testing import ManualClock
from devino_sandbox import Account, Pace, World
from devino_sandbox.services.smpp import SmppSettings
from tests.sandbox._smpp import LONG, OTHER, PRICE, SENDER, TO, Esme, Smsc, only, running, submit


@pytest.fixture
async def strict(account: Account, clock: ManualClock) -> AsyncIterator[Smsc]:
    async with running(World([account], clock=clock, strict=True)) as smsc:
        yield smsc


async def test_what_is_taken_has_its_id_and_is_charged(
    smsc: Smsc, esme: Esme, account: Account
) -> None:
    message_id = await esme.submit(submit("Hello"))
    message = only(smsc)
    assert message.ids == (message_id,)
    assert (message.submission.via, message.submission.text) == ("smpp", "Hello")
    assert (message.submission.sender, message.to) == (SENDER, TO)
    assert (message.state, message.parts) == (State.ACCEPTED, 1)
    assert account.balance == Decimal("20015.3") - PRICE
    assert smsc.world.find(account, message_id) is message


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (0x00, b"\x00 1 \x1b\x65 \x02", "@ 1 € $"),
        (0x01, b"plain @ ASCII", "plain @ ASCII"),
        (0x02, b"\x00\xff", "00 ff"),
        (0x03, b"caf\xe9", "café"),
        (0x04, b"\x01\x02\x03", "01 02 03"),
        (0x06, b"\xbf\xe0\xd8\xd2\xd5\xe2", "Привет"),
        (0x08, "Привет 🙂".encode("utf-16-be"), "Привет 🙂"),
        (0xF0, b"flash", "flash"),
        (0xF5, b"\xca\xfe", "ca fe"),
    ],
)
async def test_usual_codings_are_read(
    smsc: Smsc, esme: Esme, data_coding: int, octets: bytes, text: str
) -> None:
    await esme.submit(submit(data_coding=data_coding, short_message=octets))
    assert only(smsc).submission.text == text


async def test_octets_outside_the_alphabet_are_no_reason_to_refuse(smsc: Smsc, esme: Esme) -> None:
    await esme.submit(submit(short_message=b"caf\xe9" * 40))
    assert only(smsc).submission.text == "caf\ufffd" * 40
    assert only(smsc).parts == 1


@pytest.mark.parametrize("data_coding", [0x09, 0x0C, 0x7F])
async def test_an_unknown_coding_is_refused(esme: Esme, data_coding: int) -> None:
    assert await esme.refused(submit(data_coding=data_coding)) == 0x104


async def test_the_default_alphabet_can_be_chosen(world: World) -> None:
    async with running(world, SmppSettings(alphabet="latin-1")) as smsc:
        esme = await smsc.bind()
        await esme.submit(submit(short_message="café_@".encode("latin-1")))
        assert only(smsc).submission.text == "café_@"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"source_addr": "TwelveLetter"}, CommandStatus.ESME_RINVSRCADR),
        ({"source_addr": ""}, CommandStatus.ESME_RINVSRCADR),
        ({"source_addr": "STRANGER"}, CommandStatus.ESME_RINVSRCADR),
        ({"destination_addr": "42"}, CommandStatus.ESME_RINVDSTADR),
        ({"destination_addr": ""}, CommandStatus.ESME_RINVDSTADR),
        ({"short_message": b"x" * 161}, CommandStatus.ESME_RINVMSGLEN),
        ({"data_coding": 8, "short_message": b"\0x" * 71}, CommandStatus.ESME_RINVMSGLEN),
        ({"data_coding": 4, "short_message": b"x" * 141}, CommandStatus.ESME_RINVMSGLEN),
        ({"data_coding": 6, "short_message": b"\xbf" * 71}, CommandStatus.ESME_RINVMSGLEN),
        ({"esm_class": 0x40, "short_message": b"\x09\0"}, CommandStatus.ESME_RINVESMCLASS),
        ({"esm_class": 0x40, "short_message": b"\x8b" + b"\x70\x89" + bytes(138)}, 0x43),
        ({"esm_class": 0x04}, CommandStatus.ESME_RINVESMCLASS),
        ({"priority_flag": 4}, CommandStatus.ESME_RINVPRTFLG),
        ({"registered_delivery": 3}, CommandStatus.ESME_RINVREGDLVFLG),
        ({"replace_if_present_flag": 1}, CommandStatus.ESME_RINVSUBREP),
        ({"replace_if_present_flag": 2}, CommandStatus.ESME_RINVREPFLAG),
        ({"sm_default_msg_id": 1}, CommandStatus.ESME_RINVDFTMSGID),
        ({"schedule_delivery_time": "991399999999999+"}, CommandStatus.ESME_RINVSCHED),
        ({"validity_period": "99139999999999-R"}, CommandStatus.ESME_RINVEXPIRY),
        ({"validity_period": "110115115959000+"}, CommandStatus.ESME_RINVEXPIRY),
        (
            {
                "schedule_delivery_time": "000000020000000R",
                "validity_period": "000000010000000R",
            },
            CommandStatus.ESME_RINVEXPIRY,
        ),
    ],
)
async def test_what_is_refused_is_on_record_and_costs_nothing(
    smsc: Smsc, esme: Esme, account: Account, fields: dict[str, object], status: int
) -> None:
    account.senders = frozenset({SENDER})
    answer = await esme.request(submit(**fields), smpp.SubmitSmResp)
    assert (answer.command_status, answer.message_id) == (status, "")
    assert only(smsc).reason
    assert account.balance == Decimal("20015.3")
    await esme.submit(submit())


async def test_who_has_no_credits_is_refused(esme: Esme, account: Account) -> None:
    account.balance = Decimal(1)
    assert await esme.refused(submit()) == CommandStatus.ESME_RSUBMITFAIL
    account.balance += 1
    await esme.submit(submit())


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"source_addr_ton": 1}, CommandStatus.ESME_RINVSRCTON),
        ({"source_addr_npi": 0}, CommandStatus.ESME_RINVSRCNPI),
        ({"dest_addr_ton": 0}, CommandStatus.ESME_RINVDSTTON),
        ({"dest_addr_npi": 0}, CommandStatus.ESME_RINVDSTNPI),
        ({"validity_period": "000000000059000R"}, CommandStatus.ESME_RINVEXPIRY),
    ],
)
async def test_what_only_a_strict_world_refuses(
    strict: Smsc, clock: ManualClock, account: Account, fields: dict[str, object], status: int
) -> None:
    esme = await strict.bind()
    assert await esme.refused(submit(**fields)) == status
    await esme.submit(submit(validity_period="000000000100000R"))
    await esme.submit(submit(source_addr="79001234567", source_addr_ton=1))
    async with running(World([account], clock=clock)) as lenient:
        await (await lenient.bind()).submit(submit(**fields))


class TestTimes:
    """When to send, and until when."""

    @pytest.mark.parametrize("zone", [None, UTC, timezone(timedelta(hours=9))])
    async def test_a_scheduled_message_waits(
        self, smsc: Smsc, esme: Esme, clock: ManualClock, zone: timezone | None
    ) -> None:
        later = timedelta(hours=1)
        when = later if zone is None else (clock.now() + later).astimezone(zone)
        await esme.submit(submit(schedule_delivery_time=format_time(when)))
        assert only(smsc).state is State.SCHEDULED
        assert only(smsc).send_at == clock.now() + later
        smsc.wait(3601)
        assert only(smsc).state is State.DELIVERED

    async def test_a_time_in_the_past_is_now(self, smsc: Smsc, esme: Esme) -> None:
        await esme.submit(submit(schedule_delivery_time="100101000000000+"))
        assert only(smsc).state is State.ACCEPTED

    @pytest.mark.parametrize(
        ("validity", "state"),
        [
            (timedelta(seconds=1), State.DELIVERED),
            (datetime(2011, 1, 15, 12, 0, 1, tzinfo=UTC), State.DELIVERED),
            (timedelta(0), State.EXPIRED),
            (datetime(2011, 1, 15, 12, tzinfo=UTC), State.EXPIRED),
        ],
    )
    async def test_a_message_expires_when_its_validity_ends(
        self, smsc: Smsc, esme: Esme, validity: timedelta | datetime, state: State
    ) -> None:
        await esme.submit(submit(validity_period=format_time(validity)))
        smsc.wait(10)
        assert only(smsc).state is state

    async def test_a_span_of_validity_counts_from_the_submit(self, smsc: Smsc, esme: Esme) -> None:
        """SMPP 3.4, 7.1.1.2: relative to the centre's time, not to the sending."""
        pdu = submit(
            schedule_delivery_time=format_time(timedelta(hours=1)),
            validity_period=format_time(timedelta(hours=1)),
        )
        await esme.submit(pdu)
        assert only(smsc).submission.validity == timedelta(0)
        smsc.wait(3602)
        assert only(smsc).state is State.EXPIRED


class TestNumbersThatAsk:
    """79990001NNN."""

    @pytest.mark.parametrize("status", [8, 11, 20, 69, 88, 255, 999])
    async def test_a_submit_is_refused_with_the_number_that_it_names(
        self, smsc: Smsc, esme: Esme, account: Account, status: int
    ) -> None:
        assert await esme.refused(submit(destination_addr=f"79990001{status:03}")) == status
        assert account.balance == Decimal("20015.3")
        assert smpp.status_name(status) in (only(smsc).reason or "")

    @pytest.mark.parametrize("status", [20, 88])
    async def test_what_passes_is_over_after_two_submits_of_the_account(
        self, smsc: Smsc, esme: Esme, status: int
    ) -> None:
        pdu = submit(destination_addr=f"+79990001{status:03}")
        other = await smsc.bind()
        assert await esme.refused(pdu) == status
        assert await other.refused(pdu) == status
        await esme.submit(pdu)
        await other.submit(pdu)

    async def test_what_does_not_pass_is_never_over(self, esme: Esme) -> None:
        for _ in range(4):
            assert await esme.refused(submit(destination_addr="79990001011")) == 11

    @pytest.mark.parametrize("to", ["79990001000", "799900010112", "179990001011", "9990001"])
    async def test_other_numbers_do_not_ask(self, smsc: Smsc, esme: Esme, to: str) -> None:
        await esme.request(submit(destination_addr=to), smpp.SubmitSmResp)
        assert only(smsc).to == to


class TestMany:
    """``submit_multi`` and ``data_sm``."""

    def many(self, *to: str, **fields: object) -> smpp.SubmitMulti:
        usual: dict[str, object] = {
            "source_addr": SENDER,
            "dest_address": tuple(smpp.SmeAddress(1, 1, address) for address in to),
            "short_message": b"test",
        }
        return smpp.SubmitMulti(**{**usual, **fields})  # type: ignore[arg-type]

    async def test_each_recipient_is_sent_to_and_charged(
        self, smsc: Smsc, esme: Esme, account: Account
    ) -> None:
        answer = await esme.request(self.many(TO, OTHER), smpp.SubmitMultiResp)
        assert (answer.command_status, answer.unsuccess_sme) == (0, ())
        messages = list(smsc.world.messages())
        assert [message.to for message in messages] == [TO, OTHER]
        assert answer.message_id == messages[0].ids[0]
        assert account.balance == Decimal("20015.3") - 2 * PRICE

    async def test_who_could_not_be_sent_to_is_named(self, smsc: Smsc, esme: Esme) -> None:
        answer = await esme.request(self.many("42", TO, "79990001088", OTHER), smpp.SubmitMultiResp)
        assert answer.command_status == 0
        assert answer.unsuccess_sme == (
            smpp.UnsuccessSme(1, 1, "42", CommandStatus.ESME_RINVDSTADR),
            smpp.UnsuccessSme(1, 1, "79990001088", CommandStatus.ESME_RTHROTTLED),
        )
        taken = [message for message in smsc.world.messages() if message.reason is None]
        assert answer.message_id == taken[0].ids[0]

    async def test_when_nobody_could_be_sent_to_there_is_no_id(self, esme: Esme) -> None:
        answer = await esme.request(self.many("42"), smpp.SubmitMultiResp)
        assert (answer.command_status, answer.message_id) == (CommandStatus.ESME_RSUBMITFAIL, "")
        assert answer.unsuccess_sme[0].error_status_code == CommandStatus.ESME_RINVDSTADR

    async def test_lists_are_unknown(self, smsc: Smsc, esme: Esme) -> None:
        lists = (smpp.SmeAddress(1, 1, TO), smpp.DistributionList("friends"))
        assert await esme.refused(self.many(dest_address=lists)) == CommandStatus.ESME_RINVDLNAME
        refused = [(m.to, m.submission.text, m.reason) for m in smsc.world.messages()]
        assert refused == [(to, "test", "ESME_RINVDLNAME (0x34)") for to in (TO, "friends")]

    async def test_a_long_text_to_many(self, smsc: Smsc, esme: Esme) -> None:
        for part in compose(submit(), LONG):
            await esme.request(
                self.many(
                    TO,
                    OTHER,
                    esm_class=part.esm_class,
                    data_coding=part.data_coding,
                    short_message=part.short_message,
                ),
                smpp.SubmitMultiResp,
            )
        assert [message.submission.text for message in smsc.world.messages()] == [LONG, LONG]

    async def test_data_sm_is_a_submit_by_another_name(self, smsc: Smsc, esme: Esme) -> None:
        pdu = smpp.DataSm(
            source_addr=SENDER,
            destination_addr=TO,
            data_coding=8,
            tlvs={
                "message_payload": LONG.encode("utf-16-be"),
                "qos_time_to_live": 2**32 - 1,
            },
        )
        answer = await esme.request(pdu, smpp.DataSmResp)
        message = only(smsc)
        assert (answer.command_status, answer.message_id) == (0, message.ids[0])
        assert (message.submission.text, message.parts) == (LONG, 4)
        assert message.submission.validity == timedelta(days=99)
        bad = smpp.DataSm(source_addr=SENDER, destination_addr="42")
        assert await esme.refused(bad) == CommandStatus.ESME_RINVDSTADR


async def test_a_message_that_ends_at_once_is_answered_before_its_receipt(
    account: Account, clock: ManualClock
) -> None:
    async with running(World([account], clock=clock, pace=Pace.instant())) as smsc:
        esme = await smsc.bind()
        message_id = await esme.submit(submit(registered_delivery=1))
        assert (await esme.receipt()).id == message_id
