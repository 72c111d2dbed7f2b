"""One INSERT for the application's own cursor: the message is stored in the application's
transaction, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from devino_core.errors import ConfigurationError, InvalidArgument

from ._entry import Entry
from ._store import Store

__all__ = ["Dialect", "Insertion", "Inserts", "Statement", "statement_of"]

Dialect: TypeAlias = Literal["sqlite", "postgresql", "asyncpg", "sqlalchemy", "django"]
"""How a driver writes parameters: ``?`` (sqlite3), ``%s`` (psycopg, Django's cursor), ``$1``
(asyncpg), ``:name`` (SQLAlchemy's text())."""

Params: TypeAlias = Sequence[object] | Mapping[str, object]


class Insertion(NamedTuple):
    """Rows for a table, in a store's own form."""

    table: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@runtime_checkable
class Inserts(Protocol):
    """A store whose entries an application can insert by itself."""

    dialects: frozenset[str]
    """The dialects that reach this kind of database."""

    def insertion(self, entries: Sequence[Entry]) -> Insertion:
        """The rows of new entries."""
        ...


class Statement(NamedTuple):
    """A statement and its parameters: ``cursor.execute(*statement)``.

    With asyncpg, ``connection.fetch(statement.sql, *statement.params)``. It gives the refs that
    are new; a ref that is there already is left alone.
    """

    sql: str
    params: Params

    @property
    def named(self) -> Mapping[str, object]:
        """The parameters by name, for the dialect ``sqlalchemy``: ``execute(text(sql), named)``."""
        if not isinstance(self.params, Mapping):
            raise InvalidArgument("dialect", "has parameters without names: ask for 'sqlalchemy'")
        return self.params


def statement_of(store: Store, entries: Sequence[Entry], dialect: Dialect) -> Statement:
    """The INSERT of these entries. Raises ConfigurationError for a store that has none."""
    if not isinstance(store, Inserts):
        raise ConfigurationError("this outbox's store cannot be written by an application")
    if dialect not in store.dialects:
        raise InvalidArgument(
            "dialect", f"must be {' or '.join(sorted(store.dialects))} for this store"
        )
    if not entries:
        raise InvalidArgument("messages", "must be at least one")
    table, columns, rows = store.insertion(entries)
    flat = [value for row in rows for value in row]
    marks = iter([_MARKS[dialect](number) for number in range(1, len(flat) + 1)])
    values = ", ".join(f"({', '.join(next(marks) for _ in row)})" for row in rows)
    sql = (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values} "  # noqa: S608 - no data
        "ON CONFLICT (ref) DO NOTHING RETURNING ref"
    )
    if dialect == "sqlalchemy":
        return Statement(sql, {f"p{number}": value for number, value in enumerate(flat, 1)})
    return Statement(sql, tuple(flat))


_MARKS: Mapping[str, Callable[[int], str]] = {
    "sqlite": lambda _: "?",
    "postgresql": lambda _: "%s",
    "django": lambda _: "%s",
    "asyncpg": lambda number: f"${number}",
    "sqlalchemy": lambda number: f":p{number}",
}
