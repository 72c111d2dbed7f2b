"""What the project's settings say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec.structs import replace

from devino_contrib._needs import needs
from devino_core import ConfigurationError, Plugins, Secret, read_config, shared
from devino_core.settings import Config
from devino_core.suggest import did_you_mean

with needs("django"):
    from django.apps import apps
    from django.conf import settings

__all__ = [
    "OUTBOX",
    "callback_settings",
    "client_config",
    "forget",
    "project_config",
    "table",
    "uses_outbox",
]

OUTBOX = "devino_contrib.django.outbox"

_KEYS = ("default", "channels", "services", "client", "outbox", "callbacks")
_CALLBACK_KEYS = ("secrets", "sources", "networks", "max_body", "deadline")


def project_config() -> Config:
    """The channels and services: of ``DEVINO``, else of the file and the environment.

    Raises ConfigurationError.
    """
    given = _given()
    default = given.get("default")
    if default is not None and not isinstance(default, str):
        raise ConfigurationError("DEVINO: 'default' must be a channel's name")
    if "channels" in given or "services" in given:
        config = Config(channels=_tables("channels"), services=_tables("services"))
    else:
        config = read_config()
    if client := table("client"):
        config.reserved["client"] = client
    config = replace(config, default=default or config.default)
    return _in_memory(config) if getattr(settings, "DEVINO_TEST", False) else config


@cache
def client_config() -> Config:
    """The same for the clients of this process: a file that changes counts for the next process.

    Raises ConfigurationError.
    """
    return project_config()


def table(name: str) -> dict[str, object]:
    """One table of ``DEVINO``; empty where it is not given. Raises ConfigurationError."""
    found = _given().get(name, {})
    if not isinstance(found, Mapping):
        raise ConfigurationError(f"DEVINO: {name!r} must be a dict")
    return dict(found)


def callback_settings() -> dict[str, Any]:
    """The arguments of :meth:`devino_core.Client.callbacks` but ``take``. Raises
    ConfigurationError."""
    given: dict[str, Any] = table("callbacks")
    for key in given:
        if key not in _CALLBACK_KEYS:
            hint = did_you_mean(key, _CALLBACK_KEYS) or f"known are {', '.join(_CALLBACK_KEYS)}"
            raise ConfigurationError(f"DEVINO: 'callbacks' has no key {key!r}: {hint}")
    secrets = given.get("secrets")
    if not isinstance(secrets, list | tuple) or not secrets:
        raise ConfigurationError(
            "DEVINO: 'callbacks' needs a list of 'secrets'; make one with "
            'python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    given["secrets"] = [Secret(one) if isinstance(one, str) else one for one in secrets]
    return given


def uses_outbox() -> bool:
    """Whether messages go to the outbox of this project."""
    return bool(apps.is_installed(OUTBOX))


def forget(*, setting: str, **_: object) -> None:
    """A test has changed a setting: the next client has the new ones."""
    if setting in ("DEVINO", "DEVINO_TEST"):
        client_config.cache_clear()
        shared.close()


def _given() -> Mapping[str, object]:
    given = getattr(settings, "DEVINO", None)
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigurationError("DEVINO must be a dict")
    for key in given:
        if key not in _KEYS:
            hint = did_you_mean(str(key), _KEYS) or f"known are {', '.join(_KEYS)}"
            raise ConfigurationError(f"DEVINO has no key {key!r}: {hint}")
    return given


def _tables(name: str) -> dict[str, dict[str, object]]:
    found = table(name)
    for one, values in found.items():
        if not isinstance(values, Mapping):
            raise ConfigurationError(f"DEVINO: {name!r} maps names to dicts; {one!r} is none")
    return {one: dict(values) for one, values in found.items() if isinstance(values, Mapping)}


def _in_memory(config: Config) -> Config:
    channels = config.sort(Plugins().services()).channels
    return Config(channels={name: {"kind": "memory"} for name in channels}, default=config.default)
