"""Sessions that receive while somebody iterates events."""

from __future__ import annotations

import asyncio

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus
from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    StatusChanged,
)
from tests.channels._smpp import Listening, until
from tests.channels._smpp_wired import (
    listening,
    receipt,
    settle,
    wired,
)

pytestmark = pytest.mark.pythons


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
        # The listener is back in time: it finds the same session and the unacknowledged event.
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
