"""Stores of the durable outbox, and its commands: a plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import hookimpl
from devino_core.outbox import StoreSpec

from ._settings import NatsSettings, PostgresSettings, SqliteSettings

if TYPE_CHECKING:
    import click

__all__ = [
    "NATS",
    "POSTGRES",
    "SQLITE",
    "NatsSettings",
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
NATS: StoreSpec = StoreSpec(
    name="nats",
    summary="NATS JetStream, for any number of machines, replicated by itself",
    settings=NatsSettings,
    load="devino_outbox.nats:NatsStore",
    extra="devino[nats]",
)


@hookimpl
def devino_stores() -> Iterable[StoreSpec]:
    """The stores in a file, in PostgreSQL and in NATS JetStream."""
    return [SQLITE, POSTGRES, NATS]


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``devino outbox``."""
    from ._cli import outbox

    return [outbox]
