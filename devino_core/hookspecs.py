"""The hooks: what a plugin may offer.

A plugin is a module registered under the entry point group ``devino``::

    [project.entry-points.devino]
    acme = "devino_acme"

and implements any of these with ``devino_core.hookimpl``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

import msgspec
import pluggy

from ._channel import ChannelSpec
from ._service import ServiceSpec
from .lazy import resolve

if TYPE_CHECKING:
    import click

    from ._store_spec import StoreSpec
    from .callbacks import CallbackSpec
    from .observe import Observer

__all__ = [
    "GROUP",
    "Measure",
    "commands_at",
    "devino_callbacks",
    "devino_channels",
    "devino_commands",
    "devino_measure",
    "devino_observers",
    "devino_services",
    "devino_stores",
    "hookimpl",
    "hookspec",
]

GROUP = "devino"
"""The entry point group and the name of the pluggy project."""

hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(GROUP)
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(GROUP)


class Measure(msgspec.Struct, frozen=True):
    """What a text is as an SMS."""

    alphabet: str
    parts: int
    """How many SMS it is charged as."""


@hookspec
def devino_channels() -> Iterable[ChannelSpec]:  # type: ignore[empty-body]
    """The channel kinds that this plugin brings. Called once for each client."""


@hookspec
def devino_services() -> Iterable[ServiceSpec]:  # type: ignore[empty-body]
    """The service kinds that this plugin brings. Called once for each client."""


@hookspec
def devino_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]
    """Commands to add to ``devino``. Called only when the command line runs.

    A command with the name ``"group name"`` joins that group: ``"decode acme"``.
    """


def commands_at(*references: str) -> Callable[[], Iterable[click.Command]]:
    """The hook ``devino_commands`` of a plugin whose commands stand in modules of their own::

        devino_commands = commands_at("acme.commands:ask", "acme.decoding:decode")

    Each module is imported when the command line runs. A client loads all plugins, also where the
    extra ``cli`` is not installed, so a plugin's own module must import no command.
    """

    @hookimpl
    def devino_commands() -> Iterable[click.Command]:
        return [cast("click.Command", resolve(reference)) for reference in references]

    return devino_commands


@hookspec
def devino_callbacks() -> Iterable[CallbackSpec]:  # type: ignore[empty-body]
    """The sources of callbacks that this plugin brings. Called only in programs that receive.

    A source's name is the channel of its events, so no two plugins may use the same name.
    """


@hookspec
def devino_observers() -> Iterable[Observer]:  # type: ignore[empty-body]
    """Who is told what a client does (:mod:`devino_core.observe`). Called once for each client."""


@hookspec
def devino_stores() -> Iterable[StoreSpec]:  # type: ignore[empty-body]
    """The kinds of store that this plugin brings for the outbox. Called once for each outbox."""


@hookspec(firstresult=True)
def devino_measure(text: str) -> Measure | None:
    """What a text is as an SMS; None if it cannot be one. ``devino send --dry-run`` asks for each
    text, so it should be quick. The first plugin that answers decides.
    """
