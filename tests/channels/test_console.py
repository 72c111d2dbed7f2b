"""The channel that prints messages instead of sending them."""

from __future__ import annotations

import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from devino_core import (
    AsyncClient,
    Button,
    Card,
    Channel,
    ChannelSettings,
    Fill,
    Medium,
    Message,
    State,
    Unavailable,
)
from devino_core.clock import ManualClock
from devino_core.testing import ChannelConformance
from devino_plugins import console
from devino_plugins.console import ConsoleChannel, ConsoleSettings
from tests.channels._everything import everything

pytestmark = pytest.mark.pythons
(SPEC,) = console.devino_channels()


@asynccontextmanager
async def _printing() -> AsyncIterator[Channel[ChannelSettings]]:
    settings = ConsoleSettings(sender="SHOP")
    async with ConsoleChannel(settings, name="console", clock=ManualClock()) as channel:
        yield channel


@asynccontextmanager
async def _to_nobody() -> AsyncIterator[Channel[ChannelSettings]]:
    closed = io.StringIO()
    closed.close()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stderr", closed)
        async with _printing() as channel:
            yield channel


class TestConsole(ChannelConformance):
    spec = SPEC
    carries = tuple(everything())
    faults = ((_to_nobody, Unavailable),)

    def connected(self) -> object:  # type: ignore[override]
        return _printing()

    def message(self, number: int) -> Message:
        return Message(f"7916000{number:04}", f"Message {number}", sender="DEVINO")


async def test_a_message_is_printed_as_people_read_it(capsys: pytest.CaptureFixture[str]) -> None:
    channels = {"console": {"stream": "stdout", "sender": "SHOP"}}
    card = Card("Sale", button=Button("Look", "https://example.org"))
    async with AsyncClient(channels) as client:
        receipts = await client.send_many(
            [
                Message("79031234567", Fill("Dear {name},\nyour code is 1234", {"name": "Ann"})),
                Message(
                    "79031234568",
                    card,
                    ref="order-17",
                    sender="CARDS",
                    medium=Medium.VIBER,
                    fallback=Message("79031234568", "Sale!", ref="order-17-sms"),
                ),
            ]
        )
    first = receipts[0]
    assert capsys.readouterr().out == (
        f"--- console: SMS SHOP > 79031234567  (ref {first.ref})\n"
        "Dear Ann,\nyour code is 1234\n---\n"
        "--- console: VIBER CARDS > 79031234568  (ref order-17)\n"
        "text: Sale\nbutton.caption: Look\nbutton.url: https://example.org\n"
        "--- console: instead, SMS SHOP > 79031234568  (ref order-17-sms)\nSale!\n---\n"
    )
    assert [receipt.status.state for receipt in receipts] == [State.DELIVERED, State.DELIVERED]


async def test_a_text_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    async with AsyncClient({"console": {}}) as client:
        await client.send(Message("79031234567", "\x1b[2J\x9bHello\rthere"))
    printed = capsys.readouterr().err
    assert "\\x1b[2J\\x9bHello\nthere\n" in printed
    assert not [char for char in printed if not (char.isprintable() or char == "\n")]
