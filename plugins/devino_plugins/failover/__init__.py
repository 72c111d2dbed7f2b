"""Channel ``failover``: the channels of the same client, one instead of the other.

::

    [channels.main]
    kind = "failover"
    channels = ["smpp", "rest"]
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import msgspec

from devino_core import ChannelSettings, ChannelSpec, Medium, hookimpl
from devino_core.lazy import lazy

if TYPE_CHECKING:
    from ._channel import FailoverChannel
else:
    __getattr__ = lazy(__name__, {"FailoverChannel": "_channel"})

__all__ = ["FailoverChannel", "FailoverSettings", "devino_channels"]


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


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``failover``."""
    return (
        ChannelSpec(
            name="failover",
            summary="Other channels of the client, the next where one has safely not sent.",
            media=frozenset(Medium),
            settings=FailoverSettings,
            load="devino_plugins.failover:FailoverChannel",
            needs_siblings=True,
        ),
    )
