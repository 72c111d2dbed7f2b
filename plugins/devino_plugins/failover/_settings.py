"""Settings of the channel ``failover``."""

from __future__ import annotations

from typing import Annotated

import msgspec

from devino_core import ChannelSettings

__all__ = ["FailoverSettings"]


class FailoverSettings(ChannelSettings, kw_only=True, frozen=True):
    """Settings of the channel ``failover``."""

    channels: str | tuple[str, ...]
    """The names of the channels, in the order in which they are tried. One text with commas will
    do, too."""
    rest_for: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    """Seconds for which a channel that failed comes last; longer if it asked for a longer pause."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the channels, in order."""
        given = self.channels.split(",") if isinstance(self.channels, str) else self.channels
        return tuple(name for each in given if (name := each.strip()))
