"""Settings of the channel, and the options of its messages."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from devino_plugins.kit.settings import MessengerSettings, PerSecond, check_rate

__all__ = ["Route", "VkLegOptions", "VkOptions", "VkSettings"]

Route: TypeAlias = Literal["vk", "ok"]
Routes: TypeAlias = Annotated[tuple[Route, ...], Meta(min_length=1, max_length=2)]


class VkOptions(Struct, frozen=True, kw_only=True):
    """``Message.options`` of channel kind ``vk``."""

    routes: Routes | None = None
    """The networks that carry the message, in the order in which they are tried: ``vk`` for
    VKontakte, ``ok`` for Odnoklassniki. Unless given, those of the channel."""
    delivery_policy: Literal["any", "mobile_device_required"] | None = None
    """``mobile_device_required``: only to people who used the mobile app in the last 7 days."""


class VkLegOptions(Struct, frozen=True, kw_only=True):
    """``Message.options`` of a Viber message that goes instead of one in VK."""

    comment: str | None = None
    """A note of your own, which the platform keeps with the message."""


class VkSettings(MessengerSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``vk``."""

    base_url: str = "https://im.devinotele.com"
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    routes: Routes = ("vk",)
    """The networks that carry messages, in the order in which they are tried: ``vk``, ``ok``."""
    utc_offset: Annotated[float, Meta(ge=-12, le=14)] = 3.0
    """How many hours the platform's clock is ahead of UTC. Times travel without a zone; the manual
    names UTC+3 for callbacks."""
    requests_per_second: PerSecond = 50.0
    """How many messages a second this channel sends at most, evenly spaced; VK takes 50 for one
    group, and 5 a day to one person. At least 0.001, or 0: as many as it can."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.routes)) != len(self.routes):
            raise ValueError("routes: a route occurs twice")
        check_rate(self.requests_per_second)
