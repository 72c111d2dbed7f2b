"""A channel without a wire, for tests of the kernel alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace

from devino_core import (
    Channel,
    ChannelSettings,
    ChannelSpec,
    DevinoError,
    Expressible,
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


class FakeSettings(ChannelSettings, frozen=True):
    token: Secret
    prefix: str = "id"
    retries: int = 3


EVERYTHING = Takes(expresses=frozenset(Expressible))


class FakeChannel(Channel[FakeSettings]):
    """Accepts everything, except what the test put into ``failures`` by recipient."""

    takes: Mapping[Medium, Takes] = {Medium.SMS: EVERYTHING}
    failures: dict[str, DevinoError]

    async def open(self) -> None:
        self.sent: list[Message] = []
        self.failures = {}
        self.script: dict[str, list[State]] = {}
        self.is_open = True

    async def aclose(self) -> None:
        self.is_open = False

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        await asyncio.sleep(0)
        for message in messages:
            if message.to in self.failures:
                raise self.failures[message.to]
        self.sent += messages
        return [
            Receipt.of(
                message,
                Status(state=State.ACCEPTED),
                channel=self.name,
                ids=(f"{self.settings.prefix}-{message.to}",),
            )
            for message in messages
        ]

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        return [
            Status(state=steps.pop(0) if len(steps) > 1 else steps[0], id=one)
            for one in ids
            for steps in [self.script.get(one, [State.DELIVERED])]
        ]


class FakeViberChannel(FakeChannel):
    takes: Mapping[Medium, Takes] = {Medium.VIBER: EVERYTHING}


def spec(name: str, kind: type[FakeChannel] = FakeChannel) -> ChannelSpec:
    return ChannelSpec(
        name=name,
        summary="A channel without a wire.",
        media=frozenset(kind.takes),
        settings=FakeSettings,
        load=lambda: kind,
    )


def plugin(*specs: ChannelSpec) -> object:
    @hookimpl
    def devino_channels() -> Iterable[ChannelSpec]:
        return specs

    return SimpleNamespace(devino_channels=devino_channels)


def fake_plugins() -> Plugins:
    plugins = Plugins(discover=False)
    plugins.register(plugin(spec("fake"), spec("fake-viber", FakeViberChannel)), "fake")
    return plugins
