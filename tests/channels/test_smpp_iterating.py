"""Iterating a session: what the centre sends, and when that is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus, DeliverSm, SubmitSm
from tests.channels._smpp import until
from tests.channels._smpp_bound import session, submit, taken
from tests.channels._smsc import Smsc, smsc


@pytest.fixture
async def centre() -> AsyncIterator[Smsc]:
    async with smsc() as centre:
        yield centre


async def test_what_comes_in_is_acknowledged_when_the_next_is_asked_for(centre: Smsc) -> None:
    async with session(centre) as bound:
        for number in (1, 2):
            centre.connection.send(DeliverSm(source_addr=str(number)))
        centre.connection.machine.notify(smpp.AlertNotification(source_addr="3"))
        centre.connection.send(smpp.DataSm(source_addr="4"))
        given = [(await anext(bound)).source_addr]  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        assert centre.connection.answers.empty()
        given.append((await anext(bound)).source_addr)  # type: ignore[attr-defined]
        assert await centre.connection.answer() == smpp.DeliverSmResp(sequence_number=1)
        given += [(await anext(bound)).source_addr for _ in range(2)]  # type: ignore[attr-defined]
        assert await centre.connection.answer() == smpp.DeliverSmResp(sequence_number=2)
        assert given == ["1", "2", "3", "4"]
        assert centre.connection.answers.empty()


async def test_a_session_that_sends_is_iterated_too(centre: Smsc) -> None:
    async with session(centre, bind="transmitter") as bound:
        centre.connection.write(smpp.encode(DeliverSm(source_addr="1"), 7))
        centre.connection.write(smpp.encode(smpp.DataSm(source_addr="2"), 8))
        assert (await anext(bound)).source_addr == "1"  # type: ignore[attr-defined]
        assert smpp.encode(smpp.DeliverSmResp(), 7) not in centre.connection.octets
        assert (await anext(bound)).source_addr == "2"  # type: ignore[attr-defined]
        await until(lambda: smpp.encode(smpp.DeliverSmResp(), 7) in centre.connection.octets)


async def test_an_answer_of_ones_own_takes_the_place_of_the_acknowledgement(centre: Smsc) -> None:
    async with session(centre) as bound:
        for _ in range(2):
            centre.connection.send(smpp.DataSm())
        pdu = await anext(bound)
        own = smpp.DataSmResp(command_status=CommandStatus.ESME_RX_T_APPN)
        assert bound.reply(pdu, own)
        await anext(bound)
        answer = await centre.connection.answer()
        assert answer.command_status == CommandStatus.ESME_RX_T_APPN
        assert centre.connection.answers.empty()


async def test_what_a_loop_failed_on_is_given_to_the_next_one_and_not_acknowledged(
    centre: Smsc,
) -> None:
    async with session(centre) as bound:
        centre.connection.send(DeliverSm(source_addr="1"))

        async def fail() -> None:
            async for _ in bound:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        centre.connection.send(DeliverSm(source_addr="2"))
        given = []
        async for pdu in bound:
            assert isinstance(pdu, DeliverSm)
            given.append(pdu.source_addr)
            assert centre.connection.answers.qsize() == len(given) - 1
            if len(given) == 2:
                break
            bound.reply(pdu)
            await until(lambda: not centre.connection.answers.empty())
        assert given == ["1", "2"]
        assert bound.reply(pdu)


async def test_the_iterator_ends_with_the_session_after_all_that_came(centre: Smsc) -> None:
    async with session(centre) as bound:
        centre.connection.send(DeliverSm(source_addr="1"))
        first = await anext(bound)
        assert bound.reply(first)
        waiting = asyncio.create_task(anext(bound, None))
        await asyncio.sleep(0)
        centre.connection.send(DeliverSm(source_addr="2"))
        centre.connection.unbind()
        last = await waiting
        assert isinstance(last, DeliverSm)
        assert last.source_addr == "2"
        assert await anext(bound, None) is None


async def test_more_than_the_bound_is_left_to_the_centre(centre: Smsc) -> None:
    async with session(centre, incoming=2) as bound:
        for number in range(5):
            centre.connection.send(DeliverSm(source_addr=str(number)))
        asked = asyncio.create_task(bound.request(submit()))
        connection, pdu = await centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        await asked
        seen = [await anext(bound) for _ in range(2)]
        assert bound.reply(seen[1])
        assert [pdu.sequence_number for pdu in seen] == [1, 2]
        connection.send(DeliverSm(source_addr="again"))
        assert (await anext(bound)).source_addr == "again"  # type: ignore[attr-defined]
        assert [(await connection.answer()).sequence_number for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("bind", ["transceiver", "transmitter", "receiver"])
async def test_every_delivery_is_answered_with_0_and_nothing_with_a_generic_nack(
    centre: Smsc, bind: str
) -> None:
    async with session(centre, bind=bind) as bound:
        connection = centre.connection
        broken = bytearray(smpp.encode(DeliverSm(short_message=b"Hi"), 1))
        broken[-3] = 200  # sm_length
        connection.write(bytes(broken))
        connection.write(smpp.encode(smpp.UnknownPdu(smpp.Header(16, 0x999, 0, 7), b"")))
        connection.write(smpp.encode(smpp.EnquireLink(), 8))
        await until(lambda: connection.octets.endswith(smpp.encode(smpp.EnquireLinkResp(), 8)))
        given = await anext(bound)
        assert isinstance(given, DeliverSm)
        assert given.short_message == b"Hi"
        assert given.defect is not None
        assert given.defect.octets == broken
        assert connection.answers.empty()
        waiting = asyncio.create_task(anext(bound))
        await until(lambda: b"\x80\0\0\5" in connection.octets)
        waiting.cancel()
        answers = [smpp.decode(frame) for frame in smpp.Framer().feed(connection.octets)]
        assert answers[1:] == [
            smpp.EnquireLinkResp(sequence_number=8),
            smpp.DeliverSmResp(sequence_number=1),
        ]
        assert bound.is_bound
