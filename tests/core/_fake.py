"""A channel and a service without a wire, for tests of the kernel alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace

from devino_core import (
    Channel,
    ChannelSettings,
    ChannelSpec,
    ConfigurationError,
    DevinoError,
    Expressible,
    Medium,
    Message,
    Plugins,
    Receipt,
    Secret,
    Service,
    ServiceSettings,
    ServiceSpec,
    State,
    Status,
    Takes,
    hookimpl,
)


class _Shelf:
    """A place where manifests find classes that a test made."""

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[], object]] = {}

    def put(self, load: Callable[[], object]) -> str:
        """A reference for a manifest: it makes the plugin manager call ``load``."""
        name = f"kind_{len(self._makers)}"
        self._makers[name] = load
        return f"{__name__}:SHELF.{name}"

    def __getattr__(self, name: str) -> object:
        return self._makers[name]()


SHELF = _Shelf()


class FakeSettings(ChannelSettings, frozen=True):
    token: Secret
    prefix: str = "id"
    retries: int = 3


EVERYTHING = Takes(expresses=frozenset(Expressible))


class FakeChannel(Channel[FakeSettings]):
    """Accepts everything, except for recipients that the test put into ``failures``."""

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


class FakeLookupSettings(ServiceSettings, frozen=True):
    key: Secret
    country: str = "RU"


class FakeLookup(Service[FakeLookupSettings]):
    """Knows the country of a number."""

    is_open = False
    fails_to_open = False

    async def open(self) -> None:
        if self.fails_to_open:
            raise ConfigurationError("no socket")
        self.is_open = True

    async def aclose(self) -> None:
        self.is_open = False

    async def country_of(self, number: str) -> str:
        """Where it lives."""
        await asyncio.sleep(0)
        return f"{self.settings.country} {number}"


LOOKUP = ServiceSpec(
    name="fake-lookup",
    summary="A service without a wire.",
    settings=FakeLookupSettings,
    load=f"{__name__}:FakeLookup",
)


def spec(name: str, kind: type[FakeChannel] = FakeChannel) -> ChannelSpec:
    return ChannelSpec(
        name=name,
        summary="A channel without a wire.",
        media=frozenset(kind.takes),
        settings=FakeSettings,
        load=SHELF.put(lambda: kind),
    )


def plugin(*specs: ChannelSpec, services: Iterable[ServiceSpec] = ()) -> object:
    @hookimpl
    def devino_channels() -> Iterable[ChannelSpec]:
        return specs

    @hookimpl
    def devino_services() -> Iterable[ServiceSpec]:
        return services

    return SimpleNamespace(devino_channels=devino_channels, devino_services=devino_services)


def fake_plugins() -> Plugins:
    plugins = Plugins(discover=False)
    kinds = spec("fake"), spec("fake-viber", FakeViberChannel)
    plugins.register(plugin(*kinds, services=[LOOKUP]), "fake")
    return plugins
