"""A session against a message centre on a real socket: every request has one defined outcome."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from devino_codecs import EncodeError, smpp
from devino_codecs.smpp import CommandStatus, Pdu, Reason, SubmitSm, SubmitSmResp
from devino_core import (
    ConnectFailed,
    OutcomeUnknown,
)
from devino_core.testing import ManualClock
from devino_plugins.smpp import SmppSession
from tests.channels._smpp import until
from tests.channels._smpp_bound import session, submit, taken
from tests.channels._smpp_wired import settle
from tests.channels._smsc import Smsc, smsc

pytestmark = pytest.mark.pythons


@pytest.fixture
async def centre() -> AsyncIterator[Smsc]:
    async with smsc() as centre:
        yield centre


async def test_a_request_gives_its_answer_whatever_its_status(centre: Smsc) -> None:
    async with session(centre) as bound:
        first = asyncio.create_task(bound.request(submit(1)))
        second = asyncio.create_task(bound.request(submit(2)))
        connection, pdu = await centre.request(SubmitSm)
        connection.reply(pdu, SubmitSmResp(message_id="17"))
        _, pdu = await centre.request(SubmitSm)
        connection.reply(pdu, SubmitSmResp(command_status=CommandStatus.ESME_RINVDSTADR))
        assert (await first).message_id == "17"
        assert (await second).command_status == CommandStatus.ESME_RINVDSTADR
    assert bound.ended is Reason.UNBOUND


async def test_answers_find_their_requests_in_any_order(centre: Smsc) -> None:
    async with session(centre, window=5) as bound:
        asked = [asyncio.create_task(bound.request(submit(n))) for n in range(5)]
        held = [await centre.request(SubmitSm) for _ in asked]
        for connection, pdu in held[::-1]:
            connection.reply(pdu, taken(pdu))
        answers = await asyncio.gather(*asked)
    assert [answer.message_id for answer in answers] == [f"7903{n:07}" for n in range(5)]


async def test_no_more_than_the_window_is_unanswered(centre: Smsc) -> None:
    async with session(centre, window=3) as bound:
        asked = [asyncio.create_task(bound.request(submit(n))) for n in range(10)]
        for count in range(10):
            connection, pdu = await centre.request(SubmitSm)
            assert connection.machine.peer_requests == min(3, 10 - count)
            assert bound.load == 10 - count
            connection.reply(pdu, taken(pdu))
            await until(lambda count=count: bound.load == 9 - count)  # type: ignore[misc]
            machine, expected = connection.machine, min(3, 9 - count)
            await until(lambda m=machine, e=expected: m.peer_requests == e)  # type: ignore[misc]
        await asyncio.gather(*asked)


async def test_answers_to_nothing_are_ignored(centre: Smsc) -> None:
    async with session(centre) as bound:
        asked = asyncio.create_task(bound.request(submit()))
        connection, pdu = await centre.request(SubmitSm)
        number = pdu.sequence_number
        for stray in (number + 1, 0, 0x7FFFFFFF):
            connection.write(smpp.encode(SubmitSmResp(message_id="stray"), stray))
        connection.write(smpp.encode(smpp.QuerySmResp(message_id="other kind"), number))
        connection.reply(pdu, taken(pdu))
        connection.write(smpp.encode(SubmitSmResp(message_id="again"), number))
        assert (await asked).message_id == pdu.destination_addr
        again = asyncio.create_task(bound.request(submit(1)))
        connection, pdu = await centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        assert (await again).message_id == pdu.destination_addr


async def test_a_request_without_an_answer_is_of_unknown_outcome(centre: Smsc) -> None:
    clock = ManualClock()
    late: list[Pdu] = []
    async with session(centre, clock, response_timeout=30) as bound:
        asked = asyncio.create_task(bound.request(submit(), on_late=late.append))
        sooner = asyncio.create_task(bound.request(submit(1), timeout=5))
        connection, pdu = await centre.request(SubmitSm)
        connection.forget((await centre.request(SubmitSm))[1])
        await clock.tick(5)
        assert (sooner.done(), asked.done()) == (True, False)
        await clock.tick(24.999)
        assert not asked.done()
        await clock.tick(0.001)
        for task in (asked, sooner):
            with pytest.raises(OutcomeUnknown, match="no answer in time"):
                await task
        assert bound.load == 0
        connection.reply(pdu, taken(pdu))
        await until(lambda: bool(late))
        assert [smpp.encode(answer) for answer in late] == [
            smpp.encode(taken(pdu), pdu.sequence_number)
        ]


async def test_a_generic_nack_is_an_answer_with_its_status(centre: Smsc) -> None:
    async with session(centre) as bound:
        for status, seen in [
            (CommandStatus.ESME_RINVCMDID, 3),
            (0, CommandStatus.ESME_RUNKNOWNERR),
        ]:
            asked = asyncio.create_task(bound.request(submit()))
            connection, pdu = await centre.request(SubmitSm)
            connection.write(
                smpp.encode(smpp.GenericNack(command_status=status), pdu.sequence_number)
            )
            connection.forget(pdu)
            assert await asked == SubmitSmResp(
                command_status=seen, sequence_number=pdu.sequence_number
            )


@pytest.mark.parametrize(
    ("body", "message_id"),
    [
        (b"1234567890", "1234567890"),
        (b"17!", "17!"),
        (b"17\0\0\0\0\0\0", "17"),
        (b"17\0\x04\x27", "17"),
        (b"9" * 70 + b"\0", "9" * 70),
        (b"", ""),
    ],
)
async def test_a_message_is_taken_by_status_0_whatever_the_body(
    centre: Smsc, body: bytes, message_id: str
) -> None:
    async with session(centre) as bound:
        asked = asyncio.create_task(bound.request(submit()))
        connection, pdu = await centre.request(SubmitSm)
        header = smpp.Header(16 + len(body), SubmitSmResp.command_id, 0, pdu.sequence_number)
        connection.write(header.octets + body)
        connection.forget(pdu)
        assert (await asked).message_id == message_id
        assert bound.is_bound


async def test_when_the_peer_closes_what_was_written_is_unknown_and_the_rest_not_sent(
    centre: Smsc,
) -> None:
    async with session(centre, window=2) as bound:
        asked = [asyncio.create_task(bound.request(submit(n))) for n in range(4)]
        connection, _ = await centre.request(SubmitSm)
        await centre.request(SubmitSm)
        connection.close()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [
            OutcomeUnknown, OutcomeUnknown, ConnectFailed, ConnectFailed,
        ]  # fmt: skip
        assert bound.ended is Reason.PEER_CLOSED
        assert await bound.wait_ended() is Reason.PEER_CLOSED
        with pytest.raises(ConnectFailed, match="was not sent"):
            await bound.request(submit())


async def test_an_unbind_of_the_peer_in_mid_window(centre: Smsc) -> None:
    clock = ManualClock()
    async with session(centre, clock, window=2) as bound:
        asked = [asyncio.create_task(bound.request(submit(n))) for n in range(3)]
        connection, first = await centre.request(SubmitSm)
        await centre.request(SubmitSm)
        # A centre answers what it took before it leaves. It forgot the second one.
        connection.reply(first, taken(first))
        connection.unbind()
        assert isinstance(await asked[0], SubmitSmResp)
        await settle()
        assert not asked[1].done()
        await clock.tick(2)
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        answer = outcomes[0]
        assert isinstance(answer, SubmitSmResp)
        assert [type(outcome) for outcome in outcomes[1:]] == [OutcomeUnknown, ConnectFailed]
        assert await bound.wait_ended() is Reason.PEER_UNBOUND
        # It was answered.
        await asyncio.wait_for(connection.closed.wait(), 10)
        assert connection.octets.endswith(smpp.encode(smpp.UnbindResp(), 1))


async def test_a_cancelled_request_that_waited_is_never_sent(centre: Smsc) -> None:
    async with session(centre, window=1) as bound:
        asked = [asyncio.create_task(bound.request(submit(n))) for n in range(3)]
        connection, pdu = await centre.request(SubmitSm)
        asked[1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked[1]
        connection.reply(pdu, taken(pdu))
        _, third = await centre.request(SubmitSm)
        assert third.destination_addr == submit(2).destination_addr
        connection.reply(third, taken(third))
        await asked[2]


async def test_a_cancelled_request_keeps_its_room_until_its_answer(centre: Smsc) -> None:
    late: list[Pdu] = []
    async with session(centre, window=1) as bound:
        cancelled = asyncio.create_task(bound.request(submit(), on_late=late.append))
        connection, pdu = await centre.request(SubmitSm)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        following = asyncio.create_task(bound.request(submit(1)))
        await asyncio.sleep(0)
        assert connection.machine.peer_requests == 1
        connection.reply(pdu, taken(pdu))
        _, second = await centre.request(SubmitSm)
        connection.reply(second, taken(second))
        assert (await following).message_id == second.destination_addr
        assert [isinstance(answer, SubmitSmResp) for answer in late] == [True]


async def test_what_a_session_may_not_send_is_refused_at_once(centre: Smsc) -> None:
    async with session(centre, bind="receiver") as bound:
        with pytest.raises(EncodeError, match="may not send SubmitSm"):
            await bound.request(submit())
        with pytest.raises(EncodeError, match="unbind"):
            await bound.request(smpp.Unbind())
    async with session(centre) as bound:
        with pytest.raises(EncodeError, match="source_addr"):
            await bound.request(SubmitSm(source_addr="a" * 22))
        assert bound.load == 0


async def test_the_first_request_leaves_at_once_and_those_after_it_by_thirds_of_the_window(
    centre: Smsc,
) -> None:
    async with session(centre, window=12) as bound:
        wrote: list[int] = []
        transport = bound._transport
        assert transport is not None
        real = transport.write

        def write(data: bytes) -> None:
            wrote.append(len(smpp.Framer().feed(data)))
            real(data)

        transport.write = write  # type: ignore[method-assign,assignment]
        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(bound.request(submit(number)))
            held = [await centre.request(SubmitSm) for _ in range(8)]
            assert wrote == [1, 4, 3]

            async def one_more(number: int) -> None:
                await bound.request(submit(number))
                await bound.request(submit(number))

            for connection, pdu in held:
                connection.machine.reply(pdu, taken(pdu))
            connection.flush()
        wrote.clear()
        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(one_more(number))
            held = [await centre.request(SubmitSm) for _ in range(8)]
            for connection, pdu in held:
                connection.machine.reply(pdu, taken(pdu))
            wrote.clear()
            connection.flush()
            held = [await centre.request(SubmitSm) for _ in range(8)]
            # The requests of tasks that one read woke.
            assert wrote == [4, 4]
            for connection, pdu in held:
                connection.reply(pdu, taken(pdu))


async def test_nothing_waits_for_nagle(centre: Smsc) -> None:
    async with session(centre) as bound:
        assert bound._transport is not None
        sock = bound._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_stream_whose_framing_is_lost_ends_the_session(centre: Smsc) -> None:
    async with session(centre) as bound:
        asked = asyncio.create_task(bound.request(submit()))
        connection, _ = await centre.request(SubmitSm)
        connection.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with pytest.raises(OutcomeUnknown):
            await asked
        assert bound.ended is Reason.FRAMING_LOST


async def test_a_link_is_enquired_after_60_seconds_in_which_nothing_came(centre: Smsc) -> None:
    clock = ManualClock()
    async with session(centre, clock) as bound:
        connection = centre.connection
        await clock.tick(59)
        connection.send(smpp.EnquireLink())
        await connection.answer()
        size = len(connection.octets)
        await clock.tick(59)
        assert len(connection.octets) == size
        await clock.tick(1)
        await until(lambda: len(connection.octets) > size)
        (asked,) = smpp.Framer().feed(connection.octets[size:])
        assert isinstance(smpp.decode(asked), smpp.EnquireLink)
        # The machine at the other end answered it, so the session lives on.
        await asyncio.sleep(0)
        await clock.tick(30)
        assert bound.is_bound


async def test_a_link_whose_enquiry_stays_unanswered_is_unbound(centre: Smsc) -> None:
    clock = ManualClock()
    async with session(centre, clock, response_timeout=30) as bound:
        connection = centre.connection
        connection.transport.pause_reading()
        asked = asyncio.create_task(bound.request(submit()))
        await clock.tick(30)
        with pytest.raises(OutcomeUnknown):
            await asked
        links = []
        for _ in range(2):
            await clock.tick(30)
            links.append(bound.is_bound)
        assert links == [True, False]
        with pytest.raises(ConnectFailed, match="being unbound"):
            await bound.request(submit())
        await clock.tick(30)
        assert bound.ended is Reason.LINK_DEAD
        connection.transport.resume_reading()
        await asyncio.wait_for(connection.closed.wait(), 10)
        sent = [smpp.decode(frame) for frame in smpp.Framer().feed(connection.octets)]
        assert [type(pdu) for pdu in sent[1:]] == [SubmitSm, smpp.EnquireLink, smpp.Unbind]


async def test_a_pause_holds_requests_back(centre: Smsc) -> None:
    clock = ManualClock()
    async with session(centre, clock) as bound:
        bound.pause(1)
        asked = asyncio.create_task(bound.request(submit()))
        await clock.tick(0.999)
        assert centre.requests.empty()
        assert bound.load == 1
        await clock.tick(0.001)
        connection, pdu = await centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        await asked


async def test_leaving_does_not_wait_for_a_centre_that_is_gone(centre: Smsc) -> None:
    clock = ManualClock()
    async with session(centre, clock) as bound:
        centre.connection.transport.pause_reading()
        leaving = asyncio.create_task(bound.aclose())
        await clock.tick(4.9)
        assert not leaving.done()
        await clock.tick(0.1)
        await leaving
        assert bound.ended is Reason.ABORTED


async def test_a_peer_that_sends_and_never_reads_is_not_read_either(centre: Smsc) -> None:
    async with session(centre) as bound:
        connection = centre.connection
        connection.transport.pause_reading()
        assert bound._transport is not None
        bound._on_request = SmppSession.reply  # type: ignore[assignment]
        deliveries = smpp.encode(smpp.DeliverSm(), 1) * 32768
        for _ in range(40):
            connection.write(deliveries)
            await until(
                lambda: (
                    not bound._transport.is_reading()  # type: ignore[union-attr]
                    or not connection.transport.get_write_buffer_size()
                )
            )
            if not bound._transport.is_reading():
                break
        assert not bound._transport.is_reading()
        assert bound._transport.get_write_buffer_size() < 2 * 2**20
        connection.transport.resume_reading()
        await until(lambda: bound._transport.is_reading())  # type: ignore[union-attr]
        connection.close()
