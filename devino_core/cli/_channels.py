"""``channels``: lists channels and services, and what each can do. The code says it."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from typing import get_origin

import msgspec
import rich_click as click

from devino_core import Capability, Channel, ChannelSpec, Service, ServiceSettings, ServiceSpec
from devino_core.errors import ConfigurationError
from devino_core.plugins import Plugins
from devino_core.settings import Values, convert_settings

from .toolkit import App, config_option, json_option, pass_app

__all__ = ["channels"]


class _Setting(msgspec.Struct):
    name: str
    required: bool


class _Operation(msgspec.Struct):
    name: str
    summary: str


class _Kind(msgspec.Struct, kw_only=True):
    kind: str
    summary: str
    media: list[str] | msgspec.UnsetType = msgspec.UNSET
    """A channel's media; a service has none."""
    settings: list[_Setting]
    can: list[str] | msgspec.UnsetType = msgspec.UNSET
    """Likewise."""
    operations: list[_Operation]
    """What its class offers beyond the interface of all channels, or of all services."""
    problem: str | None = None
    """Why it cannot be used here. What it can do is not known then."""


class _Configured(msgspec.Struct, kw_only=True):
    name: str
    kind: str
    default: bool | msgspec.UnsetType = msgspec.UNSET
    """Whether it is the default channel; no service is."""
    problem: str | None = None


@click.command()
@config_option
@json_option
@pass_app
def channels(app: App) -> None:
    """List the kinds of channel and of service, the configured ones, and what each can do.

    A kind whose imports are missing says what to install.

    \b
    Examples:
      devino channels
      devino channels --config devino.toml --json
    """
    config, plugins = app.settings(), app.plugins
    kinds = [_kind(plugins, spec) for spec in plugins.channels().values()]
    service_kinds = [_kind(plugins, spec) for spec in plugins.services().values()]
    channels = [
        _configured(plugins, name, values, plugins.channel_spec)
        for name, values in config.channels.items()
    ]
    for one in channels:
        one.default = one.name == (config.default or channels[0].name)
    services = [
        _configured(plugins, name, values, plugins.service_spec)
        for name, values in config.services.items()
    ]
    if app.json:
        app.show(
            {
                "kinds": kinds,
                "channels": channels,
                "service_kinds": service_kinds,
                "services": services,
            }
        )
        return
    for kind in (*kinds, *service_kinds):
        _tell_kind(app, kind)
    app.line("configured" if channels else "no channel is configured; `devino init` writes a file")
    for one in (*channels, *services):
        _tell_configured(app, one)


def _kind(plugins: Plugins, spec: ServiceSpec) -> _Kind:
    described = _Kind(
        kind=spec.name,
        summary=spec.summary,
        settings=[
            _Setting(field.name, field.required) for field in msgspec.structs.fields(spec.settings)
        ],
        operations=[],
    )
    if isinstance(spec, ChannelSpec):
        described.media = sorted(spec.media)
        described.can = []
    try:
        kind = plugins.load(spec)
    except ConfigurationError as error:
        described.problem = str(error)
        return described
    if issubclass(kind, Channel):
        described.can = ["send", *(can for can in Capability if can in kind.offers())]
    described.operations = _operations(kind)
    return described


def _operations(kind: type[Service[ServiceSettings]]) -> list[_Operation]:
    common = Channel if issubclass(kind, Channel) else Service
    return [
        _Operation(name, (inspect.getdoc(method) or "").partition("\n")[0])
        for name, method in inspect.getmembers(kind)
        if not name.startswith("_")
        and not hasattr(common, name)
        # What overrides a method of its base answers to that base, and is not for callers.
        and sum(_is_made_in(base, name) for base in kind.__mro__) == 1
        and _is_awaited(method)
    ]


def _is_made_in(kind: type, name: str) -> bool:
    """Whether this class itself has the method, and not only its name."""
    return name in vars(kind) and not getattr(vars(kind)[name], "__isabstractmethod__", False)


def _is_awaited(method: object) -> bool:
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
        return True
    returned = getattr(method, "__annotations__", {}).get("return")
    return get_origin(returned) is AsyncIterator or str(returned).startswith("AsyncIterator[")


def _configured(
    plugins: Plugins, name: str, values: Values, spec_of: Callable[[str], ServiceSpec]
) -> _Configured:
    described = _Configured(name=name, kind=str(values.get("kind", name)))
    try:
        spec = spec_of(described.kind)
        convert_settings(values, spec.settings, name=name)
        plugins.load(spec)
    except ConfigurationError as error:
        described.problem = str(error)
    return described


def _tell_kind(app: App, kind: _Kind) -> None:
    app.line(f"{kind.kind}: {kind.summary}")
    if kind.media:
        app.line(f"  media       {', '.join(kind.media)}")
    settings = (f"{field.name}{'' if field.required else '?'}" for field in kind.settings)
    app.line(f"  settings    {', '.join(settings)}")
    if kind.problem:
        app.line(f"  not usable  {kind.problem}")
    if kind.can:
        app.line(f"  can         {', '.join(kind.can)}")
    for operation in kind.operations:
        app.line(f"              {operation.name}: {operation.summary}")
    app.line()


def _tell_configured(app: App, one: _Configured) -> None:
    default = ", the default" if one.default is True else ""
    app.line(f"  {one.name}: kind {one.kind}{default}")
    if one.problem:
        app.line(f"    not usable: {one.problem}")
