"""An SMPP channel on a clock that the test drives, connected to the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast

from devino_core import Plugins, Secret
from devino_core.settings import convert_settings
from devino_core.testing import ManualClock
from devino_plugins.smpp._channel import SmppChannel
from devino_sandbox import Account, Sandbox, World

PASSWORD = "can-4d1f"
"""As long as SMPP allows, and unlike any other text."""


def account(**changes: object) -> Account:
    return Account(login="demo", password=Secret(PASSWORD), **changes)  # type: ignore[arg-type]


class Wired(NamedTuple):
    channel: SmppChannel
    world: World
    clock: ManualClock


def smpp_channel(clock: ManualClock, **settings: object) -> SmppChannel:
    """A channel that is not open."""
    values = {
        "login": "demo",
        "password": PASSWORD,
        "sender": "DEVINO",
        "tls": False,
        **settings,
    }
    plugins = Plugins(environ={})
    spec = plugins.channel_spec("smpp")
    made = plugins.load(spec)(
        convert_settings(values, spec.settings, name="smpp"), name="smpp", clock=clock
    )
    return cast("SmppChannel", made)


@asynccontextmanager
async def wired(*, world: World | None = None, **settings: object) -> AsyncIterator[Wired]:
    """A channel that is logged in as the sandbox's first account; both on one clock."""
    clock = ManualClock()
    world = world if world is not None else World([account()], clock=clock)
    async with Sandbox(world, discover=False) as sandbox:
        channel = smpp_channel(clock, **{"hosts": sandbox.endpoints["smpp"], **settings})
        async with channel:
            yield Wired(channel, world, clock)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what other tasks are about to do over a socket."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - there is nothing to set an event
            await asyncio.sleep(0)


class Listening:
    """Iterates the events of a channel, one by one as the test asks for them."""

    def __init__(self, channel: SmppChannel) -> None:
        self._events = channel.events()

    async def next(self) -> Any:
        """Acknowledge the last, and wait for the next; None at the end."""
        return await asyncio.wait_for(anext(self._events, None), 10)

    async def aclose(self) -> None:
        await self._events.aclose()  # type: ignore[attr-defined]
