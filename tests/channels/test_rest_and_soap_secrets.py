"""No operation and no error of the REST and SOAP channels shows a password or a session id."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest

from devino_core import Medium, Message
from devino_plugins.rest._channel import RestChannel
from devino_plugins.soap._channel import SoapChannel
from tests.channels._canary import FAILURES, assert_no_secret_shows
from tests.channels._services import SERVICES, reached

TO, OTHER = "79031234567", "79031234568"


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("kind", SERVICES)
async def test_no_secret_shows(kind: str, failure: str, caplog: pytest.LogCaptureFixture) -> None:
    async with reached(kind) as wire:
        channel, now = cast("RestChannel | SoapChannel", wire.channel), wire.clock.now()
        ids = ["579700854169272358"]
        await assert_no_secret_shows(
            wire,
            [
                lambda: channel.send([Message(TO, "a")]),
                lambda: channel.send([Message(TO, "a"), Message(OTHER, "a")]),
                lambda: channel.send([Message(TO, "a", medium=Medium.VIBER)]),
                # XML cannot say this one.
                lambda: channel.send([Message(TO, "a\0")]),
                lambda: channel.status(ids),
                lambda: channel.status(ids, medium=Medium.VIBER),
                channel.balance,
                lambda: channel.inbox(now - timedelta(days=1), now),
                lambda: channel.statistics(now - timedelta(days=1), now),
            ],
            FAILURES[failure],
            caplog,
        )
