"""Claims, and the lives of the workers that make them."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from devino_core.outbox import VERSION, Entry, LeaseLost, LimitState, Want
from devino_core.outbox.kit import (
    SECOND,
    doubted,
    from_micros,
    is_paused,
    lapsed,
    micros,
    opening,
    orphaned,
    taken,
)
from devino_outbox._rows import entry_of

from . import _sql as sql
from ._line import Connection
from ._moving import Clock, entries_of, move_all, time_of
from ._rows import limit_state
from ._schema import Place

__all__ = ["Calling", "Claiming", "Claims", "Workers", "doubt_all"]

_SLACK = 2_000_000
"""How far below the highest time that was seen a floor lies, in µs: what was added by others at
that time is committed by now."""
_MOST_FLOORS = 10_000
_LATE = ""
"""Stands for what is late, in whatever lane, among the floors of lanes."""


class Claiming(NamedTuple):
    """Gives a list of Entry."""

    want: Want


class Calling(NamedTuple):
    """A function of the connection. Gives what it gives."""

    function: Callable[[Connection], object]


class Claims:
    """Serves claims, each in a transaction of its own, and calls."""

    full_every: float = 1.0
    """How many seconds may pass between two claims of a lane that look below the floor."""

    def __init__(self, place: Place, clock: Clock) -> None:
        self._place = place
        self._clock = clock
        self._floors: dict[str, int] = {}
        self._full_at: dict[str, float] = {}
        self._unanswered: list[dict[str, object]] = []

    def __call__(self, connection: Connection, works: Sequence[object]) -> list[object]:
        return [self._serve(connection, work) for work in works]

    def _serve(self, connection: Connection, work: object) -> object:
        try:
            if isinstance(work, Claiming):
                return self._claim(connection, work.want)
            if isinstance(work, Calling):
                return work.function(connection)
        except LeaseLost as error:
            return error
        raise TypeError(f"{type(work).__name__} is no work for this line")

    def _claim(self, connection: Connection, want: Want) -> list[Entry]:
        self._give_back(connection)
        claim: dict[str, object] = {}
        try:
            with connection.transaction():
                claimed = self._claimed(connection, want, claim)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if connection.closed and claim:
                self._unanswered.append(claim)
            raise
        return claimed

    def _give_back(self, connection: Connection) -> None:
        """What was claimed when the connection broke was given to nobody."""
        while self._unanswered:
            connection.execute(self._place(sql.UNCLAIM), self._unanswered[-1])
            self._unanswered.pop()

    def _claimed(self, connection: Connection, want: Want, claim: dict[str, object]) -> list[Entry]:
        place, set_now = self._place, self._clock()
        alive = connection.execute(
            place(sql.ALIVE),
            {"now": None if set_now is None else micros(set_now), "worker": want.worker},
        ).fetchone()
        if alive is None:
            raise LeaseLost("this worker is not known, or counts as dead")
        now = from_micros(alive[0])
        asked = self.asked(want, now)
        (place_row,) = connection.execute(place(sql.PLACE), asked).fetchall()
        late, paused, rows, busy = place_row
        if late:
            entries = entries_of(connection, place, sql.LATE, asked)
            move_all(connection, place, [lapsed(entry, now) for entry in entries], now)
        else:
            self._looked(_LATE, asked["late_floor"], micros(now))
        limits = _limits(rows or ())
        if any(state.per_second is not None or state.probe for _, state in limits.values()):
            locked = connection.execute(place(sql.LOCK_LIMITS), (list(want.charge),))
            limits = _limits(locked)
            now = max(now, time_of(connection, set_now))
        free = _free(limits, want.limit, now)
        if free <= 0:
            return []
        pauses = {what: from_micros(until) for what, until in (paused or {}).items()}
        claim |= {"worker": want.worker, "now": micros(now)}
        floors = dict(zip(asked["lanes"], asked["floors"], strict=True))
        for lane in floors.keys() - busy:
            self._looked(lane, floors[lane], 0)
        claimed: list[Entry] = []
        for slot in want.slots:
            most = min(slot.most, free - len(claimed))
            if most <= 0 or slot.lane.text not in busy:
                continue
            if is_paused(slot.lane, pauses, now, want.channel):
                continue
            lane = slot.lane.text
            values = {**claim, "lane": lane, "newest": want.newest, "most": most}
            values["floor"] = floors[lane]
            claimed += self._take(connection, values)
        if claimed:
            self._charge(connection, limits, len(claimed), now)
        return claimed

    def _take(self, connection: Connection, values: dict[str, Any]) -> list[Entry]:
        rows = connection.execute(self._place(sql.CLAIM), values).fetchall()
        self._looked(values["lane"], values["floor"], rows[0][-1] if rows else 0)
        return sorted((entry_of(row[:-1]) for row in rows), key=lambda entry: entry.id)

    def asked(self, want: Want, now: datetime) -> dict[str, Any]:
        """The values of :data:`._sql.PLACE`."""
        lanes = list({slot.lane.text for slot in want.slots})
        return {
            "now": micros(now),
            "charge": list(want.charge),
            "lanes": lanes,
            "floors": [self._floor(lane) for lane in lanes],
            "late_floor": self._floor(_LATE),
        }

    def _floor(self, of: str) -> int:
        """Where to begin: at the floor, and now and then at the bottom."""
        passed = time.monotonic() - self._full_at.get(of, float("-inf"))
        return self._floors.get(of, 0) if passed < self.full_every else 0

    def _looked(self, of: str, floor: int, seen: int) -> None:
        """All was taken that lay between a floor and the time ``seen``."""
        if not floor:
            if len(self._full_at) >= _MOST_FLOORS:
                self._floors.clear()
                self._full_at.clear()
            self._full_at[of] = time.monotonic()
        self._floors[of] = max(self._floors.get(of, 0), seen - _SLACK)

    def _charge(
        self,
        connection: Connection,
        limits: dict[str, tuple[int, LimitState]],
        count: int,
        now: datetime,
    ) -> None:
        for name, (tat, state) in limits.items():
            if state.per_second is None and state.probe is None:
                continue
            if state.per_second is not None:
                _, tat = taken(tat, _nanos(now), state.per_second, state.burst, count)
            closed = state.closed_until if state.probe is None else now + state.probe
            values = (tat, None if closed is None else micros(closed), name)
            connection.execute(self._place(sql.CHARGE), values)


def _limits(rows: Any) -> dict[str, tuple[int, LimitState]]:
    return {row[0]: (row[1], limit_state(row[2:])) for row in rows}


def _free(limits: dict[str, tuple[int, LimitState]], limit: int, now: datetime) -> int:
    for tat, state in limits.values():
        limit = opening(state, limit, now)
        if limit and state.per_second is not None:
            limit, _ = taken(tat, _nanos(now), state.per_second, state.burst, limit)
    return limit


def _nanos(moment: datetime) -> int:
    return micros(moment) * (SECOND // 1_000_000)


class Workers:
    """Who lives, and what the dead leave. A lease, so that it holds over machines and poolers."""

    def __init__(self, place: Place, clock: Clock) -> None:
        self._place = place
        self._clock = clock

    def begin(self, connection: Connection, hold: timedelta) -> int:
        values = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": VERSION,
            "hold": _length(hold),
        }
        with connection.transaction():
            row = connection.execute(
                self._place(sql.BEGIN_WORKER), {**values, **self._now()}
            ).fetchone()
            self._bury(connection)
        return 0 if row is None else int(row[0])

    def beat(self, connection: Connection, worker: int, hold: timedelta) -> int:
        values = {"worker": worker, "hold": _length(hold), **self._now()}
        if connection.execute(self._place(sql.BEAT), values).fetchone() is None:
            raise LeaseLost("this worker is not known, or counts as dead")
        with connection.transaction():
            self._bury(connection)
        return worker

    def end(self, connection: Connection, worker: int) -> int:
        with connection.transaction():
            connection.execute(self._place(sql.END_WORKER), (worker,))
            self._bury(connection)
        return worker

    def _bury(self, connection: Connection) -> None:
        """What dead workers hold is in doubt; what nobody known holds, too."""
        connection.execute(self._place(sql.BURY_WORKERS), self._now())
        while orphans := entries_of(connection, self._place, sql.ORPHANS, ()):
            now = self._clock()
            move_all(connection, self._place, [orphaned(one) for one in orphans], now)

    def _now(self) -> dict[str, object]:
        now = self._clock()
        return {"now": None if now is None else micros(now)}


def _length(hold: timedelta) -> int:
    return hold // timedelta(microseconds=1)


def doubt_all(connection: Connection, place: Place, *, is_other_system: bool) -> int:
    """Put in doubt what is not done: the database is a restored backup or a promoted standby."""
    if is_other_system:
        # Numbers of transactions begin anew there: what was told comes before all that will be.
        for statement in (sql.KEEP_PLACES, sql.TOLD_BEFORE):
            connection.execute(place(statement))
    now = time_of(connection, None)
    count = after = 0
    while entries := entries_of(connection, place, sql.UNFINISHED, (after,)):
        after = entries[-1].id
        moves = [move for one in entries if (move := doubted(one, now)) is not None]
        count += sum(move_all(connection, place, moves, now))
    return count
