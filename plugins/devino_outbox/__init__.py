"""Stores of the durable outbox, and its commands: a plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import hookimpl
from devino_core.outbox import StoreSpec

from ._settings import PostgresSettings, SqliteSettings

if TYPE_CHECKING:
    import click

__all__ = [
    "POSTGRES",
    "SQLITE",
    "PostgresSettings",
    "SqliteSettings",
    "devino_commands",
    "devino_stores",
]

SQLITE: StoreSpec = StoreSpec(
    name="sqlite",
    summary="one file, for the processes of one machine",
    settings=SqliteSettings,
    load="devino_outbox.sqlite:SqliteStore",
)
POSTGRES: StoreSpec = StoreSpec(
    name="postgresql",
    summary="a PostgreSQL database, for any number of machines",
    settings=PostgresSettings,
    load="devino_outbox.postgres:PostgresStore",
    extra="devino[postgres]",
)


@hookimpl
def devino_stores() -> Iterable[StoreSpec]:
    """The stores in a file and in PostgreSQL."""
    return [SQLITE, POSTGRES]


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``devino outbox``."""
    from ._cli import outbox

    return [outbox]
