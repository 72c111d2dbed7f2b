"""Settings of the XML channel, and the options of its messages."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from devino_plugins.kit.settings import ChannelLoginSettings, Positive

__all__ = ["XmlOptions", "XmlSettings"]


class XmlOptions(Struct, frozen=True, kw_only=True):
    """``Message.options`` of channel kind ``xml``."""

    type: Literal["text", "flash", "wap-push", 0, 1, 2] | None = None
    """What kind of SMS it is, or the wire's number for it; unless given, a text, and with ``url`` a
    WAP push."""
    url: str | None = None
    """The link that a WAP push needs, at most 100 characters."""


class XmlSettings(ChannelLoginSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``xml``."""

    base_url: str = "https://xmlapi.devinotele.com"
    """Where Send.ashx and Statistics.ashx are. The sandbox or a gateway has another address."""
    package_size: Positive = 1000
    """How many messages one package takes; the manual names no limit."""
    id_bits: Annotated[int, Meta(ge=31, le=63)] = 63
    """How many bits an id has, which is made from the message's ``ref``. The manual only says
    "integer". If the platform refuses ids with ERR_ID (201), set 31 and number your messages
    yourself."""
    utc_offset: Annotated[float, Meta(ge=-12, le=14)] = 0.0
    """How many hours the platform's clock is ahead of UTC. Dates travel without a zone, and the
    manual does not name it."""
    asks: Positive = 4
    """How many times the platform is asked about a message whose answer was lost, or whose id it
    refused (ERR_ID: it may have the message already). After that the message counts as unknown."""
    ask_interval: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    """Seconds before the first of these questions. Each further one waits twice as long."""
    resend: bool = False
    """Send a message once more if the platform, asked so often, does not know it. Its first package
    may still be on its way: the recipient gets two SMS if that arrives after the last question, by
    default 15 seconds after the loss. Without this, the receipt has the error OutcomeUnknown."""
