"""The services of REST and SOAP, which do the same to messages, and how a test reaches each."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import pytest

from devino_core import DevinoError, Message
from devino_sandbox import Fault, World
from devino_sandbox._faults import Action
from tests.channels._sandboxed import Wired, wired


class Service(NamedTuple):
    endpoint: str
    send: str
    """The operation that one SMS is sent by."""
    balance: str
    viber_codes: tuple[object, ...]
    """Accepted, sent, delivered, read."""
    settings: Mapping[str, Any] = {}


_SOAP = Service(
    "xml",
    "SendMessage",
    "GetBalance",
    ("Enqueued", "Sent", "Delivered", "Read"),
    # Most tests would only wait for the rate limit.
    {"requests_per_second": 0},
)
SERVICES = {
    "rest": Service("rest", "Sms/Send", "User/Balance", (0, 1, 2, 3)),
    "rest-v2": Service("rest_v2", "Sms/Send", "User/Balance", (0, 1, 2, 3)),
    "soap": _SOAP,
    "soap-v2": _SOAP,
}


def reached(
    kind: str, *, world: World | None = None, **settings: Any
) -> AbstractAsyncContextManager[Wired]:
    """A channel of this kind, wired to a sandbox."""
    service = SERVICES[kind]
    return wired(kind, service.endpoint, world=world, **{**service.settings, **settings})


async def assert_ends(
    wire: Wired, operation: str, action: Action, error: type[DevinoError], *, in_world: int = 0
) -> None:
    """A send that ends so raises this, of its message, and so many messages arrived."""
    wire.world.faults.add(Fault(operation=operation, action=action))
    message = Message("79031234567", "a")
    with pytest.raises(error) as caught:
        await wire.channel.send([message])
    assert caught.value.refs == (message.ref,)
    assert len(list(wire.world.messages())) == in_world
