"""The settings of the stores: keys of the table ``[outbox]``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from devino_core.outbox import StoreSettings

__all__ = ["NatsSettings", "PostgresSettings", "SqliteSettings"]


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


class NatsSettings(StoreSettings, kw_only=True, frozen=True):
    """Of the store ``nats``.

    The URL names one server or several of a cluster: ``nats://user@one:4222,two:4222``;
    ``nats+tls://...`` encrypts. It may give these settings, too:
    ``nats://127.0.0.1:4222?durability=process&prefix=shop``."""

    durability: Literal["process", "disk"] = "disk"
    """What the operator says that an acknowledged message survives. ``process``: that the server's
    process ends. ``disk``: that its machine loses power; then the store must have three replicas,
    or ``sync_always``."""
    sync_always: bool = False
    """The operator says that every server has ``sync_interval: always``. No client can see it."""
    replicas: Literal[1, 3, 5] = 1
    """How many servers hold each message."""
    shards: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    """How many streams the messages are spread over, by a hash of the ref. It cannot be changed
    once there are messages."""
    prefix: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,32}$")] = "dvo"
    """How the streams and subjects begin. Several outboxes may live in one account."""
    placement: tuple[str, ...] = ()
    """Tags of the servers that hold the streams."""
    group_max: Annotated[int, msgspec.Meta(ge=1, le=900)] = 900
    """How many messages one commit writes at most."""
    ack_wait: Annotated[float, msgspec.Meta(ge=1)] = 10.0
    """After how many seconds a reminder comes again that was fetched and not used."""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 5.0
    """How many seconds a call waits for a server that does not answer."""
    credentials: str | None = None
    """The path of a file with the user's JWT and seed."""
