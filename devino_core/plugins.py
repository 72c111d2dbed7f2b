"""Finds plugins: :class:`Plugins` owns one pluggy manager; nothing global is made at import.

``DEVINO_PLUGINS``: modules to load besides the installed ones, separated by commas.
``DEVINO_DISABLED_PLUGINS``: names of entry points to leave out, separated by commas.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import chain, starmap
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar, cast, overload

import msgspec
import pluggy

from . import hookspecs as kernel
from ._channel import Channel, ChannelSettings, ChannelSpec
from ._service import Service, ServiceSettings, ServiceSpec
from .errors import ConfigurationError, PluginError
from .lazy import resolve
from .suggest import did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    import click

    from ._store_spec import StoreSpec
    from .callbacks import CallbackSpec
    from .observe import Observer

__all__ = ["Listed", "PluginWarning", "Plugins", "missing_package"]

T = TypeVar("T")


class PluginWarning(UserWarning):
    """A plugin could not be loaded and is left out. The text names its distribution."""


class Listed(msgspec.Struct, kw_only=True):
    """A plugin, and what it brings, by name."""

    name: str
    origin: str
    """Its distribution with the version, or how else it got here."""
    channels: list[str] = []
    services: list[str] = []
    sources: list[str] = []
    commands: list[str] = []


class Plugins:
    """The plugins of one client.

    With ``strict`` a plugin that cannot be loaded raises PluginError. Otherwise it gives a
    PluginWarning and is listed in :attr:`problems`. ``discover=False`` loads none, for programs
    that :meth:`register` their own. ``hookspecs`` are modules with further hooks, for a package
    that has plugins of its own. Raises PluginError for two kinds with one name.
    """

    def __init__(
        self,
        *,
        discover: bool = True,
        strict: bool = False,
        hookspecs: Iterable[ModuleType] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._manager = pluggy.PluginManager(kernel.GROUP)
        for module in (kernel, *hookspecs):
            self._manager.add_hookspecs(module)
        self._origin: dict[str, str] = {}
        self._kinds: Mapping[str, ServiceSpec] | None = None
        self._strict = strict
        self.problems: list[str] = []
        if discover:
            self._discover(os.environ if environ is None else environ)

    def register(self, plugin: object, name: str, *, origin: str = "registered in code") -> None:
        """Add a module or object with hook implementations. Raises PluginError if it is invalid,
        or loaded already."""
        known = self._manager.get_name(plugin) or name
        if known in self._origin:
            raise PluginError(
                f"plugin {name!r} ({origin}): it is loaded already, as {known!r} "
                f"({self._origin[known]})"
            )
        try:
            self._manager.register(plugin, name=name)
            self._manager.check_pending()
        except (ValueError, pluggy.PluginValidationError) as error:
            if self._manager.get_plugin(name) is plugin:
                self._manager.unregister(plugin)
            raise PluginError(f"plugin {name!r} ({origin}): {error}") from error
        self._origin[name] = origin
        self._kinds = None

    def channels(self) -> Mapping[str, ChannelSpec]:
        """Every channel kind by name. Raises PluginError for a name that two plugins claim."""
        kinds = self._all_kinds().items()
        return {name: spec for name, spec in kinds if isinstance(spec, ChannelSpec)}

    def services(self) -> Mapping[str, ServiceSpec]:
        """Every service kind by name. Raises PluginError for a name that two plugins claim."""
        kinds = self._all_kinds().items()
        return {name: spec for name, spec in kinds if not isinstance(spec, ChannelSpec)}

    def commands(self) -> Mapping[str, click.Command]:
        """The commands that plugins add to the command line. Raises PluginError for a clash."""
        import click

        return self._offers("command", (self._manager.hook.devino_commands, click.Command))

    def callbacks(self) -> Mapping[str, CallbackSpec]:
        """Every source of callbacks by name. Raises PluginError for a clash."""
        from .callbacks import CallbackSpec

        hook = self._manager.hook.devino_callbacks
        return dict(sorted(self._offers("source", (hook, CallbackSpec)).items()))

    def listing(self) -> list[Listed]:
        """Every plugin that is loaded, by name, with what it brings to the command line, too."""
        import click

        from .callbacks import CallbackSpec

        hook = self._manager.hook
        found = {
            name: Listed(name=name, origin=said) for name, said in sorted(self._origin.items())
        }
        asked: tuple[tuple[str, pluggy.HookCaller, type[object]], ...] = (
            ("channels", hook.devino_channels, ChannelSpec),
            ("services", hook.devino_services, ServiceSpec),
            ("sources", hook.devino_callbacks, CallbackSpec),
            ("commands", hook.devino_commands, click.Command),
        )
        for what, caller, kind in asked:
            for plugin, offer in self._offered(caller, kind):
                getattr(found[plugin], what).append(str(getattr(offer, "name", None)))
        return list(found.values())

    def offered(self, hook: str, kind: type[T], **given: object) -> Iterator[tuple[str, T]]:
        """What a hook of ``hookspecs`` gives, each with the origin of its plugin. A plugin whose
        hook fails, or gives something else, is left out."""
        for plugin, offer in self._offered(getattr(self._manager.hook, hook), kind, **given):
            yield self._origin.get(plugin, plugin), offer

    def measure(self, text: str) -> kernel.Measure | None:
        """What a text is as an SMS; None if it cannot be one, or no plugin knows."""
        return cast("kernel.Measure | None", self._manager.hook.devino_measure(text=text))

    def callback_spec(self, name: str) -> CallbackSpec:
        """The manifest of a source. Raises ConfigurationError with the nearest name."""
        specs = self.callbacks()
        try:
            return specs[name]
        except KeyError:
            hint = did_you_mean(name, specs) or f"known are {', '.join(specs) or 'none'}"
            raise ConfigurationError(f"no plugin brings a source {name!r}: {hint}") from None

    def observers(self) -> list[Observer]:
        """The observers that plugins bring. One that cannot be made is left out."""
        hook = self._manager.hook.devino_observers
        return [observer for _, observer in self._offered(hook, object)]  # type: ignore[misc]

    def stores(self) -> Mapping[str, StoreSpec]:
        """Every kind of store by name. Raises PluginError for a clash."""
        from ._store_spec import StoreSpec

        hook = self._manager.hook.devino_stores
        return dict(sorted(self._offers("store", (hook, StoreSpec)).items()))

    def store_spec(self, kind: str) -> StoreSpec:
        """The manifest of a kind of store. Raises ConfigurationError with the nearest name."""
        specs = self.stores()
        try:
            return specs[kind]
        except KeyError:
            hint = did_you_mean(kind, specs) or f"known are {', '.join(specs) or 'none'}"
            raise ConfigurationError(f"no plugin brings a store {kind!r}: {hint}") from None

    def channel_spec(self, kind: str) -> ChannelSpec:
        """The manifest of a channel kind. Raises ConfigurationError with the nearest name."""
        spec = self._spec(kind, "channel")
        if not isinstance(spec, ChannelSpec):
            raise ConfigurationError(
                f"{kind!r} is a kind of service, not of channel: configure it under [services]"
            )
        return spec

    def service_spec(self, kind: str) -> ServiceSpec:
        """The manifest of a service kind. Raises ConfigurationError with the nearest name."""
        spec = self._spec(kind, "service")
        if isinstance(spec, ChannelSpec):
            raise ConfigurationError(
                f"{kind!r} is a kind of channel, not of service: configure it under [channels]"
            )
        return spec

    @overload
    def load(self, spec: ChannelSpec) -> type[Channel[ChannelSettings]]: ...
    @overload
    def load(self, spec: ServiceSpec) -> type[Service[ServiceSettings]]: ...
    def load(self, spec: ServiceSpec) -> type[Service[ServiceSettings]]:
        """Import the class of a channel or service.

        Raises ConfigurationError that names what to install, and PluginError if there is no such
        class.
        """
        what, base = ("channel", Channel) if isinstance(spec, ChannelSpec) else ("service", Service)
        try:
            found = resolve(spec.load)
        except ImportError as error:
            if spec.extra is None or not _is_of_extra(error, spec):
                raise PluginError(f"{what} {spec.name!r} cannot be imported: {error}") from error
            raise ConfigurationError(
                f'{what} {spec.name!r} needs {error.name}: pip install "{spec.extra}"'
            ) from error
        except (AttributeError, ValueError) as error:
            raise PluginError(
                f"{what} {spec.name!r}: its manifest loads {spec.load!r}: {error}"
            ) from error
        if not (isinstance(found, type) and issubclass(found, base)):
            raise PluginError(
                f"{what} {spec.name!r}: its manifest loads {spec.load!r}, which is no subclass of "
                f"{base.__name__}"
            )
        return found

    def _all_kinds(self) -> Mapping[str, ServiceSpec]:
        if self._kinds is None:
            hook = self._manager.hook
            kinds: dict[str, ServiceSpec] = self._offers(
                "kind", (hook.devino_channels, ChannelSpec), (hook.devino_services, ServiceSpec)
            )
            self._kinds = dict(sorted(kinds.items()))
        return self._kinds

    def _spec(self, kind: str, what: str) -> ServiceSpec:
        kinds = self._all_kinds()
        try:
            return kinds[kind]
        except KeyError:
            hint = did_you_mean(kind, kinds) or f"known are {', '.join(kinds) or 'none'}"
            raise ConfigurationError(f"no plugin brings a {what} kind {kind!r}: {hint}") from None

    def _offers(self, what: str, *asked: tuple[pluggy.HookCaller, type[T]]) -> dict[str, T]:
        """What these hooks give, by name."""
        found: dict[str, T] = {}
        origins: dict[str, str] = {}
        for plugin, offer in chain.from_iterable(starmap(self._offered, asked)):
            origin = self._origin.get(plugin, plugin)
            name = str(getattr(offer, "name", None))
            if name in found:
                raise PluginError(
                    f"two plugins bring a {what} {name!r}: {origins[name]} and {origin}; "
                    "uninstall one, or name its entry point in DEVINO_DISABLED_PLUGINS"
                )
            found[name], origins[name] = offer, origin
        return found

    def _offered(
        self, hook: pluggy.HookCaller, kind: type[T], **given: object
    ) -> Iterator[tuple[str, T]]:
        """What one hook gives, each with its plugin; a plugin that fails is left out."""
        for implementation in hook.get_hookimpls():
            plugin = implementation.plugin_name
            origin = self._origin.get(plugin, plugin)
            try:
                # As pluggy calls it: with those of the arguments that it names.
                named = [given[name] for name in implementation.argnames]
                found = cast("Iterable[object]", implementation.function(*named))
                offers = [_checked(offer, kind) for offer in found]
            except Exception as error:  # noqa: BLE001 - a plugin may raise whatever it likes
                self._leave_out(f"{hook.name}() of plugin {plugin!r} of {origin}", error)
                continue
            for offer in offers:
                yield plugin, offer

    def _discover(self, environ: Mapping[str, str]) -> None:
        import importlib

        disabled = set(_names(environ, "DEVINO_DISABLED_PLUGINS"))
        for entry, origin in _installed(tuple(map(_state, sys.path))):
            if entry.name not in disabled:
                self._load(entry.name, origin, entry.load)
        for module in _names(environ, "DEVINO_PLUGINS"):
            self._load(module, "DEVINO_PLUGINS", partial(importlib.import_module, module))

    def _load(self, name: str, origin: str, load: Callable[[], ModuleType]) -> None:
        try:
            self.register(load(), name, origin=origin)
        except Exception as error:  # noqa: BLE001 - a plugin may raise whatever it likes
            self._leave_out(f"plugin {name!r} of {origin}", error)

    def _leave_out(self, what: str, error: Exception) -> None:
        text = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
        problem = f"{what} is left out: {text}"
        if self._strict:
            raise PluginError(problem) from error
        if problem in self.problems:
            # A hook may be called again.
            return
        self.problems.append(problem)
        warnings.warn(problem, PluginWarning, stacklevel=4)


@lru_cache(maxsize=1)
def _installed(_: tuple[object, ...]) -> list[tuple[EntryPoint, str]]:
    """The entry points of all distributions, each with the name and version of its own.

    To find them means to open a file of each distribution, so they are found once for each state of
    the folders on ``sys.path``.
    """
    # These imports take 40 ms, and programs that only want the types do not need them.
    import importlib.metadata

    # To read a distribution's name or version means to read its metadata from disk each time.
    origins: dict[object, str] = {}
    found: list[tuple[EntryPoint, str]] = []
    for entry in importlib.metadata.entry_points(group=kernel.GROUP):
        dist = entry.dist
        if dist not in origins:
            said = dist.metadata if dist is not None else None
            origins[dist] = f"{said['Name']} {said['Version']}" if said else entry.value
        found.append((entry, origins[dist]))
    return found


def _state(folder: str) -> object:
    """It is another one when something was installed there."""
    try:
        stat = os.stat(folder or ".")  # noqa: PTH116 - a Path takes longer
    except OSError:
        return folder
    return folder, stat.st_ino, stat.st_mtime_ns


def missing_package(error: ImportError) -> bool:
    """Whether a package is not installed (not a missing module of an installed package)."""
    from importlib.util import find_spec

    package = (error.name or "").partition(".")[0]
    return bool(package) and find_spec(package) is None


def _is_of_extra(error: ImportError, spec: ServiceSpec) -> bool:
    """Whether a package is missing other than the one that the manifest itself names."""
    return missing_package(error) and not f"{spec.load}.".replace(":", ".").startswith(
        f"{error.name}."
    )


def _checked(offer: object, kind: type[T]) -> T:
    # Channels have their own hook.
    if not isinstance(offer, kind) or (kind is ServiceSpec and isinstance(offer, ChannelSpec)):
        raise PluginError(f"gave a {type(offer).__name__}, expected {kind.__name__}")
    return offer


def _names(environ: Mapping[str, str], variable: str) -> list[str]:
    return [name.strip() for name in environ.get(variable, "").split(",") if name.strip()]
