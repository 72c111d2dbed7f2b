"""An Email2SMS channel wired to a sandbox of its own, on a clock that the test drives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from devino_core import Plugins
from devino_core.settings import convert_settings
from devino_core.testing import ManualClock
from devino_plugins.email2sms._channel import Email2SmsChannel
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, Hang, Sandbox, World
from tests.channels._sandboxed import PASSWORD, Wired, account

PLUGINS = Plugins(environ={})
SPEC = PLUGINS.channel_spec("email2sms")
SETTINGS: Mapping[str, object] = {
    "login": "demo",
    "password": PASSWORD,
    "sender": "DEVINO",
    "from_addr": "service@example.org",
    "tls": "none",
    "local_hostname": "localhost",
}
SHORT: dict[str, Any] = {"connect_timeout": 0.5, "timeout": 0.5}
"""Seconds to wait for a server that hangs, and ample for one that does not."""
Action = AnswerError | AnswerHttp | Drop | DropAnswer | Hang


def channel(clock: ManualClock, **settings: object) -> Email2SmsChannel:
    """A channel, not yet open."""
    made = PLUGINS.load(SPEC)(
        convert_settings({**SETTINGS, **settings}, SPEC.settings, name="email2sms"),
        name="email2sms",
        clock=clock,
    )
    assert isinstance(made, Email2SmsChannel)
    return made


@asynccontextmanager
async def mailed(*, world: World | None = None, **settings: object) -> AsyncIterator[Wired]:
    """A channel whose mail server is a sandbox's, with the account ``demo``."""
    world = world if world is not None else World([account()], clock=ManualClock())
    clock = world.clock
    assert isinstance(clock, ManualClock)
    async with Sandbox(world, discover=False) as sandbox:
        host, _, port = sandbox.endpoints["smtp"].rpartition(":")
        async with channel(clock, host=host, port=int(port), **settings) as made:
            yield Wired(made, world, clock)


def order(wire: Wired, operation: str, action: Action, **when: int | None) -> None:
    """Let this end so the next time, unless ``when`` says when, as in a Fault."""
    wire.world.faults.add(
        Fault(protocol="email2sms", operation=operation, action=action, **when)  # type: ignore[arg-type]
    )


def forbid(wire: Wired, operation: str, *, nth: int = 1) -> None:
    """Let the nth of these be answered in a way that no test takes for a success."""
    order(wire, operation, AnswerError(554, f"{operation} was not to be"), nth=nth, times=None)


def count(wire: Wired) -> int:
    """How many messages arrived."""
    return len(list(wire.world.messages()))
