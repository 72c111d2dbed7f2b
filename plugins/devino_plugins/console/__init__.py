"""Channel ``console``: it prints messages instead of sending them, for development."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.lazy import lazy

from ._settings import ConsoleSettings

if TYPE_CHECKING:
    from ._channel import ConsoleChannel
else:
    __getattr__ = lazy(__name__, {"ConsoleChannel": "_channel"})

__all__ = ["ConsoleChannel", "ConsoleSettings"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``console``."""
    yield ChannelSpec(
        name="console",
        summary="Nothing is sent: messages are printed, for development.",
        media=frozenset(Medium),
        settings=ConsoleSettings,
        load="devino_plugins.console:ConsoleChannel",
    )
