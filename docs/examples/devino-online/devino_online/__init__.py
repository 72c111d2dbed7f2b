"""SMS through api.devino.online: its channel, and itself in the sandbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

import devino_core as devino
import devino_sandbox as sandbox
from devino_plugins.kit import ChannelKeyOrLoginSettings
from devino_plugins.kit.settings import check_url

__all__ = ["OnlineSettings"]


class OnlineSettings(ChannelKeyOrLoginSettings, frozen=True, kw_only=True):
    base_url: str = "https://api.devino.online"
    chunk: Annotated[int, Meta(ge=1, le=32_000)] = 1000
    """How many messages go in one call. A lost answer costs as many OutcomeUnknown."""
    segments: bool = True
    """Ask for the ids of segments, which tell into how many parts a text was cut."""
    shorten_urls: bool = False
    """The platform replaces links in texts by short ones; the option of that name decides for one
    message."""
    callback_url: devino.Secret | None = None
    """The URL that the platform shall call. It may hold a secret. Nobody has described what it
    posts: your application reads that."""
    edition: Literal["2020", "2022"] = "2022"
    """Which edition of the documentation priorities are written by: numbers or words."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_url("callback_url", self.callback_url)


@devino.hookimpl
def devino_channels() -> Iterable[devino.ChannelSpec]:
    yield devino.ChannelSpec(
        name="online-sms",
        summary="SMS through api.devino.online.",
        media=frozenset({devino.Medium.SMS}),
        settings=OnlineSettings,
        load="devino_online.channel:Online",
    )


devino_sandbox_services = sandbox.services_at("devino_online.service:OnlineService")
