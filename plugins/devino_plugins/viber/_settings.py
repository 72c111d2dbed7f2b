"""Settings of the channels, and the options of their messages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from devino_plugins.kit.settings import MessengerSettings

__all__ = ["CommentOptions", "ViberSettings", "WhatsAppSettings"]


class CommentOptions(Struct, frozen=True, kw_only=True):
    """``Message.options`` of channel kinds ``viber`` and ``whatsapp``."""

    comment: str | None = None
    """A note of your own, which the platform keeps with the message."""


class ViberSettings(MessengerSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``viber``."""

    base_url: str = "https://viber.devinotele.com:444"
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    batch_size: Annotated[int, Meta(ge=1, le=100)] = 100
    """How many messages one call takes; the platform's limit is 100."""


class WhatsAppSettings(ViberSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``whatsapp``: as ``viber``, at another address."""

    base_url: str = "https://im.devinotele.com"
    """Where the API lives; another one for the sandbox or a gateway of your own."""
