"""Channels ``viber`` and ``whatsapp``: texts and cards over the platform's HTTP API for messengers.

An SMS of its own text may go instead of what is not delivered. What the platform posts about
messages, and what recipients answer, is read by the sources ``viber`` and ``whatsapp``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.callbacks import CallbackSpec
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import CommentOptions, ViberSettings, WhatsAppSettings

if TYPE_CHECKING:
    from ._channel import ViberChannel, WhatsAppChannel
    from ._source import ViberSource, WhatsAppSource
else:
    __getattr__ = lazy(
        __name__,
        {
            "ViberChannel": "_channel",
            "ViberSource": "_source",
            "WhatsAppChannel": "_channel",
            "WhatsAppSource": "_source",
        },
    )

__all__ = [
    "CommentOptions",
    "ViberChannel",
    "ViberSettings",
    "ViberSource",
    "WhatsAppChannel",
    "WhatsAppSettings",
    "WhatsAppSource",
]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``viber`` and ``whatsapp``."""
    yield ChannelSpec(
        name="viber",
        summary="Viber: texts, buttons and images; an SMS instead of what is not delivered.",
        media=frozenset({Medium.VIBER}),
        settings=ViberSettings,
        load="devino_plugins.viber:ViberChannel",
        extra="devino[http]",
    )
    yield ChannelSpec(
        name="whatsapp",
        summary="WhatsApp: texts and images; an SMS instead of what is not delivered.",
        media=frozenset({Medium.WHATSAPP}),
        settings=WhatsAppSettings,
        load="devino_plugins.viber:WhatsAppChannel",
        extra="devino[http]",
    )


@hookimpl
def devino_callbacks() -> Iterable[CallbackSpec]:
    """``viber`` and ``whatsapp``."""
    post = frozenset({"POST"})
    yield CallbackSpec(
        name="viber",
        summary="What became of Viber messages, and what recipients answer.",
        source="devino_plugins.viber:ViberSource",
        methods=post,
    )
    yield CallbackSpec(
        name="whatsapp",
        summary="What became of WhatsApp messages, and what recipients answer.",
        source="devino_plugins.viber:WhatsAppSource",
        methods=post,
    )


devino_commands: Final = commands_at("devino_plugins.viber._decode:decode")
