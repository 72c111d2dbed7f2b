"""What the commands of the address book share: their options, and how they ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import rich_click as click
from msgspec import UNSET

from devino_core.cli.toolkit import App, complete_services, config_option, json_option, pass_app

if TYPE_CHECKING:
    from ._service import AddressBook

__all__ = ["asked", "common", "row"]

T = TypeVar("T")


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every command of the group has: options, and the App as its first argument."""
    service = click.option(
        "--service",
        metavar="NAME",
        shell_complete=complete_services,
        help="Configured service to use; otherwise the first of kind addressbook.",
    )
    return service(config_option(json_option(pass_app(command))))


async def asked(app: App, service: str | None, call: Callable[[AddressBook], Awaitable[T]]) -> T:
    """What the service gives to a call."""
    # `devino --help` loads this module too, and needs no HTTP.
    from ._service import AddressBook

    async with app.client() as client:
        return await call(client.service_for(AddressBook, service=service))


def row(value: msgspec.Struct) -> dict[str, object]:
    """A value as JSON has it: what it does not say is left out."""
    return {name: one for name, one in msgspec.structs.asdict(value).items() if one is not UNSET}
