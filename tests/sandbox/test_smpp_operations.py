"""How the SMSC queries, cancels and replaces messages that it has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import (
    CommandStatus,
    MessageState,
    compose,
)
from devino_core import Medium, State
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    Fate,
    Step,
    Submission,
    World,
)
from devino_sandbox.services.smpp import SmppSettings
from tests.sandbox._smpp import LONG, SENDER, TO, Esme, Smsc, only, running, submit


@pytest.fixture
def smpp_settings() -> SmppSettings:
    # Hours may pass in silence.
    return SmppSettings(enquire_after=None)


class TestQuery:
    """``query_sm``."""

    async def ask(self, esme: Esme, message_id: str, source: str = "") -> smpp.QuerySmResp:
        query = smpp.QuerySm(message_id=message_id, source_addr=source)
        return await esme.request(query, smpp.QuerySmResp)

    async def test_it_follows_a_message_to_its_end(self, smsc: Smsc, esme: Esme) -> None:
        pdu = submit(destination_addr="79990000041", schedule_delivery_time="000000010000000R")
        message_id = await esme.submit(pdu)
        seen = []
        for seconds in (0, 3600, 0.2, 0.8):
            smsc.wait(seconds)
            answer = await self.ask(esme, message_id)
            assert answer.message_id == message_id
            seen.append((answer.message_state, answer.error_code, answer.final_date))
        assert seen == [
            (MessageState.ACCEPTED, 0, ""),
            (MessageState.ACCEPTED, 0, ""),
            (MessageState.ENROUTE, 0, ""),
            (MessageState.UNDELIVERABLE, 41, "110115130001000+"),
        ]

    async def test_a_message_of_another_protocol(
        self, smsc: Smsc, esme: Esme, account: Account
    ) -> None:
        for medium, status in ((Medium.SMS, 0), (Medium.VIBER, CommandStatus.ESME_RINVMSGID)):
            content = Submission(
                account=account, via="rest", sender=SENDER, text="x", medium=medium
            )
            [message] = smsc.world.submit(content, [TO])
            assert (await self.ask(esme, message.ids[0])).command_status == status

    async def test_an_id_that_is_not_known(
        self, smsc: Smsc, esme: Esme, clock: ManualClock
    ) -> None:
        await esme.submit(submit(destination_addr="79990000255"))
        hidden = str(only(smsc).first_id)
        for message_id in ("", "1", "no id", hidden, "9" * 64):
            answer = await self.ask(esme, message_id)
            assert answer.command_status == CommandStatus.ESME_RINVMSGID

    async def test_a_source_address_must_be_that_of_the_message(
        self, account: Account, clock: ManualClock
    ) -> None:
        for strict, without in ((False, 0), (True, CommandStatus.ESME_RINVMSGID)):
            async with running(World([account], clock=clock, strict=strict)) as smsc:
                esme = await smsc.bind()
                message_id = await esme.submit(submit())
                assert (await self.ask(esme, message_id, SENDER)).command_status == 0
                assert (await self.ask(esme, message_id)).command_status == without
                other = await self.ask(esme, message_id, "OTHER")
                assert other.command_status == CommandStatus.ESME_RINVMSGID

    async def test_a_year_that_smpp_lacks(
        self, account: Account, caplog: pytest.LogCaptureFixture
    ) -> None:
        clock = ManualClock(datetime(1999, 1, 1, tzinfo=UTC))
        async with running(World([account], clock=clock)) as smsc:
            esme = await smsc.bind()
            message_id = await esme.submit(submit(registered_delivery=1))
            smsc.wait(1)
            answer = await self.ask(esme, message_id)
            assert (answer.message_state, answer.final_date) == (MessageState.DELIVERED, "")
            assert "the year 1999" in caplog.text

    async def test_a_fate_with_a_code_of_its_own(
        self, account: Account, clock: ManualClock
    ) -> None:
        fate = Fate((Step(State.UNDELIVERABLE, "1000"),))
        world = World([account], clock=clock, fate_of=lambda medium, to: fate)
        async with running(world) as smsc:
            esme = await smsc.bind()
            message_id = await esme.submit(submit(registered_delivery=1))
            smsc.wait(1)
            assert (await esme.receipt()).err == "1000"
            assert (await self.ask(esme, message_id)).command_status == 0


class TestCancel:
    """``cancel_sm``."""

    async def status(self, esme: Esme, **fields: str) -> int:
        return (await esme.request(smpp.CancelSm(**fields), smpp.CancelSmResp)).command_status  # type: ignore[arg-type]

    @pytest.mark.parametrize("schedule", ["", "000000010000000R"])
    async def test_what_was_not_sent_yet_is_deleted_and_reported(
        self, smsc: Smsc, esme: Esme, schedule: str
    ) -> None:
        pdu = submit(registered_delivery=1, schedule_delivery_time=schedule)
        message_id = await esme.submit(pdu)
        assert await self.status(esme, message_id=message_id) == 0
        receipt = await esme.receipt()
        assert (receipt.id, receipt.stat, receipt.err) == (message_id, "DELETED", "047")
        await esme.quiet()
        smsc.wait(7200)
        assert only(smsc).state is State.DELETED
        assert await self.status(esme, message_id=message_id) == CommandStatus.ESME_RCANCELFAIL

    async def test_what_was_sent_cannot_be_taken_back(self, smsc: Smsc, esme: Esme) -> None:
        message_id = await esme.submit(submit())
        smsc.wait(0.2)
        assert await self.status(esme, message_id=message_id) == CommandStatus.ESME_RCANCELFAIL
        smsc.wait(1)
        assert only(smsc).state is State.DELIVERED

    async def test_an_id_that_is_not_known(self, esme: Esme) -> None:
        assert await self.status(esme, message_id="1") == CommandStatus.ESME_RINVMSGID

    async def test_without_an_id_all_between_two_addresses(self, smsc: Smsc, esme: Esme) -> None:
        for part in compose(submit(), LONG):
            await esme.submit(part)
        await esme.submit(submit(source_addr="OTHER"))
        await esme.submit(submit(destination_addr="79160000002"))
        addresses = {"source_addr": SENDER, "destination_addr": f"+{TO}"}
        assert await self.status(esme, **addresses) == 0
        smsc.wait(10)
        states = [message.state for message in smsc.world.messages()]
        assert states == [State.DELETED, State.DELIVERED, State.DELIVERED]
        assert {part.state for part in next(smsc.world.messages()).further} == {State.DELETED}
        assert await self.status(esme, **addresses) == CommandStatus.ESME_RCANCELFAIL


class TestReplace:
    """``replace_sm``."""

    async def status(self, esme: Esme, **fields: object) -> int:
        pdu = smpp.ReplaceSm(**fields)  # type: ignore[arg-type]
        return (await esme.request(pdu, smpp.ReplaceSmResp)).command_status

    async def test_what_is_scheduled_gets_another_text_and_time(
        self, smsc: Smsc, esme: Esme, clock: ManualClock
    ) -> None:
        pdu = submit("old", registered_delivery=1, schedule_delivery_time="000000010000000R")
        message_id = await esme.submit(pdu)
        sent_at = clock.now() + timedelta(hours=1)
        assert await self.status(esme, message_id=message_id, short_message=b"new") == 0
        assert (only(smsc).submission.text, only(smsc).send_at) == ("new", sent_at)
        later = "000000030000000R"
        fields = {"message_id": message_id, "schedule_delivery_time": later}
        assert await self.status(esme, registered_delivery=1, **fields) == 0
        smsc.wait(2 * 3600)
        assert only(smsc).state is State.SCHEDULED
        smsc.wait(3600 + 1)
        assert only(smsc).state is State.DELIVERED
        assert (await esme.receipt()).id == message_id
        await esme.quiet()

    async def test_the_text_is_in_the_coding_of_the_submit(self, smsc: Smsc, esme: Esme) -> None:
        pdu = submit(data_coding=8, short_message=b"\0x", schedule_delivery_time="000000010000000R")
        message_id = await esme.submit(pdu)
        octets = "новый".encode("utf-16-be")
        assert await self.status(esme, message_id=message_id, short_message=octets) == 0
        assert only(smsc).submission.text == "новый"

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({"short_message": b"x" * 161}, CommandStatus.ESME_RINVMSGLEN),
            ({"schedule_delivery_time": "991399999999999+"}, CommandStatus.ESME_RINVSCHED),
            ({"validity_period": "000000000000000R"}, CommandStatus.ESME_RINVEXPIRY),
            ({"message_id": "1"}, CommandStatus.ESME_RINVMSGID),
            ({"source_addr": "OTHER"}, CommandStatus.ESME_RINVMSGID),
        ],
    )
    async def test_what_is_refused_leaves_it_as_it_was(
        self, smsc: Smsc, esme: Esme, fields: dict[str, object], status: int
    ) -> None:
        message_id = await esme.submit(submit("old", schedule_delivery_time="000000010000000R"))
        assert await self.status(esme, **{"message_id": message_id, **fields}) == status
        assert only(smsc).submission.text == "old"
        smsc.wait(3601)
        assert only(smsc).state is State.DELIVERED

    async def test_what_is_not_scheduled_cannot_be_replaced(self, smsc: Smsc, esme: Esme) -> None:
        message_id = await esme.submit(submit("old"))
        assert await self.status(esme, message_id=message_id) == CommandStatus.ESME_RREPLACEFAIL
        assert only(smsc).submission.text == "old"
