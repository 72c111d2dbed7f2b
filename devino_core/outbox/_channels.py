"""The client, as the outbox sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from devino_core._channel import Capability, Channel, ChannelSettings
from devino_core._message import Medium

__all__ = ["AnyChannel", "Channels", "any_of", "real_name"]

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


def any_of(medium: Medium) -> str:
    """The name in a lane for whichever channel the worker has for this medium."""
    return f"@{medium}"


def real_name(name: str, client: Channels) -> str:
    """The name of the channel that a lane's name means. Raises Unsupported if there is none."""
    if name.startswith("@"):
        return client.channel_for(medium=Medium(name[1:])).name
    return name
