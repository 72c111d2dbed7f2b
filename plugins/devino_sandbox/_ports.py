"""The options of ``devino sandbox`` that choose ports: every service with one has its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import rich_click as click
from click import get_current_context

from devino_core import ConfigurationError, PluginError
from devino_core.suggest import did_you_mean

__all__ = ["PREFIX", "PortsGroup", "chosen_ports", "misspelt", "port_option"]

F = TypeVar("F", bound=Callable[..., object])

PREFIX = "DEVINO_SANDBOX_"
"""Of the variables of the environment that stand for options."""

_CHOSEN = "devino_sandbox.ports"
_OPTIONS = "devino_sandbox.port_options"


def port_option(option: str, what: str) -> Callable[[F], F]:
    """An option for the port of something, passed to the command by its name."""
    return click.option(option, **_settings(what))


class PortsGroup(click.RichGroup):
    """A command that takes the options that the sandbox's services declare, too, and may have
    subcommands. Each option has a variable of the environment: ``DEVINO_SANDBOX_HTTP_PORT``.

    The services are asked only when the command itself is run or explained: ``devino --help``
    imports none, and neither do its subcommands.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] in self.commands:
            ctx.meta[_OPTIONS] = _from_environment(click.RichGroup.get_params(self, ctx))
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        options: list[click.Parameter] | None = ctx.meta.get(_OPTIONS)
        if options is None:
            own = _service_options(super().get_params(ctx))
            options = ctx.meta[_OPTIONS] = _from_environment(own)
        return options


def misspelt(options: Iterable[click.Parameter], environ: Iterable[str]) -> Iterator[str]:
    """A line for each variable of the environment that looks like an option's and is none."""
    known = {str(option.envvar).removeprefix(PREFIX) for option in options if option.envvar}
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX)
        # Kubernetes sets the others for a service that is called devino-sandbox.
        if name in known or name == variable or re.match(r"PORT\b|PORT_|SERVICE_", name):
            continue
        if hint := did_you_mean(name, known):
            said = hint.replace("'", f"'{PREFIX}", 1)
            yield f"nothing reads {variable}: {said}"


def chosen_ports() -> Mapping[str, int]:
    """The ports that were chosen for services, by their names."""
    chosen: Mapping[str, int] = get_current_context().meta.get(_CHOSEN, {})
    return chosen


def _from_environment(options: list[click.Parameter]) -> list[click.Parameter]:
    for option in options:
        name = max(option.opts, key=len).removeprefix("--")
        if name != "help":
            option.envvar = PREFIX + name.upper().replace("-", "_")
    return options


def _service_options(own: list[click.Parameter]) -> list[click.Parameter]:
    # Here, as the services are heavy.
    from ._loading import load_services
    from ._service import PortService
    from ._world import World

    try:
        services = load_services(World(), discover=True)
    except ConfigurationError:
        # A package is missing; the sandbox says which, when it is run.
        return own
    taken = {name for option in own for name in option.opts}
    found: list[click.Parameter] = []
    for service in services.values():
        if not isinstance(service, PortService) or service.port_option is None:
            continue
        if service.port_option in taken:
            raise PluginError(f"service {service.name!r}: {service.port_option} is another's")
        taken.add(service.port_option)
        what = service.port_help or f"the service {service.name}"
        found.append(
            click.Option(
                [service.port_option],
                callback=_remember(service.name),
                expose_value=False,
                **_settings(what),
            )
        )
    # After the other port.
    place = 1 + next(n for n, option in enumerate(own) if "--http-port" in option.opts)
    return own[:place] + found + own[place:]


def _settings(what: str) -> dict[str, Any]:
    return {
        "type": click.IntRange(0, 65535),
        "default": 0,
        "metavar": "PORT",
        "help": f"Port of {what}; a free one, unless given.",
    }


def _remember(name: str) -> Callable[[click.Context, click.Parameter, int], None]:
    def remember(context: click.Context, _: click.Parameter, port: int) -> None:
        context.meta.setdefault(_CHOSEN, {})[name] = port

    return remember
