"""The channels and services of a client, and the rule that chooses one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from ._channel import Capability, Channel, ChannelSettings
from ._message import Medium
from ._service import Service, ServiceSettings
from .clock import Clock
from .errors import ConfigurationError, Unsupported
from .plugins import Plugins
from .settings import Config, Values, convert_settings, kind_of, read_config
from .suggest import did_you_mean

if TYPE_CHECKING:
    from .observe import Observers

__all__ = ["Configured", "Given", "config_of"]

T = TypeVar("T")

Given: TypeAlias = Mapping[str, Mapping[str, object]]
"""Settings by name, as given in code."""


def config_of(
    channels: Given | Config | str | os.PathLike[str] | None, services: Given | None
) -> Config:
    """The configuration: what was given, and the file and the environment where they count."""
    if isinstance(channels, Mapping) or (channels is None and services is not None):
        read = Config(channels=_copied(channels or {}, "channels", "rest"))
    elif isinstance(channels, Config):
        read = channels
    elif isinstance(channels, str | os.PathLike | None):
        read = read_config(channels)
    else:
        raise ConfigurationError(
            "expected a mapping of channels, a Config or the path of a file, and what was given is "
            f"{_called(channels)}"
        )
    if not services:
        return read
    # If only the environment has a name, it belongs to a service when `services` has it too.
    overlaid = read.unsorted & services.keys()
    return msgspec.structs.replace(
        read,
        channels={name: v for name, v in read.channels.items() if name not in overlaid},
        services=read.services | _copied(services, "services", "numbers"),
    )


def _copied(given: Given, argument: str, example: str) -> dict[str, dict[str, object]]:
    # Whoever types a first program gives one channel's settings, where names are expected.
    for name, values in given.items():
        if not isinstance(values, Mapping):
            raise ConfigurationError(
                f"{argument} maps names to tables, as in {{{example!r}: {{{str(name)!r}: ...}}}}; "
                f"{name!r} is {_called(values)}"
            )
    return {name: dict(values) for name, values in given.items()}


def _called(value: object) -> str:
    """What kind of value it is. The value itself may be a secret."""
    return "a string" if isinstance(value, str) else f"of type {type(value).__name__}"


class Configured:
    """A configuration's channels and services, made but not yet open. Raises ConfigurationError."""

    def __init__(
        self,
        config: Config,
        *,
        default: str | None,
        plugins: Plugins,
        observers: Observers,
        clock: Clock,
    ) -> None:
        self._plugins = plugins
        self._observers = observers
        self._clock = clock
        from .observe._log import prepare_log

        # What is wrong with it is no channel's fault.
        prepare_log()
        config = config.sort(plugins.services())
        self.channels = {
            name: self._made_channel(name, values) for name, values in config.channels.items()
        }
        self.services = {
            name: self._made_service(name, values) for name, values in config.services.items()
        }
        for name, values in config.channels.items():
            if plugins.channel_spec(kind_of(name, values)).needs_siblings:
                others = {other: one for other, one in self.channels.items() if other != name}
                self.channels[name].meet(others)
        first = default or config.default
        # The order in which channels are tried if the caller names none: the default first.
        self._ranked = [self.channel(first)] if first is not None else []
        self._ranked += [one for one in self.channels.values() if one.name != first]

    def channel(
        self, name: str, kind: type[Channel[ChannelSettings]] = Channel
    ) -> Channel[ChannelSettings]:
        return _named("channel", name, self.channels, kind)

    def service(
        self, name: str, kind: type[Service[ServiceSettings]] = Service
    ) -> Service[ServiceSettings]:
        return _named("service", name, self.services, kind)

    def service_for(self, kind: type[T], name: str | None) -> T:
        """See :meth:`AsyncClient.service_for`."""
        if name:
            return _named("service", name, self.services, kind)
        for one in self.services.values():
            if isinstance(one, kind):
                return one
        known = ", ".join(self._kinds_of(kind)) or "none that is installed"
        raise ConfigurationError(
            f"no {kind.__name__} is configured: add a table [services.<name>] to the file, or set "
            f"DEVINO__<name>__<key> in the environment; kinds of it: {known}"
        )

    def channel_for(
        self,
        capability: Capability | None,
        medium: Medium | None,
        name: str | None,
        kind: type[Channel[ChannelSettings]] = Channel,
    ) -> Channel[ChannelSettings]:
        """See :meth:`AsyncClient.channel_for`."""
        if name:
            return self.channel(name, kind)
        for one in self._ranked:
            # `isinstance` of an abstract class takes longer than all else here.
            if (kind is Channel or isinstance(one, kind)) and _can(one, capability, medium):
                return one
        if not self.channels:
            raise ConfigurationError(
                "no channel is configured: pass channels, name a file in DEVINO_CONFIG, or set "
                "DEVINO__<channel>__<key> in the environment"
            )
        could = ", ".join(self._kinds_that_could(capability, medium, kind))
        could = could or "none that is installed"
        ability = _ability(capability, medium) if kind is Channel else f"is a {kind.__name__}"
        raise Unsupported(
            f"no configured channel {ability}; kinds that could, if their "
            f"settings allow it: {could}"
        )

    def _made_channel(self, name: str, values: Values) -> Channel[ChannelSettings]:
        spec = self._plugins.channel_spec(kind_of(name, values))
        settings = convert_settings(values, spec.settings, name=name)
        make = self._plugins.load(spec)
        with _named_as("channel", name):
            channel = make(settings, name=name, clock=self._clock)
        channel._be_observed(spec.name, self._observers)  # noqa: SLF001 - of this package
        return channel

    def _made_service(self, name: str, values: Values) -> Service[ServiceSettings]:
        spec = self._plugins.service_spec(kind_of(name, values, what="service"))
        settings = convert_settings(values, spec.settings, name=name)
        make = self._plugins.load(spec)
        with _named_as("service", name):
            service = make(settings, name=name, clock=self._clock)
        service._be_observed(spec.name, self._observers)  # noqa: SLF001 - of this package
        return service

    def _kinds_that_could(
        self,
        capability: Capability | None,
        medium: Medium | None,
        kind: type[Channel[ChannelSettings]],
    ) -> Iterator[str]:
        for name, spec in self._plugins.channels().items():
            if medium is not None and medium not in spec.media:
                continue
            # A kind whose packages are missing would be bad advice.
            with suppress(ConfigurationError):
                if capability is None and kind is Channel:
                    yield name
                    continue
                found = self._plugins.load(spec)
                if issubclass(found, kind) and (capability is None or capability in found.offers()):
                    yield name

    def _kinds_of(self, kind: type) -> Iterator[str]:
        for name, spec in self._plugins.services().items():
            with suppress(ConfigurationError):
                if issubclass(self._plugins.load(spec), kind):
                    yield name


@contextmanager
def _named_as(what: str, name: str) -> Iterator[None]:
    """Let an error say whose settings it is about: several may have the same kind."""
    try:
        yield
    except ConfigurationError as error:
        # Who can be made without a client has said it already.
        owner, said = f"{what} {name!r}: ", str(error)
        raise ConfigurationError(f"{owner}{said.removeprefix(owner)}") from None


def _named(what: str, name: str, found: Mapping[str, object], kind: type[T]) -> T:
    try:
        one = found[name]
    except KeyError:
        # A name that was read from nowhere may be None.
        near = did_you_mean(name, found) if isinstance(name, str) else ""
        hint = near or f"configured are {', '.join(found) or 'none'}"
        raise ConfigurationError(f"no {what} is named {name!r}: {hint}") from None
    if not isinstance(one, kind):
        raise ConfigurationError(
            f"{what} {name!r} is a {type(one).__name__}, not a {kind.__name__}"
        )
    return one


def _can(
    channel: Channel[ChannelSettings], capability: Capability | None, medium: Medium | None
) -> bool:
    if capability is not None and capability not in channel.capabilities:
        return False
    if medium is not None:
        return medium in channel.media
    return capability is not None or bool(channel.media)


def _ability(capability: Capability | None, medium: Medium | None) -> str:
    match capability:
        case None:
            return f"carries {medium or 'messages'}"
        case Capability.STATUS:
            return f"can be asked about {medium or 'any'} messages"
        case Capability.INBOX:
            return "lists incoming messages"
        case Capability.BALANCE:
            return "tells the balance"
        case Capability.EVENTS:
            return "pushes events"
        case Capability.RECALL:
            return "can be asked by a message's ref"
