"""The database: reached, checked, migrated."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from importlib import resources
from typing import NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo

from devino_core.errors import ConfigurationError
from devino_outbox._settings import PostgresSettings

from ._line import Connection
from ._url import misfit_of, mistake_of, parameters_of

__all__ = [
    "SCHEMA",
    "Place",
    "check",
    "connect",
    "identity_of",
    "migrate",
    "place_of",
    "recognise",
    "schema_of",
    "steps",
]

_log = logging.getLogger(__name__)

SCHEMA = 1
"""The schema that this code makes. It works with the next one, too."""
_OLDEST = 130_000
_LOCK = 0x6476_696E
_DEFAULTS: dict[str, str | int] = {
    "application_name": "devino-outbox",
    # Of several hosts, the one that is no standby.
    "target_session_attrs": "read-write",
    # A host that is gone is noticed, also while an answer is waited for.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class Place(NamedTuple):
    """Where a schema is, and the numbers of its locks."""

    schema: str
    ids_lock: int

    def __call__(self, statement: str) -> bytes:
        """A statement of :mod:`._sql` for this schema."""
        return _spelt(statement, self.schema)


_spellings: dict[tuple[str, str], bytes] = {}


def _spelt(statement: str, schema: str) -> bytes:
    key = (statement, schema)
    if (spelt := _spellings.get(key)) is None:
        spelt = statement.replace("devino.", f'"{schema}".').encode()
        if len(_spellings) < 10_000:
            _spellings[key] = spelt
    return spelt


def place_of(schema: str) -> Place:
    """The place of a schema."""
    number = int.from_bytes(schema.encode()[-6:], "big")
    return Place(schema, _LOCK << 32 ^ number)


def connect(settings: PostgresSettings) -> Connection:
    """A connection whose commits are on disk. Raises ConfigurationError where they would not be,
    and psycopg's OperationalError where the database cannot be reached."""
    connection = _reached(settings)
    if isinstance(connection, str):
        raise ConfigurationError(f"outbox: the URL of the database {connection}")
    try:
        _require_durable(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _reached(settings: PostgresSettings) -> Connection | str:
    """What is wrong with the URL, if no database is reached by it."""
    given = parameters_of(settings.url)
    if given is None:
        return "cannot be read"
    wrong = mistake_of(given)
    if wrong is not None:
        return wrong
    defaults = {"connect_timeout": settings.connect_timeout, **_DEFAULTS}
    conninfo = make_conninfo("", **{**defaults, **given})
    try:
        return psycopg.connect(
            conninfo, autocommit=True, prepare_threshold=None if settings.pooler else 5
        )
    except psycopg.ProgrammingError:
        return "cannot be read"
    except psycopg.OperationalError:
        wrong = misfit_of(given)
        if wrong is None:
            raise
        return wrong


def _require_durable(connection: Connection) -> None:
    version = connection.info.server_version
    if version < _OLDEST:
        raise ConfigurationError(
            f"outbox: the server is PostgreSQL {version // 10_000}, 13 or newer is needed"
        )
    row = connection.execute(
        "SELECT pg_is_in_recovery(), current_setting('fsync'), "
        "current_setting('synchronous_commit'), current_setting('full_page_writes')"
    ).fetchone()
    standby, fsync, commit, pages = row or (None,) * 4
    if standby:
        raise ConfigurationError("outbox: the server is a standby: give the address of its primary")
    for setting, said in (
        ("fsync", fsync),
        ("synchronous_commit", commit),
        ("full_page_writes", pages),
    ):
        if said == "off":
            raise ConfigurationError(
                f"outbox: the server has {setting} = off: what it says is stored would not survive "
                "a crash"
            )


def schema_of(connection: Connection, place: Place) -> int:
    """The number of the schema; 0: none yet. Raises ConfigurationError for another's schema."""
    # Not to_regclass(): it may remember that there was none before another process made one.
    rows = connection.execute(
        "SELECT relname FROM pg_catalog.pg_class AS c "
        "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE nspname = %s AND relname IN ('meta', 'outbox')",
        (place.schema,),
    ).fetchall()
    if not rows:
        return 0
    if len(rows) < 2:
        raise ConfigurationError(
            f"outbox: the schema {place.schema!r} holds other tables, but no outbox: set `schema`"
        )
    return int(_meta(connection, place, "schema") or 0)


def _meta(connection: Connection, place: Place, key: str) -> str | None:
    row = connection.execute(
        place("SELECT value FROM devino.meta WHERE key = %s"), (key,)
    ).fetchone()
    return None if row is None else str(row[0])


def _set_meta(connection: Connection, place: Place, key: str, value: str) -> None:
    connection.execute(
        place(
            "INSERT INTO devino.meta VALUES(%s, %s) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        ),
        (key, value),
    )


def check(connection: Connection, place: Place) -> bytes:
    """The key of the hashes. Raises ConfigurationError for a schema that this code cannot work
    with."""
    found = schema_of(connection, place)
    if found < SCHEMA:
        raise ConfigurationError(
            f"outbox: the database has schema {found}, this devino needs {SCHEMA}: run "
            "`devino outbox migrate`"
        )
    if found > SCHEMA + 1:
        raise ConfigurationError(
            f"outbox: the database has schema {found}, this devino knows {SCHEMA} and works with "
            f"{SCHEMA + 1}: install a newer one"
        )
    return bytes.fromhex(_meta(connection, place, "key") or "")


def steps(connection: Connection, place: Place) -> list[int]:
    """The numbers of the schemas that are still to be made."""
    return list(range(schema_of(connection, place) + 1, SCHEMA + 1))


def migrate(connection: Connection, place: Place) -> list[int]:
    """Bring the database to :data:`SCHEMA`, all steps in one transaction; gives the steps."""
    with connection.transaction():
        # Who comes second finds nothing left to do.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        todo = steps(connection, place)
        for step in todo:
            _step(connection, place, step)
    return todo


def _step(connection: Connection, place: Place, step: int) -> None:
    name = f"{step:04}.sql"
    script = resources.files("devino_outbox.postgres").joinpath(name).read_text("utf-8")
    if step == 1:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{place.schema}"'.encode())
    connection.execute(place(script))
    if step == 1:
        _set_meta(connection, place, "key", os.urandom(16).hex())
        _set_meta(connection, place, "identity", identity_of(connection))
    _set_meta(connection, place, "schema", str(step))


def identity_of(connection: Connection) -> str:
    """The system and its timeline: another after a backup was restored or a standby promoted.
    Empty where this user may not ask."""
    try:
        row = connection.execute(
            "SELECT (SELECT system_identifier FROM pg_control_system()), "
            "(SELECT timeline_id FROM pg_control_checkpoint()), "
            "left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)"
        ).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        _log.warning(
            "outbox: the database does not tell its system identifier: after a restored backup or "
            "a promoted standby run `devino outbox migrate --restored`"
        )
        return ""
    # The checkpoint's timeline is the old one for a moment after a promotion.
    return "" if row is None else f"{row[0]} {int(row[2], 16)}"


def recognise(
    connection: Connection, place: Place, doubt: Callable[[Connection, bool], int] | None
) -> None:
    """See whether this is still the database that it was. If not, and unless the operator trusts
    the failover, ``doubt`` moves everything to DOUBT in the same transaction."""
    said = identity_of(connection)
    if not said or said == _meta(connection, place, "identity"):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        known = _meta(connection, place, "identity")
        if said == known:
            return
        count = 0
        is_other_system = (known or "").split()[:1] != said.split()[:1]
        if doubt is not None:
            count = doubt(connection, is_other_system)
        _set_meta(connection, place, "identity", said)
    _log.warning(
        "outbox: this database was restored from a backup, or a standby was promoted: %s",
        "trusted, as the settings say" if doubt is None else f"{count} messages are in doubt",
    )
