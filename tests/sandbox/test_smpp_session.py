"""Binding to the SMSC, and what ends a session."""

from __future__ import annotations

import asyncio
import socket

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus
from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Hang,
    Sandbox,
    World,
)
from devino_sandbox.services.smpp import SmppService, SmppSettings
from tests.sandbox._smpp import ENQUIRIES, PASSWORD, TO, Smsc, running, submit

pytestmark = pytest.mark.pythons


def bind(**fields: str) -> smpp.BindTransceiver:
    return smpp.BindTransceiver(**{"system_id": "demo", "password": PASSWORD, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "request_type", [smpp.BindTransmitter, smpp.BindReceiver, smpp.BindTransceiver]
)
async def test_a_bind_is_answered_in_kind(smsc: Smsc, request_type: type[smpp.BindRequest]) -> None:
    esme = await smsc.connect()
    answer = await esme.request(
        request_type(system_id="demo", password=PASSWORD), smpp.BindResponse
    )
    assert answer.command_id == request_type.command_id | 0x80000000
    assert (answer.command_status, answer.system_id) == (0, "devino")
    assert answer.tlvs == {"sc_interface_version": 0x34}


async def test_wrong_logins_and_passwords_are_told_apart(smsc: Smsc) -> None:
    esme = await smsc.connect()
    assert await esme.refused(bind(system_id="nobody")) == CommandStatus.ESME_RINVSYSID
    assert await esme.refused(bind(password="wrong")) == CommandStatus.ESME_RINVPASWD
    # The client may try again.
    answer = await esme.request(bind(), smpp.BindTransceiverResp)
    assert answer.command_status == 0
    assert await esme.refused(bind()) == CommandStatus.ESME_RALYBND


async def test_an_account_has_four_sessions(smsc: Smsc) -> None:
    sessions = [await smsc.bind() for _ in range(4)]
    fifth = await smsc.connect()
    assert await fifth.refused(bind()) == CommandStatus.ESME_RBINDFAIL
    await sessions[0].request(smpp.Unbind(), smpp.UnbindResp)
    assert await sessions[0].closed() == b""
    answer = await fifth.request(bind(), smpp.BindTransceiverResp)
    assert answer.command_status == 0


async def test_a_session_is_bound_once(smsc: Smsc) -> None:
    esme = await smsc.connect()
    esme.send(bind(), bind())
    statuses = [(await esme.receive(smpp.BindTransceiverResp)).command_status for _ in range(2)]
    assert statuses == [0, CommandStatus.ESME_RALYBND]
    for _ in range(3):
        await smsc.bind()


async def test_sessions_are_counted_by_account(clock: ManualClock) -> None:
    accounts = [Account(login=login, password=Secret("")) for login in ("demo", "other")]
    async with running(World(accounts, clock=clock)) as smsc:
        for _ in range(4):
            await smsc.bind()
        esme = await smsc.connect()
        answer = await esme.request(bind(system_id="other"), smpp.BindTransceiverResp)
        assert answer.command_status == 0


async def test_a_lenient_world_lets_a_client_come_back_at_once(smsc: Smsc) -> None:
    esme = await smsc.bind()
    await esme.request(smpp.Unbind(), smpp.UnbindResp)
    await smsc.bind()


async def test_a_strict_world_keeps_the_manuals_pauses(
    account: Account, clock: ManualClock
) -> None:
    async with running(World([account], clock=clock, strict=True)) as smsc:

        async def status() -> int:
            esme = await smsc.connect()
            answer = await esme.request(bind(), smpp.BindTransceiverResp)
            return answer.command_status

        first = await smsc.bind()
        assert await status() == 0
        await first.request(smpp.Unbind(), smpp.UnbindResp)
        smsc.wait(59)
        assert await status() == CommandStatus.ESME_RBINDFAIL
        # That try failed, so the pause begins again, with 90 seconds.
        smsc.wait(89)
        assert await status() == CommandStatus.ESME_RBINDFAIL
        smsc.wait(90)
        assert await status() == 0


async def test_a_strict_world_wants_an_empty_system_type(
    account: Account, clock: ManualClock
) -> None:
    async with running(World([account], clock=clock, strict=True)) as smsc:
        esme = await smsc.connect()
        assert await esme.refused(bind(system_type="VMA")) == CommandStatus.ESME_RINVSYSTYP


async def test_when_all_sessions_end_each_is_unbound_and_none_loses_what_it_was_sent(
    smsc: Smsc,
) -> None:
    sessions = [await smsc.bind(), await smsc.bind(smpp.BindTransmitter)]
    stranger = await smsc.connect()
    await stranger.request(smpp.EnquireLink(), smpp.Pdu)
    smsc.world.receive(sender=TO, to="1234", text="stop")
    await sessions[0].receive(smpp.DeliverSm)
    smsc.world.end_sessions()
    for esme in sessions:
        await esme.receive(smpp.Unbind)
        assert await esme.closed() == b""
    await stranger.request(bind(), smpp.BindTransceiverResp)
    assert (await stranger.delivered()).short_message == b"stop"
    await stranger.quiet()


async def test_before_a_bind_nothing_is_carried_out(smsc: Smsc) -> None:
    esme = await smsc.connect()
    assert await esme.refused(submit()) == CommandStatus.ESME_RINVBNDSTS
    assert list(smsc.world.messages()) == []


async def test_a_receiver_cannot_submit(smsc: Smsc) -> None:
    esme = await smsc.bind(smpp.BindReceiver)
    assert await esme.refused(submit()) == CommandStatus.ESME_RINVBNDSTS


async def test_who_does_not_bind_is_closed(smsc: Smsc) -> None:
    esme = await smsc.connect()
    await esme.quiet()
    smsc.wait(29)
    await esme.quiet()
    smsc.wait(1)
    assert await esme.closed() == b""


async def test_a_silent_client_is_asked_and_then_unbound(smsc: Smsc) -> None:
    esme = await smsc.bind()
    smsc.wait(120)
    enquiry = await esme.receive(smpp.EnquireLink)
    esme.answer(enquiry, smpp.EnquireLinkResp())
    await esme.quiet()
    smsc.wait(120)
    await esme.receive(smpp.EnquireLink)
    smsc.wait(30)
    await esme.receive(smpp.Unbind)
    smsc.wait(30)
    assert await esme.closed() == b""


@pytest.mark.parametrize("matching", [True, False])
async def test_a_generic_nack_is_answered_with_unbind(smsc: Smsc, matching: bool) -> None:
    esme = await smsc.bind()
    smsc.world.receive(sender="79161234567", to="1234", text="hello")
    pdu = await esme.receive(smpp.DeliverSm)
    esme.write(smpp.encode(smpp.GenericNack(), pdu.sequence_number if matching else 77))
    unbind = await esme.receive(smpp.Unbind)
    esme.answer(unbind, smpp.UnbindResp())
    assert await esme.closed() == b""
    # What the client nacked counts as not delivered.
    other = await smsc.bind()
    assert (await other.delivered()).short_message == b"hello"


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        ((8).to_bytes(4, "big") + bytes(12), CommandStatus.ESME_RINVCMDLEN),
        (b"\xff\xff\xff\xff" + bytes(12), CommandStatus.ESME_RINVCMDLEN),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", CommandStatus.ESME_RINVCMDLEN),
    ],
)
async def test_octets_without_frames_end_the_connection(
    smsc: Smsc, octets: bytes, status: CommandStatus
) -> None:
    esme = await smsc.bind()
    esme.write(octets)
    answer = await esme.receive(smpp.GenericNack)
    assert answer.command_status == status
    assert await esme.closed() == b""
    await smsc.bind()


async def test_an_unknown_command_is_nacked_and_the_session_lives_on(smsc: Smsc) -> None:
    esme = await smsc.bind()
    esme.write(bytes.fromhex("00000010 000000f0 00000000 00000009"))
    answer = await esme.receive(smpp.GenericNack)
    assert (answer.command_status, answer.sequence_number) == (CommandStatus.ESME_RINVCMDID, 9)
    await esme.submit(submit())


async def test_a_broken_body_is_refused_and_the_session_lives_on(smsc: Smsc) -> None:
    esme = await smsc.bind()
    octets = bytearray(smpp.encode(submit(), 9))
    octets[17 + 2 : 17 + 2 + 6] = b"DEVI\0O"
    esme.write(bytes(octets))
    answer = await esme.receive(smpp.SubmitSmResp)
    assert answer.command_status
    assert answer.sequence_number == 9
    await esme.submit(submit())


async def test_a_pdu_may_come_byte_by_byte(smsc: Smsc) -> None:
    esme = await smsc.bind()
    for octet in smpp.encode(submit(), 9):
        esme.write(bytes([octet]))
        await esme.writer.drain()
        await asyncio.sleep(0)
    assert (await esme.receive(smpp.SubmitSmResp)).sequence_number == 9


async def test_a_thousand_requests_at_once_are_answered_in_order(smsc: Smsc) -> None:
    esme = await smsc.bind()
    numbers = esme.send(*[submit() for _ in range(1000)])
    answers = [await esme.receive(smpp.SubmitSmResp) for _ in numbers]
    assert [answer.sequence_number for answer in answers] == numbers
    assert len({answer.message_id for answer in answers}) == 1000


async def test_a_client_that_does_not_read_is_not_read_from(smsc: Smsc) -> None:
    esme = await smsc.clogged()
    other = await smsc.bind()
    smsc.world.receive(sender="79161234567", to="1234", text="hello")
    # Deliveries go to the sessions that read.
    assert (await other.delivered()).short_message == b"hello"
    roomy = socket.SO_RCVBUF, 2**20
    esme.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, *roomy)
    esme.transport.resume_reading()
    for _ in range(ENQUIRIES):
        await esme.receive(smpp.EnquireLinkResp)
    smsc.world.receive(sender="79161234567", to="1234", text="again")
    smsc.world.receive(sender="79161234567", to="1234", text="again")
    assert (await esme.delivered()).short_message == b"again"


async def test_who_never_reads_is_dropped(smsc: Smsc) -> None:
    esme = await smsc.clogged()
    smsc.wait(120)
    smsc.wait(30)
    smsc.wait(30)
    # By now the client was asked, unbound and closed, but it does not read, and cannot know.
    smsc.wait(5)
    esme.transport.resume_reading()
    assert len(await esme.closed()) < 16 * ENQUIRIES
    assert not smsc.service._centre.connections


async def test_shutdown_waits_for_nobody(world: World) -> None:
    async with running(world, SmppSettings(max_nonsense=None)) as smsc:
        await smsc.clogged()
        bound, mute = await smsc.bind(), await smsc.connect()
        half = await smsc.bind()
        half.write(b"\0\0\0")
        await mute.quiet()
        await smsc.service.close()
        assert smpp.decode(await bound.closed()) == smpp.Unbind(sequence_number=1)
        assert await mute.closed() == b""
        with pytest.raises(ConnectionRefusedError):
            await smsc.connect()


async def test_a_client_may_leave_in_the_middle_of_anything(smsc: Smsc) -> None:
    esme = await smsc.bind()
    smsc.world.receive(sender="79161234567", to="1234", text="hello")
    await esme.receive(smpp.DeliverSm)
    esme.write(smpp.encode(submit())[:20])
    linger = b"\1\0\0\0\0\0\0\0"
    esme.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    esme.transport.abort()
    other = await smsc.bind()
    assert (await other.delivered()).short_message == b"hello"


class TestFaults:
    """Failures on order."""

    async def test_an_error_by_number_or_name(self, smsc: Smsc) -> None:
        esme = await smsc.bind()
        for code in (0x58, "esme_rthrottled", "88", "0x58"):
            smsc.world.faults.add(
                Fault(protocol="smpp", operation="submit_sm", action=AnswerError(code))
            )
            assert await esme.refused(submit()) == CommandStatus.ESME_RTHROTTLED
        for code in ("no such name", -1, "4294967296", "9" * 5000):
            smsc.world.faults.add(Fault(action=AnswerError(code)))
            assert await esme.refused(submit()) == CommandStatus.ESME_RUNKNOWNERR
        assert list(smsc.world.messages()) == []

    async def test_an_error_may_be_explained(self, smsc: Smsc) -> None:
        esme = await smsc.bind()
        smsc.world.faults.add(Fault(action=AnswerError(8, "по техническим\0 причинам" * 20)))
        answer = await esme.request(smpp.QuerySm(message_id="1"), smpp.QuerySmResp)
        assert answer.command_status == 8
        assert len(answer.tlvs["additional_status_info_text"]) == 255

    async def test_by_the_number_of_the_recipient(self, smsc: Smsc) -> None:
        esme = await smsc.bind()
        smsc.world.faults.add(Fault(to="+7 916 000-00-02", times=None, action=AnswerError(8)))
        await esme.submit(submit())
        assert await esme.refused(submit(destination_addr="79160000002")) == 8
        many = smpp.SubmitMulti(
            source_addr="DEVINO",
            dest_address=(
                smpp.SmeAddress(1, 1, "79160000001"),
                smpp.SmeAddress(1, 1, "89160000002"),
            ),
        )
        assert await esme.refused(many) == 8

    async def test_a_bind_may_fail(self, smsc: Smsc) -> None:
        smsc.world.faults.add(Fault(operation="bind_transceiver", action=AnswerError(8)))
        esme = await smsc.connect()
        assert await esme.refused(bind()) == 8
        await smsc.bind()

    @pytest.mark.parametrize(("action", "taken"), [(Drop(), 1), (DropAnswer(), 2)])
    async def test_a_dropped_connection(self, smsc: Smsc, action: Drop, taken: int) -> None:
        esme = await smsc.bind()
        smsc.world.faults.add(Fault(operation="submit_sm", nth=2, action=action))
        esme.send(submit(), submit(), submit())
        answer = smpp.decode(await esme.closed())
        assert (type(answer), answer.sequence_number) == (smpp.SubmitSmResp, 2)
        assert len(list(smsc.world.messages())) == taken

    async def test_a_call_that_is_never_answered(self, smsc: Smsc) -> None:
        esme = await smsc.bind()
        smsc.world.faults.add(Fault(operation="submit_sm", action=Hang()))
        esme.send(submit())
        await esme.quiet()
        assert list(smsc.world.messages()) == []

    async def test_a_call_that_is_never_answered_keeps_nobody_from_leaving(
        self, smsc: Smsc
    ) -> None:
        esme = await smsc.bind()
        smsc.world.faults.add(Fault(operation="submit_sm", action=Hang()))
        esme.send(submit())
        await esme.request(smpp.Unbind(), smpp.UnbindResp)
        assert await esme.closed() == b""

    async def test_a_proxy_that_speaks_http(self, smsc: Smsc) -> None:
        esme = await smsc.bind()
        smsc.world.faults.add(Fault(action=AnswerHttp(502, "bad gateway")))
        esme.send(submit())
        assert (await esme.closed()).startswith(b"HTTP/1.1 502")

    async def test_a_connection_that_never_comes_about(self, smsc: Smsc) -> None:
        for action in (Drop(), AnswerHttp(502)):
            smsc.world.faults.add(Fault(operation="connect", action=action))
            esme = await smsc.connect()
            assert b"Resp" not in await esme.closed()
        smsc.world.faults.add(Fault(operation="connect", action=Hang()))
        mute = await smsc.connect()
        mute.send(bind())
        other = await smsc.bind()
        await other.quiet()
        smsc.wait(30)
        assert await mute.closed() == b""


async def test_the_port_can_be_chosen_and_is_told(world: World) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with Sandbox(world, ports={"smpp": port}, discover=False) as sandbox:
        assert sandbox.endpoints["smpp"] == f"127.0.0.1:{port}"


@pytest.mark.parametrize("settings", [SmppSettings(window=0), SmppSettings(response_timeout=0)])
def test_what_would_let_a_session_hang_cannot_be_chosen(
    world: World, settings: SmppSettings
) -> None:
    with pytest.raises(ValueError, match="0"):
        SmppService(world, settings)


async def test_times_and_limits_can_be_chosen(world: World) -> None:
    settings = SmppSettings(sessions=1, bind_timeout=3, enquire_after=5, system_id="smsc")
    async with running(world, settings) as smsc:
        esme = await smsc.bind()
        other = await smsc.connect()
        assert await other.refused(bind()) == CommandStatus.ESME_RBINDFAIL
        smsc.wait(3)
        assert await other.closed() == b""
        smsc.wait(2)
        await esme.receive(smpp.EnquireLink)
