"""The client, as the outbox sees it."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from devino_core._channel import Capability, Channel, ChannelSettings
from devino_core._message import Medium, Message
from devino_core._status import Receipt
from devino_core.observe import Observers

__all__ = [
    "AnyChannel",
    "Channels",
    "Rules",
    "any_of",
    "observers_of",
    "real_name",
    "rules_of",
    "tells",
]

AnyChannel = Channel[ChannelSettings]


class Channels(Protocol):
    """What the outbox needs of an :class:`~devino_core.AsyncClient`."""

    @property
    def channels(self) -> Mapping[str, AnyChannel]: ...

    def channel_for(
        self,
        capability: Capability | None = None,
        *,
        medium: Medium | None = None,
        channel: str | None = None,
    ) -> AnyChannel: ...


class Rules(Protocol):
    """What a client does by its own settings with every message."""

    def check(self, channel: AnyChannel, messages: Sequence[Message]) -> None:
        """Raise what sending these would raise, and send nothing."""
        ...

    def send(
        self, channel: AnyChannel, messages: Sequence[Message], *, retries: int | None = None
    ) -> Coroutine[Any, Any, list[Receipt]]:
        """Send; ``retries`` takes the place of the client's own setting."""
        ...


@runtime_checkable
class Ruled(Protocol):
    """A client with settings of its own, and observers: an :class:`~devino_core.AsyncClient`."""

    @property
    def rules(self) -> Rules: ...

    @property
    def observers(self) -> Observers: ...


class _NoRules:
    def check(self, channel: AnyChannel, messages: Sequence[Message]) -> None:
        channel.check(messages)

    def send(
        self, channel: AnyChannel, messages: Sequence[Message], *, retries: int | None = None
    ) -> Coroutine[Any, Any, list[Receipt]]:
        return channel.send(messages)


_NO_RULES = _NoRules()
_NOBODY = Observers()


def rules_of(client: Channels | None) -> Rules:
    """A client's rules; none of a client that only has channels. It is asked once: what a protocol
    finds at run time is slow."""
    return client.rules if isinstance(client, Ruled) else _NO_RULES


def observers_of(client: Channels | None) -> Observers:
    """Who is told what a client does."""
    return client.observers if isinstance(client, Ruled) else _NOBODY


def tells(channel: AnyChannel) -> bool:
    """Whether anybody learns from it what became of a message."""
    return not channel.capabilities.isdisjoint((Capability.STATUS, Capability.EVENTS))


def any_of(medium: Medium) -> str:
    """The name in a lane for whichever channel the worker has for this medium."""
    return f"@{medium}"


def real_name(name: str, client: Channels) -> str:
    """The name of the channel that a lane's name means. Raises Unsupported if there is none."""
    if name.startswith("@"):
        return client.channel_for(medium=Medium(name[1:])).name
    return name
