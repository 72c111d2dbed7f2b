"""Runs ``devino`` in the process, against a channel without a wire."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any

import click
from click.testing import CliRunner, Result

from devino_core import (
    Channel,
    ChannelSettings,
    ChannelSpec,
    DevinoError,
    Expressible,
    Incoming,
    Medium,
    Message,
    Plugins,
    Receipt,
    Secret,
    State,
    Status,
    Takes,
    hookimpl,
)
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.dispatch import dispatch, failed_receipt
from devino_core.testing import ManualClock
from tests.core._fake import SHELF

NOW = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)

ENVIRON = {"DEVINO__FAKE__TOKEN": "t0ken", "DEVINO_CONFIG": ""}


class FakeSettings(ChannelSettings, frozen=True):
    token: Secret
    retries: int = 3


class Platform:
    """A platform that a test scripts beforehand and examines afterwards."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.asked: list[Any] = []
        self.refused: Mapping[str, DevinoError] = {}
        """By recipient: the error in that message's receipt."""
        self.failing: Mapping[str, Exception | signal.Signals] = {}
        """By recipient: the error of the whole call, or the signal that comes during it."""
        self.signals: Mapping[str, signal.Signals] = {}
        """By recipient: the signal that comes during its call, which ends well."""
        self.one_a_call = False
        """Whether each message is a call of its own, four at a time."""
        self.unfit: Mapping[str, Callable[[Message], DevinoError]] = {}
        """By recipient: why the channel cannot send it."""
        self.unread: Mapping[str, DevinoError] = {}
        """By id: why its status cannot be read."""
        self.states: Mapping[str, State] = {}
        """By id: its state, if it was not delivered."""
        self.resent: Mapping[str, Medium] = {}
        """By id: the medium that its status is about, where it is told."""
        self.clock = ManualClock(NOW)
        self.commands: Sequence[click.Command] = ()
        self.load_error: ImportError | None = None

    def devino(self, *args: str, environ: Mapping[str, str] = ENVIRON, **options: Any) -> Result:
        return CliRunner(env=dict(environ)).invoke(self.command(), args, **options)

    def command(self) -> Devino:
        plugins = Plugins(discover=False)
        plugins.register(self.plugin(), "fake")
        return Devino(App(plugins=plugins, clock=self.clock))

    def extend(self, kind: type[Channel[FakeSettings]]) -> None:
        """Give the channel's class more than it has."""

    def plugin(self) -> object:
        platform = self

        class FakeChannel(Channel[FakeSettings]):
            takes: Mapping[Medium, Takes] = dict.fromkeys(
                (Medium.SMS, Medium.VIBER), Takes(expresses=frozenset(Expressible))
            )

            def check(self, messages: Sequence[Message]) -> None:
                for message in messages:
                    if message.to in platform.unfit:
                        raise platform.unfit[message.to](message)

            async def send(self, messages: Sequence[Message]) -> list[Receipt]:
                self.check(messages)
                if not platform.one_a_call:
                    return await self._call(messages)
                calls = [([nth], partial(self._call, [one])) for nth, one in enumerate(messages)]
                return await dispatch(messages, calls, channel=self.name, concurrency=4)

            async def _call(self, messages: Sequence[Message]) -> list[Receipt]:
                await asyncio.sleep(0)
                for message in messages:
                    if message.to in platform.signals:
                        signal.raise_signal(platform.signals[message.to])
                        await asyncio.sleep(0)
                    if isinstance(error := platform.failing.get(message.to), signal.Signals):
                        signal.raise_signal(error)
                        await asyncio.Event().wait()
                    elif error is not None:
                        raise error
                platform.sent += messages
                return [self._receipt(message) for message in messages]

            async def status(
                self, ids: Sequence[str], *, medium: Medium = Medium.SMS
            ) -> list[Status]:
                platform.asked.append((tuple(ids), medium))
                return [
                    Status(
                        state=State.UNKNOWN
                        if each in platform.unread
                        else platform.states.get(each, State.DELIVERED),
                        code=0,
                        id=each,
                        medium=platform.resent.get(each),
                        error=platform.unread.get(each),
                    )
                    for each in ids
                ]

            async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
                platform.asked.append((since, until))
                return [
                    Incoming(
                        id="7",
                        at=NOW,
                        channel=self.name,
                        sender="79031234567",
                        to="1234",
                        text="[red]stop\x1b[2J\tnow",
                    )
                ]

            async def balance(self) -> Decimal:
                return Decimal("20015.30")

            async def statistics(self, period: timedelta) -> int:
                """How many were delivered.

                This is not the first line, so it is not shown.
                """
                return 0

            def _receipt(self, message: Message) -> Receipt:
                error = platform.refused.get(message.to)
                if error is not None:
                    return failed_receipt(message, error, channel=self.name)
                status = Status(state=State.ACCEPTED)
                return Receipt.of(message, status, channel=self.name, ids=(f"id-{message.to}",))

        self.extend(FakeChannel)

        def load() -> type[FakeChannel]:
            if platform.load_error is not None:
                raise platform.load_error
            return FakeChannel

        @hookimpl
        def devino_channels() -> Iterable[ChannelSpec]:
            return [
                ChannelSpec(
                    name="fake",
                    summary="A channel without a wire.",
                    media=frozenset(FakeChannel.takes),
                    settings=FakeSettings,
                    load=SHELF.put(load),
                    extra="devino[fake]",
                )
            ]

        @hookimpl
        def devino_commands() -> Iterable[click.Command]:
            return platform.commands

        return SimpleNamespace(devino_channels=devino_channels, devino_commands=devino_commands)


def objects(output: str) -> list[Any]:
    """The JSON objects of an output, one for each line."""
    return [json.loads(line) for line in output.splitlines()]
