"""``channels``: what can be configured, what is, and what each can do, read from the code."""

from __future__ import annotations

import inspect

import msgspec
import rich_click as click

from devino_core import Capability, Channel, ChannelSettings, ChannelSpec
from devino_core.errors import ConfigurationError
from devino_core.plugins import Plugins
from devino_core.settings import Config, convert_settings

from .toolkit import App, config_option, json_option, pass_app

__all__ = ["channels"]


class _Setting(msgspec.Struct):
    name: str
    required: bool


class _Operation(msgspec.Struct):
    name: str
    summary: str


class _Kind(msgspec.Struct):
    kind: str
    summary: str
    media: list[str]
    settings: list[_Setting]
    can: list[str]
    operations: list[_Operation]
    """What its class offers beyond the interface of all channels."""
    problem: str | None = None
    """Why it cannot be used here; then what it can do is not known either."""


class _Configured(msgspec.Struct):
    name: str
    kind: str
    default: bool
    problem: str | None = None


@click.command()
@config_option
@json_option
@pass_app
def channels(app: App) -> None:
    """List the kinds of channel and the configured ones, and what each can do.

    A kind whose imports are missing says what to install.

    \b
    Examples:
      devino channels
      devino channels --config devino.toml --json
    """
    config = app.settings()
    kinds = [_kind(app.plugins, spec) for spec in app.plugins.channels().values()]
    configured = [_configured(app.plugins, config, name) for name in config.channels]
    if app.json:
        app.show({"kinds": kinds, "channels": configured})
        return
    for kind in kinds:
        _tell_kind(app, kind)
    app.line("configured" if configured else "no channel is configured; `devino --help` shows how")
    for channel in configured:
        default = ", the default" if channel.default else ""
        app.line(f"  {channel.name}: kind {channel.kind}{default}")
        if channel.problem:
            app.line(f"    not usable: {channel.problem}")


def _kind(plugins: Plugins, spec: ChannelSpec) -> _Kind:
    described = _Kind(
        kind=spec.name,
        summary=spec.summary,
        media=sorted(spec.media),
        settings=[
            _Setting(field.name, field.required) for field in msgspec.structs.fields(spec.settings)
        ],
        can=[],
        operations=[],
    )
    try:
        kind = plugins.load(spec)
    except ConfigurationError as error:
        described.problem = str(error)
    else:
        described.can = ["send", *(can for can in Capability if can in kind.capabilities())]
        described.operations = _operations(kind)
    return described


def _operations(kind: type[Channel[ChannelSettings]]) -> list[_Operation]:
    return [
        _Operation(name, (inspect.getdoc(method) or "").partition("\n")[0])
        for name, method in inspect.getmembers(kind)
        if not name.startswith("_")
        and not hasattr(Channel, name)
        and (inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method))
    ]


def _configured(plugins: Plugins, config: Config, name: str) -> _Configured:
    values = config.channels[name]
    described = _Configured(
        name=name,
        kind=str(values.get("kind", name)),
        default=name == (config.default or next(iter(config.channels))),
    )
    try:
        spec = plugins.channel_spec(described.kind)
        convert_settings(values, spec.settings, channel=name)
        plugins.load(spec)
    except ConfigurationError as error:
        described.problem = str(error)
    return described


def _tell_kind(app: App, kind: _Kind) -> None:
    app.line(f"{kind.kind}: {kind.summary}")
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
