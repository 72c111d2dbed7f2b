"""How much there is."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from devino_core.outbox import VERSION, Lane, Phase, Tally
from devino_core.outbox.kit import from_micros, micros
from devino_outbox._rows import lane_of

from . import _sql as sql
from ._line import Connection
from ._rows import limit_state
from ._schema import Place

__all__ = ["tally"]

_MANY_COUNTS = 1000


def tally(connection: Connection, place: Place, set_now: datetime | None) -> Tally:
    """Counts, the oldest due time of each lane, limits, and how the database is."""
    counts: defaultdict[Lane, dict[Phase, int]] = defaultdict(dict)
    differences = 0
    waiting: list[str] = []
    for lane, phase, number, rows in connection.execute(place(sql.COUNTS)):
        differences += rows
        if number:
            counts[lane_of(lane)][Phase(phase)] = number
        if number and phase == Phase.QUEUED:
            waiting.append(lane)
    if differences > _MANY_COUNTS:
        connection.execute(place(sql.ADD_UP))
    values = {"now": None if set_now is None else micros(set_now)}
    now, workers, newest = connection.execute(place(sql.WORKERS), values).fetchone() or (0, 0, None)
    oldest = {
        lane_of(lane): from_micros(due)
        for lane, due in connection.execute(place(sql.OLDEST), (waiting,))
        if due is not None and due <= now
    }
    size, dead, longest = connection.execute(place(sql.GAUGES)).fetchone() or (0.0, 0.0, 0.0)
    return Tally(
        at=from_micros(now),
        counts=counts,
        oldest=oldest,
        limits={row[0]: limit_state(row[1:]) for row in connection.execute(place(sql.ALL_LIMITS))},
        paused={
            what: from_micros(until)
            for what, until in connection.execute(place(sql.ALL_PAUSED))
            if until > now
        },
        weights=dict(connection.execute(place(sql.ALL_WEIGHTS)).fetchall()),
        workers=workers,
        newest=newest or VERSION,
        gauges={
            "table_bytes": size,
            "dead_tuples": dead,
            "oldest_transaction_seconds": longest,
        },
    )
