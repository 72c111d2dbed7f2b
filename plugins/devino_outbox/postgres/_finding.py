"""Entries by what is known of them, page by page, each by an index."""

from __future__ import annotations

import msgspec

from devino_core.outbox import Entry, Phase, Query
from devino_core.outbox.kit import micros
from devino_outbox._rows import entry_of

from ._line import Connection
from ._rows import json_of
from ._schema import Place
from ._sql import COLUMNS

__all__ = ["found", "spelt"]


def found(
    connection: Connection, place: Place, query: Query, after: str, limit: int
) -> list[Entry]:
    """The next entries that meet the query."""
    statement, values = spelt(query, after, limit)
    return [entry_of(row) for row in connection.execute(place(statement), values).fetchall()]


def spelt(query: Query, after: str, limit: int) -> tuple[str, dict[str, object]]:
    """The statement of a query, and its values.

    The phase is a literal: only so does the planner see that the partial index of that phase will
    do.
    """
    place = msgspec.json.decode(after, type=tuple[str, int, int]) if after else ("", -1, -1)
    values: dict[str, object] = {"limit": limit}
    where: list[str] = []
    if query.refs is not None:
        where.append("ref = ANY(%(refs)s)")
        values["refs"] = list(query.refs)
    if query.ids is not None:
        where.append(
            "id = ANY(ARRAY(SELECT ids.entry FROM json_to_recordset(%(ids)s::json) AS asked(id "
            "text, channel text) JOIN devino.ids ON ids.id = asked.id "
            "WHERE asked.channel IS NULL OR ids.channel = asked.channel "
            "OR left(ids.channel, 1) = '@'))"
        )
        values["ids"] = json_of([{"id": one.id, "channel": one.channel} for one in query.ids])
    if query.to_hash is not None:
        where.append("to_hash = %(to_hash)s")
        values["to_hash"] = query.to_hash
    if query.channel is not None:
        where.append("lane >= %(channel)s || chr(9) AND lane < %(channel)s || chr(10)")
        values["channel"] = query.channel
    if query.tenant is not None:
        where.append("split_part(lane, chr(9), 3) = %(tenant)s")
        values["tenant"] = query.tenant
    if query.due_before is not None:
        where.append("due < %(due_before)s")
        values["due_before"] = micros(query.due_before)
    if query.phase is not None:
        where.append(f"phase = {query.phase:d}")
    if query.phase is None:
        order = "id"
    else:
        order = "lane, due, id" if query.phase is Phase.QUEUED else "due, id"
    if after:
        names = order.split(", ")
        marks = ", ".join(f"%(after_{name})s" for name in names)
        where.append(f"({order}) > ({marks})")
        of: dict[str, object] = dict(zip(("lane", "due", "id"), place, strict=True))
        values |= {f"after_{name}": of[name] for name in names}
    condition = " AND ".join(where) or "true"
    # Its parts are written above; what a caller gives is bound.
    statement = (
        f"SELECT {COLUMNS} FROM devino.outbox WHERE {condition} "  # noqa: S608
        f"ORDER BY {order} LIMIT %(limit)s"
    )
    return statement, values
