"""What clients of others were seen to send, and how the SMSC bears it."""

from __future__ import annotations

import logging

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus, DeliverSm, compose
from devino_core.testing import ManualClock
from devino_sandbox import Account, World
from devino_sandbox.services.smpp import SmppSettings
from tests.sandbox._smpp import PASSWORD, SENDER, TO, Esme, Smsc, only, running, submit

BIND = smpp.BindTransceiver(system_id="demo", password=PASSWORD)


def framed(command_id: int, body: bytes, number: int) -> bytes:
    return smpp.Header(16 + len(body), command_id, 0, number).octets + body


@pytest.mark.parametrize("body", [b"12345", b"1\0\0\0\0\0\0", b"9" * 70 + b"\0", b"\xff", b""])
async def test_status_0_acknowledges_a_delivery_whatever_the_body(
    smsc: Smsc, esme: Esme, body: bytes
) -> None:
    smsc.world.receive(sender=TO, to="1234", text="hello")
    pdu = await esme.receive(DeliverSm)
    esme.write(framed(smpp.DeliverSmResp.command_id, body, pdu.sequence_number))
    await esme.quiet()
    smsc.wait(60)
    await esme.quiet()


async def test_a_delivery_comes_back_after_a_pause_and_with_a_line(
    smsc: Smsc, esme: Esme, caplog: pytest.LogCaptureFixture
) -> None:
    smsc.world.receive(sender=TO, to="1234", text="hello")
    await esme.receive(DeliverSm)
    smsc.wait(30)
    await esme.quiet()
    assert "no answer in time" in caplog.text
    smsc.wait(5)
    assert (await esme.delivered()).short_message == b"hello"


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (0x10, b"flash", "flash"),
        (0x11, b"Hello", "Hello"),
        (0x18, bytes.fromhex("04140430"), "Да"),
        (0x19, bytes.fromhex("041e0442"), "От"),
        (0x15, b"\xca\xfe", "ca fe"),
    ],
)
async def test_message_classes_are_taken(
    smsc: Smsc, esme: Esme, data_coding: int, octets: bytes, text: str
) -> None:
    await esme.submit(submit(data_coding=data_coding, short_message=octets))
    assert only(smsc).submission.text == text
    assert only(smsc).parts == 1


@pytest.mark.parametrize(("header", "room"), [("050003070201", 134), ("0608040007 0201", 133)])
async def test_a_part_with_a_header_needs_no_room_for_sar_parameters_beside_it(
    smsc: Smsc, esme: Esme, header: str, room: int
) -> None:
    tlvs: smpp.Tlvs = {
        "sar_msg_ref_num": 7,
        "sar_total_segments": 2,
        "sar_segment_seqnum": 1,
    }
    octets = bytes.fromhex(header) + "я".encode("utf-16-be") * (room // 2)
    await esme.submit(submit(esm_class=0x40, data_coding=8, short_message=octets, tlvs=tlvs))
    too_long = submit(esm_class=0x40, data_coding=8, short_message=octets + b"\4\x4f", tlvs=tlvs)
    assert await esme.refused(too_long) == CommandStatus.ESME_RINVMSGLEN


async def test_sar_parameters_beside_another_header_take_an_element_of_it(esme: Esme) -> None:
    tlvs: smpp.Tlvs = {
        "sar_msg_ref_num": 7,
        "sar_total_segments": 2,
        "sar_segment_seqnum": 1,
    }
    ports = bytes.fromhex("0605040b8423f0")
    for room, fits in ((140 - 7 - 5, True), (140 - 7 - 4, False)):
        pdu = submit(esm_class=0x40, data_coding=4, short_message=ports + bytes(room), tlvs=tlvs)
        answer = await esme.request(pdu, smpp.SubmitSmResp)
        assert (answer.command_status == 0) == fits


@pytest.mark.parametrize("segments", [1, 2])
async def test_a_bind_and_a_submit_are_answered_in_order_however_they_come(
    smsc: Smsc, segments: int
) -> None:
    esme = await smsc.connect()
    octets = [smpp.encode(BIND, 1), smpp.encode(submit(), 2)]
    if segments == 1:
        esme.write(b"".join(octets))
    else:
        for each in octets:
            esme.write(each)
            await esme.writer.drain()
    bound = await esme.receive(smpp.BindTransceiverResp)
    taken = await esme.receive(smpp.SubmitSmResp)
    assert (bound.command_status, taken.command_status) == (0, 0)
    assert only(smsc).to == TO


async def test_a_refused_bind_and_a_submit_are_refused_in_order(smsc: Smsc) -> None:
    esme = await smsc.connect()
    wrong = smpp.BindTransceiver(system_id="demo", password="wrong")
    esme.send(wrong, submit(), BIND, submit())
    statuses = [(await esme.receive(smpp.Pdu)).command_status for _ in range(4)]
    assert statuses == [CommandStatus.ESME_RINVPASWD, CommandStatus.ESME_RINVBNDSTS, 0, 0]


NUL_BEHIND = bytes.fromhex(
    "000500444556494e4f00010137393136313233343536370000000000000000000002686900"
)


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_nuls_behind_a_submit_are_overlooked_unless_the_world_is_strict(
    account: Account, clock: ManualClock, smsc: Smsc, esme: Esme, count: int
) -> None:
    body = NUL_BEHIND + bytes(count - 1)
    esme.write(framed(smpp.SubmitSm.command_id, body, 9))
    assert (await esme.receive(smpp.SubmitSmResp)).command_status == 0
    assert only(smsc).submission.text == "hi"
    async with running(World([account], clock=clock, strict=True)) as strict:
        esme = await strict.bind()
        esme.write(framed(smpp.SubmitSm.command_id, body, 9))
        answer = await esme.receive(smpp.SubmitSmResp)
        assert answer.command_status == CommandStatus.ESME_RINVOPTPARSTREAM


async def test_other_octets_behind_a_submit_are_refused(esme: Esme) -> None:
    esme.write(framed(smpp.SubmitSm.command_id, NUL_BEHIND[:-1] + b"\1", 9))
    answer = await esme.receive(smpp.SubmitSmResp)
    assert answer.command_status == CommandStatus.ESME_RINVOPTPARSTREAM


async def test_an_enquiry_with_stray_octets_is_answered(esme: Esme) -> None:
    esme.write(framed(smpp.EnquireLink.command_id, b"\1", 9))
    assert (await esme.receive(smpp.EnquireLinkResp)).sequence_number == 9


async def test_a_text_in_two_places_is_refused(smsc: Smsc, esme: Esme) -> None:
    twice = submit("one", tlvs={"message_payload": b"two"})
    assert await esme.refused(twice) == CommandStatus.ESME_ROPTPARNOTALLWD
    await esme.submit(submit("", tlvs={"message_payload": b"two"}))


@pytest.mark.parametrize("have_bodies", [False, True])
async def test_refusals_have_a_body_if_they_are_to(world: World, have_bodies: bool) -> None:
    async with running(world, SmppSettings(refusals_have_bodies=have_bodies)) as smsc:
        esme = await smsc.connect()
        esme.send(smpp.BindTransceiver(system_id="demo", password="wrong"))
        refused = await esme.reader.readexactly(16)
        if have_bodies:
            refused += await esme.reader.readexactly(int.from_bytes(refused[:4], "big") - 16)
        assert refused[16:] == (b"devino\0" if have_bodies else b"")
        assert smpp.decode(refused).command_status == CommandStatus.ESME_RINVPASWD
        await esme.request(BIND, smpp.BindTransceiverResp)
        esme.send(submit(destination_addr="nobody"))
        size = int.from_bytes(await esme.reader.readexactly(4), "big")
        assert size == (17 if have_bodies else 16)
        rest = await esme.reader.readexactly(size - 4)
        assert rest[12:] == (b"\0" if have_bodies else b"")


async def test_incoming_messages_are_written_in_the_chosen_alphabet(world: World) -> None:
    async with running(world, SmppSettings(alphabet="latin-1")) as smsc:
        esme = await smsc.bind()
        smsc.world.receive(sender=TO, to="1234", text="a@b_c")
        assert (await esme.delivered()).short_message == b"a@b_c"


async def test_a_client_that_floods_the_smsc_is_cut_off(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(world) as smsc:
        other = await smsc.bind()
        for nonsense in (
            smpp.encode(smpp.EnquireLink(), 1),
            framed(0x999, b"abc", 1),
            framed(smpp.SubmitSm.command_id, b"", 1),
            smpp.encode(smpp.DeliverSmResp(), 77),
        ):
            esme = await smsc.bind()
            esme.write(nonsense * 1001)
            await esme.closed()
        await other.quiet()
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) < 10


async def test_a_connection_that_never_binds_is_closed_whatever_it_asks(smsc: Smsc) -> None:
    silent, asking, half = [await smsc.connect() for _ in range(3)]
    half.write(b"\0\0\0")
    for _ in range(3):
        await asking.quiet()
        smsc.wait(10)
    for esme in (silent, asking, half):
        assert await esme.closed() == b""


async def test_a_long_text_of_a_client_that_forgets_the_flag_is_shown_as_it_would_arrive(
    smsc: Smsc, esme: Esme
) -> None:
    first, _ = compose(submit(), "x" * 200)
    await esme.submit(submit(short_message=first.short_message))
    assert only(smsc).submission.text.startswith("é@¥")
    assert only(smsc).submission.sender == SENDER
