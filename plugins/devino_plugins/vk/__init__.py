"""Channel ``vk``: templates to people in VK and OK, with Viber and an SMS to go instead.

What the platform posts about messages is read by the source ``vk``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.callbacks import CallbackSpec
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import VkLegOptions, VkOptions, VkSettings

if TYPE_CHECKING:
    from ._channel import VkChannel
    from ._source import VkSource
else:
    __getattr__ = lazy(__name__, {"VkChannel": "_channel", "VkSource": "_source"})

__all__ = ["VkChannel", "VkLegOptions", "VkOptions", "VkSettings", "VkSource"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``vk``."""
    yield ChannelSpec(
        name="vk",
        summary="VK and OK: approved templates; Viber, then an SMS, instead.",
        media=frozenset({Medium.VK}),
        settings=VkSettings,
        load="devino_plugins.vk:VkChannel",
        extra="devino[http]",
    )


@hookimpl
def devino_callbacks() -> Iterable[CallbackSpec]:
    """``vk``."""
    yield CallbackSpec(
        name="vk",
        summary="What became of messages in VK and OK.",
        source="devino_plugins.vk:VkSource",
        methods=frozenset({"POST"}),
    )


devino_commands: Final = commands_at("devino_plugins.vk._decode:decode")
