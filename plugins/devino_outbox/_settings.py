"""The settings of the stores: keys of the table ``[outbox]``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from devino_core.outbox import StoreSettings

__all__ = ["PostgresSettings", "SqliteSettings"]


class SqliteSettings(StoreSettings, kw_only=True, frozen=True):
    """Of the store ``sqlite``.

    The URL is ``sqlite:///var/lib/app/outbox.db``, or
    ``sqlite:outbox.db`` for a path from where the process runs."""

    group_max: Annotated[int, msgspec.Meta(ge=1)] = 4096
    """How many waiting calls one commit takes at most."""
    busy_timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """How many seconds a commit waits for one of another process."""


class PostgresSettings(StoreSettings, kw_only=True, frozen=True):
    """Of the store ``postgresql``.

    The URL is libpq's: ``postgresql://user@host:5432/database``, with whatever parameters libpq
    knows, such as ``?sslmode=verify-full&host=one,two``."""

    schema: Annotated[str, msgspec.Meta(pattern="^[a-z_][a-z0-9_]{0,62}$")] = "devino"
    """The schema with the outbox's tables. Two outboxes may live in one database."""
    group_max: Annotated[int, msgspec.Meta(ge=1)] = 1000
    """How many waiting calls one commit takes at most. 1: each has a commit of its own."""
    connect_timeout: Annotated[int, msgspec.Meta(ge=1)] = 10
    """How many seconds connecting may take."""
    pooler: bool = False
    """Whether a pooler such as pgbouncer gives each transaction another connection: then nothing
    is prepared on one."""
    wake: Literal["poll", "notify"] = "poll"
    """How a worker learns what other processes add: it looks every ``poll`` seconds, or is told at
    once as well. A NOTIFY locks the whole database at its commit, so each process sends one a
    second at most. What an application inserts by itself is found by polling. Not with a
    ``pooler``: there is no listening through one."""
    failover: Literal["doubt", "trust"] = "doubt"
    """What to do when the database is a restored backup or a promoted standby, as its system
    identifier and timeline tell: put everything in doubt that is not done, or trust that nothing
    was lost, as with synchronous replication."""
