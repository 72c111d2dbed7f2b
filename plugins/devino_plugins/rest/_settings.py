"""Settings of the REST channels."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devino_core import ChannelSettings, Secret

__all__ = ["RestSettings", "RestV2Settings"]

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class RestSettings(ChannelSettings, frozen=True):
    """Settings of channel kind ``rest``."""

    login: str
    """The account's login, as given at registration."""
    password: Secret
    """The account's password; it travels in request bodies only."""
    base_url: str = "https://integrationapi.net/rest"
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    bulk_size: Annotated[int, Meta(ge=1, le=2999)] = 1000
    """How many recipients one bulk call takes; the platform's limit is 2999 (chapter 2)."""
    concurrency: Positive = 8
    """How many calls of one ``send`` or ``status`` may be under way at once."""
    connections: Positive = 100
    """The size of the connection pool, over all concurrent sends."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection."""
    timeout: Seconds = 30.0
    """Seconds for an answer; a send without one is OutcomeUnknown."""
    proxy: Secret | None = None
    """URL of an HTTP proxy, which may hold a password."""
    plain_http: bool = False
    """Allow an ``http://`` base URL beyond this machine: passwords travel unencrypted."""


class RestV2Settings(RestSettings, frozen=True):
    """Settings of channel kind ``rest-v2``: as ``rest``, under the address of version 2."""

    base_url: str = "https://integrationapi.net/rest/v2"
    """Where version 2 of the API lives."""
