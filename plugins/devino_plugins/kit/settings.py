"""The settings that every channel over HTTP has."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devino_core import ChannelSettings, Secret

__all__ = ["HttpSettings", "Positive", "Seconds"]

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=86400)]


class HttpSettings(ChannelSettings, frozen=True, kw_only=True):
    """Who asks, where, and how long it may take."""

    login: Annotated[str, Meta(min_length=1)]
    """The account's login, as given at registration."""
    password: Secret
    """The account's password; it travels in request bodies only."""
    base_url: str
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    concurrency: Positive = 8
    """How many calls of one ``send`` or ``status`` may be under way at once."""
    connections: Positive = 100
    """The size of the connection pool, over all concurrent sends."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection."""
    timeout: Seconds = 30.0
    """Seconds for an answer after that; a send without one is OutcomeUnknown."""
    proxy: Secret | None = None
    """URL of an HTTP proxy, which may hold a password."""
    plain_http: bool = False
    """Allow an ``http://`` base URL beyond this machine: passwords travel unencrypted."""
