"""Settings of the SOAP channels."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from devino_plugins.kit.settings import PerSecond, ResendSettings, check_rate

__all__ = ["SoapSettings"]


class SoapSettings(ResendSettings, frozen=True, kw_only=True):
    """Settings of channel kinds ``soap`` and ``soap-v2``."""

    base_url: str = "https://ws.devinotele.com"
    """Where the services are, without their names; another one for the sandbox or a gateway."""
    soap_version: Literal["1.1", "1.2"] = "1.2"
    """Which SOAP is spoken; the platform's services take both."""
    bulk_size: Annotated[int, Meta(ge=1, le=1000)] = 1000
    """How many recipients one call takes; the platform's limit is 1000 (chapters 7 and 8)."""
    requests_per_second: PerSecond = 10.0
    """How many calls a second this channel makes at most, logins included, evenly spaced; the
    platform's limit is 10 (chapter 7). At least 0.001, or 0: as many as it can. Channels do not
    know of each other: share the limit out where several use one account."""

    def __post_init__(self) -> None:
        check_rate(self.requests_per_second)
