"""What a URL says: the servers, and settings of the store."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import msgspec

from devino_core.errors import ConfigurationError
from devino_outbox._settings import NatsSettings

__all__ = ["servers_of", "with_query"]


def servers_of(url: str) -> list[str]:
    """The servers, of which there may be several: ``nats://user:password@one:4222,two:4222``."""
    parts = urlsplit(url)
    scheme = "tls" if parts.scheme.endswith("+tls") else "nats"
    login, at, hosts = parts.netloc.rpartition("@")
    return [f"{scheme}://{login}{at}{host}" for host in hosts.split(",") if host]


def with_query(settings: NatsSettings) -> NatsSettings:
    """The settings, with those that the URL gives: ``nats://one:4222?replicas=3``. Raises
    ConfigurationError."""
    given = dict(parse_qsl(urlsplit(settings.url).query, keep_blank_values=True))
    if not given:
        return settings
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    try:
        return msgspec.convert({**values, **given, "url": settings.url}, NatsSettings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"the outbox's URL: {error}") from None
