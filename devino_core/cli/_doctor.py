"""``doctor``: each thing that a channel needs, tried one after the other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from devino_core import AsyncClient
from devino_core.errors import ConfigurationError
from devino_core.settings import Config
from devino_core.suggest import did_you_mean

from .toolkit import App, ExitCode, channel_option, config_option, json_option, pass_app

if TYPE_CHECKING:
    from ._examining import Finding

__all__ = ["doctor"]


@click.command()
@partial(channel_option, told="Try this channel or service alone. Default: all.")
@config_option
@json_option
@pass_app
def doctor(app: App, channel: str | None) -> None:
    """Try the configured channels and services, and say what is wrong.

    Each is tried step by step: settings, the packages that it needs (extra), the name of its
    machine (dns), a connection or encryption (connect, tls), login and balance. After a step that
    failed it is not tried further. Nothing is sent or changed. SMPP binds a session, which counts
    among those that the account may have.

    Exits with 0 if nothing failed, else with 1. No secret is shown.

    \b
    Examples:
      devino doctor
      devino doctor --channel promo --json
    """
    # Not above: it does I/O, and `devino --help` loads this module too.
    from ._examining import Finding, examine

    try:
        config = app.settings()
        names = _chosen(config, channel)
        _check_whole(app, config)
    except ConfigurationError as error:
        _tell(app, Finding("", "settings", False, str(error), error))
        app.finish(ExitCode.NOT_DONE)
    count = f"{_counted(config.channels, 'channel')}, {_counted(config.services, 'service')}"
    width = max(map(len, names))
    _tell(app, Finding("", "settings", True, f"{app.config_file or 'no file'}: {count}"), width)

    async def try_all() -> bool:
        failed = False
        for name in names:
            async for finding in examine(app.plugins, app.clock, config, name):
                failed = failed or finding.is_well is False
                _tell(app, finding, width)
        return failed

    app.finish(ExitCode.NOT_DONE if app.run(try_all()) else ExitCode.DONE)


def _chosen(config: Config, name: str | None) -> Sequence[str]:
    names = [*config.channels, *config.services]
    if not names:
        raise ConfigurationError("no channel is configured: `devino init` writes a file")
    if name is None:
        return names
    if name not in names:
        hint = did_you_mean(name, names) or f"configured are {', '.join(names)}"
        raise ConfigurationError(f"no channel is named {name!r}: {hint}")
    return [name]


def _check_whole(app: App, config: Config) -> None:
    """Raise what is wrong for all channels at once: in ``default``, ``[client]``, ``[outbox]``."""
    # A channel that does not fit is told at its own place.
    none: Config = msgspec.structs.replace(config, channels={}, services={}, default=None)
    AsyncClient(none, plugins=app.plugins, clock=app.clock)
    if config.default is not None:
        try:
            _chosen(msgspec.structs.replace(config, services={}), config.default)
        except ConfigurationError as error:
            raise ConfigurationError(f"default: {error}") from None
    if "outbox" in config.reserved:
        from devino_core.outbox import Outbox

        Outbox(config=config, plugins=app.plugins, clock=app.clock)


def _counted(tables: Collection[str], what: str) -> str:
    return f"{len(tables)} {what}{'' if len(tables) == 1 else 's'}"


def _tell(app: App, finding: Finding, width: int = 0) -> None:
    if app.json:
        app.show(finding.as_json())
    else:
        app.line(finding.line(width))
