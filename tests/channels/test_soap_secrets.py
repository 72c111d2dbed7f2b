"""No operation and no error of the SOAP channels shows a password or a session id."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest

from devino_core import ConfigurationError, Medium, Message
from devino_plugins.soap._channel import SoapChannel
from tests.channels._canary import FAILURES, assert_no_secret_shows
from tests.channels._sandboxed import PASSWORD
from tests.channels.test_soap import KINDS, OTHER, TO, soap


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("kind", KINDS)
async def test_no_secret_shows(kind: str, failure: str, caplog: pytest.LogCaptureFixture) -> None:
    async with soap(kind) as wire:
        channel, now = cast("SoapChannel", wire.channel), wire.clock.now()
        ids = ["579700854169272358"]
        await assert_no_secret_shows(
            wire,
            [
                lambda: channel.send([Message(TO, "a")]),
                lambda: channel.send([Message(TO, "a"), Message(OTHER, "a")]),
                lambda: channel.send([Message(TO, "a", medium=Medium.VIBER)]),
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


@pytest.mark.parametrize("kind", KINDS)
async def test_a_password_that_xml_cannot_say_is_a_wrong_setting_and_does_not_show(
    kind: str,
) -> None:
    with pytest.raises(ConfigurationError, match="password") as caught:
        async with soap(kind, password=f"{PASSWORD}\0"):
            pass
    assert PASSWORD not in f"{caught.value!r} {caught.value.__context__!r}"
