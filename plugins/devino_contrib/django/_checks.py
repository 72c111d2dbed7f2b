"""System checks: what ``manage.py check`` says about the settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from devino_contrib._needs import needs
from devino_core import Client, ConfigurationError, PluginError, Plugins
from devino_core.observe import discreet
from devino_core.settings import Config

from ._project import callback_settings, project_config, table, uses_outbox

with needs("django"):
    from django.conf import settings
    from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name

__all__ = ["check_settings"]

_UNSENT = frozenset({"console", "memory"})


def check_settings(app_configs: object = None, **_: object) -> list[CheckMessage]:
    """E001: a setting is wrong. E002: an extra is missing. W001: a connection is not encrypted.
    W002: a channel of the kind ``console`` or ``memory``, W003: one that leads to this machine,
    though DEBUG is off."""
    try:
        config = project_config().sort(Plugins().services())
        client = Client(config)
        if table("callbacks"):
            client.callbacks(lambda _: None, **callback_settings())
        if uses_outbox():
            from .outbox import outbox_of_project

            outbox_of_project(borrows=True)
    except (ConfigurationError, PluginError) as error:
        missing = isinstance(error.__cause__, ImportError)
        return [Error(error.said, id="devino.E002" if missing else "devino.E001")]
    return [*_of_kinds(config), *_of_machines(client)]


def _of_kinds(config: Config) -> Iterator[CheckMessage]:
    is_test = getattr(settings, "DEVINO_TEST", False)
    for name, values in config.channels.items():
        kind = values.get("kind", name)
        if kind in _UNSENT and not settings.DEBUG and not is_test:
            yield Warning(
                f"channel {name!r} is of the kind {kind!r}, which sends nothing, and DEBUG is off",
                id="devino.W002",
            )


def _of_machines(client: Client) -> Iterator[CheckMessage]:
    for one in (*client.channels.values(), *client.services.values()):
        for machine in one.machines()[:1]:
            host = discreet("shown", machine.host)
            if _is_loopback(machine.host):
                if not settings.DEBUG:
                    yield Warning(
                        f"{one.name!r} leads to this machine ({host}), and DEBUG is off",
                        hint="A sandbox is for development.",
                        id="devino.W003",
                    )
            elif machine.tls == "never":
                yield Warning(
                    f"{one.name!r} does not encrypt what it says to {host}, its password neither",
                    id="devino.W001",
                )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
