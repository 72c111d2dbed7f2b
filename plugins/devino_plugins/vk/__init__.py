"""Channel ``vk``: templates to people in VK and OK, with Viber and an SMS to go instead.

What the platform posts about messages is read by the source ``vk``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.callbacks import CallbackSpec
from devino_core.lazy import lazy

from ._settings import VkLegOptions, VkOptions, VkSettings

if TYPE_CHECKING:
    import click

    from ._channel import VkChannel
    from ._source import VkSource
else:
    __getattr__ = lazy(__name__, {"VkChannel": "_channel", "VkSource": "_source"})

__all__ = [
    "VkChannel",
    "VkLegOptions",
    "VkOptions",
    "VkSettings",
    "VkSource",
    "devino_callbacks",
    "devino_channels",
    "devino_commands",
]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``vk``."""
    return (
        ChannelSpec(
            name="vk",
            summary="VK and OK: approved templates; Viber, then an SMS, instead.",
            media=frozenset({Medium.VK}),
            settings=VkSettings,
            load="devino_plugins.vk:VkChannel",
            extra="devino[http]",
        ),
    )


@hookimpl
def devino_callbacks() -> Iterable[CallbackSpec]:
    """``vk``."""
    return (
        CallbackSpec(
            name="vk",
            summary="What became of messages in VK and OK.",
            source="devino_plugins.vk:VkSource",
            methods=frozenset({"POST"}),
        ),
    )


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``decode vk``."""
    # Not above: a client loads all plugins, also where the extra `cli` is not installed.
    from ._decode import decode

    return (decode,)
