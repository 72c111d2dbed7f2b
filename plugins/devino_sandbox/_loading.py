"""The services that there are: the sandbox's own, and those of plugins."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager

from devino_core import ConfigurationError, PluginError, Plugins
from devino_core.lazy import without_collector
from devino_core.plugins import missing_package

from . import hookspecs, services
from ._service import Service
from ._world import World

__all__ = ["explained_if_missing", "load_services"]


@without_collector()
def load_services(world: World, *, discover: bool) -> dict[str, Service]:
    """Services of this World by name, made anew. ``discover``: those of installed plugins, too.

    A plugin whose hook fails is left out with a PluginWarning. Raises ConfigurationError for a
    package that is missing, PluginError for a service without a name, and for two of one name.
    """
    own = Plugins(discover=False, strict=True, hookspecs=[hookspecs])
    for module in pkgutil.iter_modules(services.__path__, f"{services.__name__}."):
        if not module.name.rpartition(".")[2].startswith("_"):
            with explained_if_missing():
                plugin = importlib.import_module(module.name)
            own.register(plugin, module.name, origin="devino")
    found: dict[str, Service] = {}
    for plugins in (own, Plugins(discover=discover, hookspecs=[hookspecs])):
        for origin, service in plugins.offered("devino_sandbox_services", Service, world=world):
            if not hasattr(service, "name"):
                raise PluginError(f"the service {type(service).__name__} of {origin} has no name")
            other = found.setdefault(service.name, service)
            if other is not service:
                origins = f"{type(other).__module__} and {type(service).__module__}"
                raise PluginError(f"two services are named {service.name!r}: {origins}")
    return found


@contextmanager
def explained_if_missing() -> Iterator[None]:
    """Say what to install for an import that fails."""
    try:
        yield
    except ImportError as error:
        if not missing_package(error):
            raise
        raise ConfigurationError(
            f'the sandbox needs {error.name}: pip install "devino[sandbox]"'
        ) from error
