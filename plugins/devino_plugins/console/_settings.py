"""Settings of the channel ``console``."""

from __future__ import annotations

from typing import Literal

from devino_core import ChannelSettings

__all__ = ["ConsoleSettings"]


class ConsoleSettings(ChannelSettings, kw_only=True, frozen=True):
    """Settings of the channel ``console``."""

    stream: Literal["stdout", "stderr"] = "stderr"
    """Where messages are printed, texts and numbers in full."""
