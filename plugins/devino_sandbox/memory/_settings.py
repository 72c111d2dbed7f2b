"""Settings of the channel ``memory``."""

from __future__ import annotations

from typing import Annotated

import msgspec

from devino_core import ChannelSettings

__all__ = ["MemorySettings"]


class MemorySettings(ChannelSettings, kw_only=True, frozen=True):
    """Settings of the channel ``memory``."""

    keep: Annotated[int, msgspec.Meta(ge=1)] = 10_000
    """How many messages it remembers; older ones are forgotten."""
