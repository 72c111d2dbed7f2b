"""A channel wired to a sandbox of its own, on a clock that the test drives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

from devino_core import Channel, ChannelSettings, Message, Plugins, Secret, State
from devino_core.settings import convert_settings
from devino_core.testing import Connected, ManualClock
from devino_sandbox import Account, Fault, Sandbox, World

PASSWORD = "canary+4d1f&"
"""Distinct from all else, so that a test can search for it."""


def account(**changes: object) -> Account:
    """The sandbox's account that :func:`wired` logs in as."""
    return Account(login="demo", password=Secret(PASSWORD), **changes)  # type: ignore[arg-type]


class Wired(NamedTuple):
    channel: Channel[ChannelSettings]
    world: World
    clock: ManualClock
    """The World's and the channel's."""


@asynccontextmanager
async def wired(
    kind: str, endpoint: str, *, world: World | None = None, **settings: object
) -> AsyncIterator[Wired]:
    """A channel of this kind, logged in as the sandbox's first account."""
    clock = ManualClock()
    world = world if world is not None else World([account()], clock=clock)
    plugins = Plugins(environ={})
    spec = plugins.channel_spec(kind)
    async with Sandbox(world, discover=False) as sandbox:
        values = {
            "login": "demo",
            "password": PASSWORD,
            "sender": "DEVINO",
            "base_url": sandbox.endpoints[endpoint],
            **settings,
        }
        channel = plugins.load(spec)(
            convert_settings(values, spec.settings, name=kind), name=kind, clock=clock
        )
        async with channel:
            yield Wired(channel, world, clock)


def struck(connect: Callable[[], AbstractAsyncContextManager[Any]], *faults: Fault) -> Connected:
    """A channel whose sandbox has these faults on order, for :attr:`ChannelConformance.faults`."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[Channel[ChannelSettings]]:
        async with connect() as wire:
            for fault in faults:
                wire.world.faults.add(fault)
            yield wire.channel

    return connected


async def ends_of(wire: Wired, numbers: Iterable[str]) -> dict[str, tuple[State, int | str | None]]:
    """What became of an SMS to each number, in state and code, when all are at their ends."""
    receipts = await wire.channel.send([Message(to, "Hello") for to in numbers])
    await wire.clock.tick(5)
    statuses = await wire.channel.status([receipt.ids[0] for receipt in receipts])
    return {
        receipt.to: (status.state, status.code)
        for receipt, status in zip(receipts, statuses, strict=True)
    }
