"""What a URL says: the servers, and settings of the store."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import msgspec

from devino_core.errors import ConfigurationError
from devino_outbox._settings import NatsSettings

__all__ = ["servers_of", "with_query"]


def servers_of(url: str) -> list[str]:
    """The servers, of which there may be several: ``nats://user:password@one:4222,two:4222``.
    Raises ConfigurationError if there is none, or one that cannot be read."""
    parts = urlsplit(url)
    scheme = "tls" if parts.scheme.endswith("+tls") else "nats"
    login, at, hosts = parts.netloc.rpartition("@")
    servers = [f"{scheme}://{login}{at}{host}" for host in hosts.split(",") if host]
    if not servers or not all(map(_is_server, servers)):
        # It may hold a password.
        raise ConfigurationError(
            "the URL names no server, or not each as nats://127.0.0.1:4222 with a port below 65536"
        )
    return servers


def _is_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


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
