"""No operation and no error of the XML channel shows the password."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from devino_core import ConfigurationError, DevinoError, Message
from devino_plugins.xml._channel import XmlChannel
from tests.channels._canary import FAILURES, assert_no_secret_shows
from tests.channels._sandboxed import PASSWORD, wired

TO = "79031234567"


@pytest.mark.parametrize("failure", FAILURES)
async def test_no_secret_shows(failure: str, caplog: pytest.LogCaptureFixture) -> None:
    async with wired("xml", "xml", ask_interval=0) as wire:
        channel = cast("XmlChannel", wire.channel)
        await assert_no_secret_shows(
            wire,
            [
                lambda: channel.send([Message(TO, "a")]),
                lambda: channel.send([Message(TO, "a"), Message("79031234568", "a")]),
                lambda: channel.send([Message(TO, "a\0")]),
                lambda: channel.status(["579700854169272358"]),
                lambda: channel.status_by_ref(["1"]),
            ],
            FAILURES[failure],
            caplog,
        )


async def test_a_password_that_xml_cannot_say_is_a_wrong_setting_and_does_not_show() -> None:
    with pytest.raises(ConfigurationError) as caught:
        async with wired("xml", "xml", password=f"{PASSWORD}\0"):
            pass
    assert PASSWORD not in f"{caught.value!r} {caught.value.__context__!r}"


@pytest.mark.parametrize("operation", ["send", "send what XML cannot say", "status"])
async def test_neither_login_nor_password_is_a_local_of_any_frame(operation: str) -> None:
    async with wired("xml", "xml", login="canary-login") as wire:
        operations: dict[str, Callable[[], Awaitable[object]]] = {
            "send": lambda: wire.channel.send([Message(TO, "a")]),
            "send what XML cannot say": lambda: wire.channel.send([Message(TO, "a\0")]),
            "status": lambda: wire.channel.status(["1"]),
        }
        with pytest.raises(DevinoError) as caught:
            await operations[operation]()
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        shown = [str(frame.locals) for frame in told.stack if frame.filename != __file__]
        assert len(shown) > 2
        assert not [text for text in shown if "canary-login" in text or PASSWORD in text]
