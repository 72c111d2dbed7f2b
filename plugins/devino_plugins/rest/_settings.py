"""Settings of the REST channels."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devino_plugins.kit.settings import ResendSettings

__all__ = ["RestSettings", "RestV2Settings"]


class RestSettings(ResendSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``rest``."""

    base_url: str = "https://integrationapi.net/rest"
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    bulk_size: Annotated[int, Meta(ge=1, le=2999)] = 1000
    """How many recipients one bulk call takes; the platform's limit is 2999 (chapter 2)."""


class RestV2Settings(RestSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``rest-v2``: as ``rest``, under the address of version 2."""

    base_url: str = "https://integrationapi.net/rest/v2"
    """Where version 2 of the API lives."""
