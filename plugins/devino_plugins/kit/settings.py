"""The settings that every channel over HTTP has, and every channel over SMTP."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from devino_core import ChannelSettings, Secret

__all__ = ["HttpSettings", "Positive", "Seconds", "SmtpSettings", "Tls"]

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=86400)]
Tls: TypeAlias = Literal["starttls", "tls", "none"]


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


class SmtpSettings(ChannelSettings, frozen=True, kw_only=True):
    """Which mail server, how it is reached, and how long it may take."""

    host: str
    """The mail server that takes the mails: your own or your provider's."""
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    """The server's port. Unless given it is 587 with ``starttls``, 465 with ``tls`` and 25 with
    ``none``."""
    tls: Tls = "starttls"
    """How the connection is encrypted. ``starttls`` encrypts after the greeting, ``tls`` from the
    start. Both verify the server's name and refuse a server that offers no TLS. ``none`` sends
    everything in the clear, passwords too."""
    local_hostname: str | None = None
    """The name by which this machine introduces itself to the mail server. Unless given it is the
    machine's full name."""
    connections: Positive = 4
    """How many connections are used at once and kept."""
    idle_timeout: Seconds = 60.0
    """Seconds after which an unused connection is replaced."""
    max_lifetime: Seconds = 600.0
    """Seconds after which a connection is replaced."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection that is encrypted and logged in."""
    timeout: Seconds = 60.0
    """Seconds to wait for each reply. A mail without a reply is OutcomeUnknown."""
