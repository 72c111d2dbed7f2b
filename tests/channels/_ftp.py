"""An FTP channel wired to a sandbox of its own, on a clock that the test drives."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from devino_core import Plugins
from devino_core.settings import convert_settings
from devino_core.testing import ManualClock
from devino_plugins.ftp import FtpChannel
from devino_sandbox import Fault, Sandbox, World
from devino_sandbox._faults import Action
from devino_sandbox.services.ftp._folders import Folders
from tests.channels._sandboxed import PASSWORD, Wired, account

PLUGINS = Plugins(environ={})
SPEC = PLUGINS.channel_spec("ftp")
SETTINGS: Mapping[str, object] = {
    "login": "demo",
    "password": PASSWORD,
    "sender": "DEVINO",
    "tls": "none",
}
SHORT: dict[str, Any] = {"connect_timeout": 0.5, "timeout": 0.5}
"""Seconds to wait for a server that hangs, and ample for one that does not."""


def channel(clock: ManualClock, **settings: object) -> FtpChannel:
    """A channel, not yet open."""
    made = PLUGINS.load(SPEC)(
        convert_settings({**SETTINGS, **settings}, SPEC.settings, name="ftp"),
        name="ftp",
        clock=clock,
    )
    assert isinstance(made, FtpChannel)
    return made


@asynccontextmanager
async def served(
    *,
    world: World | None = None,
    context: ssl.SSLContext | None = None,
    endpoint: str = "ftp",
    **settings: object,
) -> AsyncIterator[Wired]:
    """A channel whose server is a sandbox's, with the account ``demo``."""
    world = world if world is not None else World([account()], clock=ManualClock())
    clock = world.clock
    assert isinstance(clock, ManualClock)
    async with Sandbox(world, tls=context, discover=False) as sandbox:
        host, _, port = sandbox.endpoints[endpoint].rpartition(":")
        async with channel(clock, host=host, port=int(port), **settings) as made:
            yield Wired(made, world, clock)


def ftp_of(wire: Wired) -> FtpChannel:
    """The wired channel as its class."""
    assert isinstance(wire.channel, FtpChannel)
    return wire.channel


def order(wire: Wired, operation: str, action: Action, **when: Any) -> None:
    """Let this end so the next time, unless ``when`` says when, as in a Fault."""
    wire.world.faults.add(Fault(protocol="ftp", operation=operation, action=action, **when))


async def taken(wire: Wired) -> list[tuple[str, str]]:
    """The numbers and texts of all messages, once the platform has looked into its folders."""
    await wire.world.of(Folders).look()
    return [(message.to, message.submission.text) for message in wire.world.messages()]


def lying(wire: Wired) -> list[str]:
    """The names of the files in the account's folder."""
    folder = wire.world.of(Folders).of(wire.world.accounts["demo"])
    return sorted(path.name for path in folder.iterdir())


async def until(reached: Callable[[], bool]) -> None:
    """Let the threads of transfers and the sandbox work until this holds."""
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
