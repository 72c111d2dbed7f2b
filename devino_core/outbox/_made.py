"""The store that a URL names, made by the plugin that has its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from devino_core.clock import Clock
from devino_core.errors import ConfigurationError, PluginError
from devino_core.lazy import resolve
from devino_core.plugins import Plugins, missing_package

from ._settings import OutboxSettings, split_settings
from ._store import Store

__all__ = ["made_store"]


def made_store(
    values: Mapping[str, object], plugins: Plugins, clock: Clock
) -> tuple[OutboxSettings, Store]:
    """The outbox's own settings, and the store with the others. Raises ConfigurationError."""
    url = values.get("url")
    if not isinstance(url, str) or not url:
        raise ConfigurationError(
            "the outbox needs the setting 'url', such as sqlite:///var/lib/app/outbox.db: give it "
            "in code, in the file under [outbox], or as DEVINO__OUTBOX__URL"
        )
    if not _is_url(url):
        # It may hold a password.
        raise ConfigurationError(
            "outbox: its URL cannot be read: write one such as sqlite:///var/lib/app/outbox.db"
        )
    spec = plugins.store_spec(url.partition(":")[0].partition("+")[0])
    settings, theirs = split_settings(values, spec.settings)
    try:
        kind = resolve(spec.load)
    except ImportError as error:
        if spec.extra is None or not missing_package(error):
            raise PluginError(f"store {spec.name!r} cannot be imported: {error}") from error
        raise ConfigurationError(
            f'store {spec.name!r} needs {error.name}: pip install "{spec.extra}"'
        ) from error
    except (AttributeError, ValueError) as error:
        raise PluginError(
            f"store {spec.name!r}: its manifest loads {spec.load!r}: {error}"
        ) from error
    if not callable(kind):
        raise PluginError(
            f"store {spec.name!r}: its manifest loads {spec.load!r}, which is no class"
        )
    return settings, cast("Store", kind(theirs, clock=clock))


def _is_url(text: str) -> bool:
    from urllib.parse import urlsplit

    try:
        return bool(urlsplit(text).scheme)
    except ValueError:
        return False
