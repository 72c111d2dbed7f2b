"""Stores of the durable outbox, and its commands: a plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from devino_core import hookimpl
from devino_core.hookspecs import commands_at
from devino_core.outbox import StoreSpec

from ._settings import NatsSettings, PostgresSettings, SqliteSettings

__all__ = ["NATS", "POSTGRES", "SQLITE", "NatsSettings", "PostgresSettings", "SqliteSettings"]

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


devino_commands: Final = commands_at("devino_outbox._cli:outbox")
