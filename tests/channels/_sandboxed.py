"""A channel wired to a sandbox of its own, on a clock that the test drives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from devino_core import Channel, ChannelSettings, Plugins, Secret
from devino_core.settings import convert_settings
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World

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
            convert_settings(values, spec.settings, channel=kind), name=kind, clock=clock
        )
        async with channel:
            yield Wired(channel, world, clock)
