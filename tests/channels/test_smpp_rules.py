"""The platform's rules for a client that sends (manual, 3.3): pauses, tries, failover."""

from __future__ import annotations

import asyncio

import pytest

from devino_codecs.smpp import CommandStatus, SubmitSm
from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    Message,
    OutcomeUnknown,
    QueueFull,
    Throttled,
)
from devino_core.testing import ManualClock
from devino_plugins.smpp._channel import SmppChannel
from tests.channels._smpp import smpp_channel, until
from tests.channels._smpp_wired import (
    QUEUE_FULL,
    THROTTLED,
    TO,
    settle,
    taken,
    wired,
)
from tests.channels._smsc import Smsc, smsc


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
        async with smpp_channel(clock, hosts=hosts, pauses="host", bind="transmitter") as channel:
            sending = asyncio.create_task(
                channel.send([Message(TO, "a"), Message("79030000000", "b")])
            )
            for _ in range(2):
                connection, pdu = await main.request(SubmitSm)
            connection.close()
            with pytest.raises(OutcomeUnknown):
                await sending
            # The other host does not rest, so nobody waits.
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
        async with smpp_channel(
            clock, hosts=hosts, pauses="host", bind="transmitter", window=1
        ) as channel:
            sent = [
                asyncio.create_task(channel.send([Message(TO, str(number))])) for number in range(3)
            ]
            connection, _ = await main.request(SubmitSm)
            await settle()
            connection.close()
            serving = asyncio.create_task(reserve.serve(taken))
            outcomes = await asyncio.gather(*sent, return_exceptions=True)
            # One was written and not answered: nobody may send it again. The others never left.
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


async def test_a_send_that_waits_for_a_session_when_the_channel_is_closed_was_not_sent() -> None:
    async with wired() as wire:
        wire.centre.bind_status = None
        sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
        await asyncio.wait_for(wire.centre.bound.wait(), 10)
        await wire.channel.aclose()
        with pytest.raises(ConnectFailed, match="closed"):
            await sending


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
        # The centre answers neither the enquiry nor the unbind.
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
            clock, hosts=hosts, pauses="host", bind="transmitter", sessions=2, wait_for_session=200
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
    """A send needs one session, and starts the others too."""
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
