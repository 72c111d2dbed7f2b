"""Channel ``console``: it prints messages instead of sending them, for development."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from devino_core import ChannelSettings, ChannelSpec, Medium, hookimpl
from devino_core.lazy import lazy

if TYPE_CHECKING:
    from ._channel import ConsoleChannel
else:
    __getattr__ = lazy(__name__, {"ConsoleChannel": "_channel"})

__all__ = ["ConsoleChannel", "ConsoleSettings", "devino_channels"]


class ConsoleSettings(ChannelSettings, kw_only=True, frozen=True):
    """Settings of the channel ``console``."""

    stream: Literal["stdout", "stderr"] = "stderr"
    """Where messages are printed, texts and numbers in full."""


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``console``."""
    return (
        ChannelSpec(
            name="console",
            summary="Nothing is sent: messages are printed, for development.",
            media=frozenset(Medium),
            settings=ConsoleSettings,
            load="devino_plugins.console:ConsoleChannel",
        ),
    )
