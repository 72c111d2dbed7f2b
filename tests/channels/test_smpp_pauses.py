"""The pauses between sessions (manual, 3.3), and that a channel never locks itself out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias

import pytest

from devino_codecs.smpp import CommandStatus, SubmitSm
from devino_core import ConnectFailed, Message, OutcomeUnknown, StatusChanged
from devino_core.testing import ManualClock
from devino_plugins.smpp._channel import SmppChannel
from devino_sandbox import DropAnswer, Fault, Sandbox, World
from tests.channels._smpp import account, smpp_channel, until
from tests.channels._smpp_wired import TO, settle, taken
from tests.channels._smsc import Smsc, smsc

Hosts: TypeAlias = tuple[SmppChannel, ManualClock, Smsc, Smsc]


@asynccontextmanager
async def two_hosts(
    **settings: object,
) -> AsyncIterator[tuple[SmppChannel, ManualClock, Smsc, Smsc]]:
    clock = ManualClock()
    async with smsc() as main, smsc() as reserve:
        hosts = [main.host, reserve.host]
        async with smpp_channel(clock, hosts=hosts, bind="transmitter", **settings) as channel:
            yield channel, clock, main, reserve


async def broken(channel: SmppChannel, centre: Smsc) -> None:
    """A session with this centre is made, and breaks."""
    sending = asyncio.create_task(channel.send([Message(TO, "a")]))
    connection, _ = await centre.request(SubmitSm)
    connection.close()
    with pytest.raises(OutcomeUnknown):
        await sending
    await until(lambda: channel._hosts._error is not None)
    await settle()


async def test_after_a_break_no_host_is_asked_for_60_seconds_and_then_the_next() -> None:
    async with two_hosts() as (channel, clock, main, reserve):
        await broken(channel, main)
        await clock.tick(59)
        with pytest.raises(ConnectFailed, match="allowed in 1 seconds"):
            await channel.send([Message(TO, "a")])
        await clock.tick(1)
        await broken(channel, reserve)
        await clock.tick(60)
        await broken(channel, main)
        assert (len(main.connections), len(reserve.connections)) == (2, 1)


async def test_after_a_try_that_failed_no_host_is_asked_for_90_seconds_and_then_the_next() -> None:
    async with two_hosts() as (channel, clock, main, reserve):
        main.bind_status = CommandStatus.ESME_RBINDFAIL
        with pytest.raises(ConnectFailed, match="ESME_RBINDFAIL"):
            await channel.send([Message(TO, "a")])
        await clock.tick(89)
        with pytest.raises(ConnectFailed, match="allowed in 1 seconds"):
            await channel.send([Message(TO, "a")])
        assert not reserve.connections
        await clock.tick(1)
        serving = asyncio.create_task(reserve.serve(taken))
        await channel.send([Message(TO, "a")])
        serving.cancel()
        assert len(main.connections) == 1


async def test_where_the_pauses_are_of_a_host_the_next_one_is_asked_at_once() -> None:
    async with two_hosts(pauses="host") as (channel, _, main, reserve):
        await broken(channel, main)
        await broken(channel, reserve)
        assert (len(main.connections), len(reserve.connections)) == (1, 1)


class Course(NamedTuple):
    """What became of many messages."""

    accepted: list[str]
    """Ids."""
    unknown: int
    locked_out: int
    """How many found no session although the pause after the last break was over."""
    recorded: int
    """How many messages the platform has."""


async def course(
    steps: Iterable[float], breaks: set[int], *, listens: bool = True, **settings: object
) -> Course:
    """Send a message after each pause, over an account that a strict platform serves by two hosts.

    The platform breaks the session after the messages of these numbers. If somebody ``listens``,
    every message that the platform has gets its receipt in the end.
    """
    clock = ManualClock()
    world = World([account()], clock=clock, strict=True)
    accepted: list[str] = []
    told: list[str] = []
    unknown, locked_out, pause_ends = 0, 0, 0.0

    async def listen(channel: SmppChannel) -> None:
        async for event in channel.events():
            if isinstance(event, StatusChanged):
                told.append(event.message_id)

    async with Sandbox(world, discover=False) as sandbox:
        _, _, port = sandbox.endpoints["smpp"].rpartition(":")
        hosts = [f"127.0.0.1:{port}", f"localhost:{port}"]
        async with smpp_channel(clock, hosts=hosts, **settings) as channel:
            listening = asyncio.create_task(listen(channel)) if listens else None
            for number, step in enumerate(steps):
                if number in breaks:
                    world.faults.add(Fault(operation="submit_sm", action=DropAnswer()))
                try:
                    [receipt] = await channel.send([Message(TO, str(number))])
                except OutcomeUnknown:
                    unknown += 1
                    pause_ends = clock.monotonic() + 60
                except ConnectFailed:
                    locked_out += clock.monotonic() >= pause_ends
                else:
                    accepted += receipt.ids
                await clock.tick(step)
                world.advance()
            recorded = len(list(world.messages()))
            if listening is not None:
                await until(lambda: len(set(told)) == recorded)
                listening.cancel()
        return Course(accepted, unknown, locked_out, recorded)


@pytest.mark.parametrize("bind", ["separate", "transceiver"])
async def test_for_a_day_of_breaks_a_strict_platform_locks_nobody_out(bind: str) -> None:
    chance = random.Random(3)
    steps: list[float] = []
    while sum(steps) < 24 * 3600:
        steps.append(chance.choice([5, 60, 300, 300]))
    breaks = {number for number in range(len(steps)) if chance.random() < 0.04}
    told = await course(steps, breaks, bind=bind)
    assert told.unknown > 10
    # What is accepted is recorded, and what is recorded was accepted or is of unknown outcome.
    assert len(set(told.accepted)) == len(told.accepted) == told.recorded - told.unknown
    assert told.locked_out == 0


async def test_where_the_platform_means_the_account_pauses_of_a_host_lock_out() -> None:
    steps = [5.0] * 720
    account_rests = await course(steps, {0}, listens=False, bind="transmitter")
    assert account_rests.locked_out == 0
    assert len(account_rests.accepted) > 700
    host_rests = await course(steps, {0}, listens=False, bind="transmitter", pauses="host")
    assert host_rests.accepted == []
    assert host_rests.locked_out > 700
