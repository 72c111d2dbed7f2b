"""The schema of the file: made, checked, migrated."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from devino_core.errors import ConfigurationError, Unavailable

__all__ = [
    "SCHEMA",
    "check",
    "connect",
    "is_bug",
    "migrate",
    "migrate_within",
    "schema_of",
    "steps",
    "usable",
]

SCHEMA = 1
"""The schema that this code makes. It works with the next one, too."""
_APPLICATION = 0x6476696E


def connect(path: Path, busy_timeout: float, *, reads: bool = False) -> sqlite3.Connection:
    """A connection whose commits are on disk. Raises ConfigurationError where they would not be."""
    with usable(path):
        connection = sqlite3.connect(
            path, timeout=busy_timeout, isolation_level=None, check_same_thread=False
        )
    try:
        with usable(path):
            if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
                # These count only before the first table.
                connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
                connection.execute(f"PRAGMA application_id={_APPLICATION}")
            _patiently(connection, "PRAGMA journal_mode=WAL", busy_timeout)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA journal_size_limit=67108864")
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("PRAGMA cache_size=-65536")
            _require_durable(connection, path)
            if reads:
                connection.execute("PRAGMA query_only=ON")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """For what is done to the file before or beside its transactions. Raises Unavailable where the
    disk or another process is in the way, and ConfigurationError for a file of another kind."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if is_bug(error):
            raise
        raise Unavailable(f"outbox: {path} cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"outbox: {path} is no outbox: {error}") from error


def is_bug(error: sqlite3.OperationalError) -> bool:
    """Whether the statement itself is wrong, rather than the disk or another process in the way."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_ERROR


def _require_durable(connection: sqlite3.Connection, path: Path) -> None:
    # What SQLite was built with, or what another library sets, may win: what it says counts.
    for pragma, wanted in (("journal_mode", "wal"), ("synchronous", 2)):
        said = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if said != wanted:
            raise ConfigurationError(
                f"outbox: {path} stays at {pragma} = {said} though {wanted} was asked for: "
                "what it says is stored would not survive a crash"
            )


def _patiently(connection: sqlite3.Connection, statement: str, seconds: float) -> None:
    """Execute what SQLite refuses at once, without its timeout, while another process is at it."""
    end = time.monotonic() + seconds
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def schema_of(connection: sqlite3.Connection) -> int:
    """The number of the schema; 0: none yet. Raises ConfigurationError for another file."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if not tables:
        return 0
    if "meta" not in tables or "outbox" not in tables:
        raise ConfigurationError("outbox: the file holds other tables, but no outbox")
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    return 0 if row is None else int(row[0])


def check(connection: sqlite3.Connection) -> None:
    """Raise ConfigurationError for a schema that this code cannot work with."""
    found = schema_of(connection)
    if found < SCHEMA:
        raise ConfigurationError(
            f"outbox: the file has schema {found}, this devino needs {SCHEMA}: run "
            "`devino outbox migrate`"
        )
    if found > SCHEMA + 1:
        raise ConfigurationError(
            f"outbox: the file has schema {found}, this devino knows {SCHEMA} and works with "
            f"{SCHEMA + 1}: install a newer one"
        )


def steps(connection: sqlite3.Connection) -> list[int]:
    """The numbers of the schemas that are still to be made."""
    return list(range(schema_of(connection) + 1, SCHEMA + 1))


def migrate(connection: sqlite3.Connection, path: Path) -> list[int]:
    """Bring the file to :data:`SCHEMA`, one step after the other; gives the steps.

    A file that is not new is copied first, to a name that ends in its old schema.
    """
    found = schema_of(connection)
    todo = steps(connection)
    if found and todo:
        copy = path.with_name(f"{path.name}.schema{found}")
        if not copy.exists():
            connection.execute("VACUUM INTO ?", (str(copy),))
            copy.chmod(0o600)
    for step in todo:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have been faster.
            if schema_of(connection) < step:
                _step(connection, step)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return todo


def migrate_within(connection: sqlite3.Connection) -> list[int]:
    """The same in a file with other tables, within the transaction of its owner. No copy is made:
    what else it holds is the owner's."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    todo = steps(connection) if {"meta", "outbox"} <= names else list(range(1, SCHEMA + 1))
    try:
        for step in todo:
            _step(connection, step)
    except sqlite3.OperationalError as error:
        raise ConfigurationError(
            f"outbox: {error}: the outbox needs this name, so give it a database of its own"
        ) from error
    return todo


def _step(connection: sqlite3.Connection, step: int) -> None:
    script = resources.files("devino_outbox.sqlite").joinpath(f"{step:04}.sql").read_text("utf-8")
    # Not executescript(): it commits first.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    if step == 1:
        connection.execute("INSERT INTO meta VALUES('key', ?)", (os.urandom(16),))
    connection.execute(
        "INSERT INTO meta VALUES('schema', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (step,),
    )
