"""The services that there are: the sandbox's own, and those of plugins."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager

from devino_core import ConfigurationError, PluginError, Plugins
from devino_core.plugins import missing_package

from . import hookspecs, services
from ._service import Service
from ._world import World

__all__ = ["explained_if_missing", "load_services"]


def load_services(world: World, *, discover: bool) -> dict[str, Service]:
    """Services of this World by name, made anew. ``discover``: those of installed plugins, too.

    Raises ConfigurationError for a package that is missing, PluginError for two of one name.
    """
    plugins = Plugins(discover=discover, hookspecs=[hookspecs])
    for module in pkgutil.iter_modules(services.__path__, f"{services.__name__}."):
        if not module.name.rpartition(".")[2].startswith("_"):
            with explained_if_missing():
                plugin = importlib.import_module(module.name)
            plugins.register(plugin, module.name, origin="devino")
    found: dict[str, Service] = {}
    # pluggy asks the last registered first.
    for group in reversed(plugins.hook.devino_sandbox_services(world=world)):
        for service in group:
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
