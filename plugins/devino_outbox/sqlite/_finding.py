"""Entries by what is known of them, page by page, each by an index."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

import msgspec

from devino_core.outbox import Entry, Phase, Query
from devino_core.outbox.kit import micros
from devino_outbox._rows import entry_of

from ._rows import json_of
from ._sql import COLUMNS

__all__ = ["found", "spelt"]


def found(connection: sqlite3.Connection, query: Query, after: str, limit: int) -> list[Entry]:
    """The next entries that meet the query."""
    statement, values = spelt(query, after, limit)
    return [entry_of(row) for row in connection.execute(statement, values).fetchall()]


def spelt(query: Query, after: str, limit: int) -> tuple[str, dict[str, object]]:
    """The statement of a query, and its values.

    The phase is a literal: only so does SQLite see that the partial index of that phase will do.
    """
    place = msgspec.json.decode(after, type=tuple[str, int, int]) if after else ("", -1, -1)
    values: dict[str, object] = {"limit": limit}
    where: list[str] = []
    if query.refs is not None:
        where.append("ref IN (SELECT value FROM json_each(:refs))")
        values["refs"] = json_of(query.refs).decode()
    if query.ids is not None:
        asked: defaultdict[str | None, list[str]] = defaultdict(list)
        for one in query.ids:
            asked[one.channel].append(one.id)
        entries = []
        for n, (channel, ids) in enumerate(asked.items()):
            own = "" if channel is None else f" AND (channel = :channel_{n} OR channel LIKE '@%')"
            entries.append(
                f"SELECT entry FROM ids WHERE id IN (SELECT value FROM json_each(:ids_{n})){own}"  # noqa: S608
            )
            values |= {f"ids_{n}": json_of(ids).decode(), f"channel_{n}": channel}
        where.append(f"id IN ({' UNION ALL '.join(entries) or 'NULL'})")
    if query.to_hash is not None:
        where.append("to_hash = :to_hash")
        values["to_hash"] = query.to_hash
    if query.channel is not None:
        where.append("lane >= :channel || char(9) AND lane < :channel || char(10)")
        values["channel"] = query.channel
    if query.tenant is not None:
        where.append("(lane LIKE :tenant ESCAPE '\\' OR lane LIKE :suspect ESCAPE '\\')")
        plain = query.tenant
        for special in "\\%_":
            plain = plain.replace(special, f"\\{special}")
        values["tenant"] = f"%\t%\t{plain}"
        values["suspect"] = f"%\t%\t{plain}\tsuspect"
    if query.due_before is not None:
        where.append("due < :due_before")
        values["due_before"] = micros(query.due_before)
    by_key = query.refs is not None or query.ids is not None
    if query.phase is not None:
        where.append(f"phase = {query.phase:d}")
    if query.phase is None:
        order = "id"
    else:
        order = "lane, due, id" if query.phase is Phase.QUEUED else "due, id"
    if after:
        names = order.split(", ")
        where.append(f"({order}) > ({', '.join(f':after_{name}' for name in names)})")
        of: dict[str, object] = dict(zip(("lane", "due", "id"), place, strict=True))
        values |= {f"after_{name}": of[name] for name in names}
    if by_key:
        # Few rows: sort them rather than walk an index in this order.
        order = ", ".join(f"+{name}" for name in order.split(", "))
    condition = " AND ".join(where) or "true"
    # Its parts are written above; what a caller gives is bound.
    statement = f"SELECT {COLUMNS} FROM outbox WHERE {condition} ORDER BY {order} LIMIT :limit"  # noqa: S608
    return statement, values
