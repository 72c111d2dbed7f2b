"""Settings of the XML channel, and the options of its messages."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from devino_plugins.kit.settings import HttpSettings, Positive

__all__ = ["XmlOptions", "XmlSettings"]


class XmlOptions(Struct, frozen=True, kw_only=True):
    """``Message.options`` of channel kind ``xml``."""

    type: Literal["text", "flash", "wap-push", 0, 1, 2] | None = None
    """What kind of SMS it is, or the wire's number for it; unless given, a text, and with ``url`` a
    WAP push."""
    url: str | None = None
    """The link that a WAP push needs, at most 100 characters."""


class XmlSettings(HttpSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``xml``."""

    base_url: str = "https://xmlapi.devinotele.com"
    """Where Send.ashx and Statistics.ashx are; another one for the sandbox or a gateway."""
    package_size: Positive = 1000
    """How many messages one package takes; the manual names no limit."""
    id_bits: Annotated[int, Meta(ge=31, le=63)] = 63
    """How wide the number is that a message gets from its ``ref``. The manual says "integer": if
    the platform refuses ids with ERR_ID (201), set 31 and number your messages yourself."""
    utc_offset: Annotated[float, Meta(ge=-12, le=14)] = 0.0
    """How many hours the platform's clock is ahead of UTC. Dates travel without a zone and the
    manual names none: this says which it is."""
    asks: Positive = 4
    """How often the platform is asked after a message whose answer was lost or whose id it refused
    (ERR_ID: it may have it already), before it counts as unknown to it."""
    ask_interval: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    """Seconds before the first of these questions; twice as long before each further one."""
    resend: bool = True
    """Send a message once more after the platform said, the last time it was asked, that it does
    not know it. Otherwise its receipt has the error Unavailable."""
