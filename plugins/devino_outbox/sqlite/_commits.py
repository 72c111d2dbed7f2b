"""What one transaction does for all the calls that it serves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from devino_core import Status
from devino_core.clock import Clock
from devino_core.outbox import (
    Added,
    Change,
    Early,
    Entry,
    LeaseLost,
    LimitState,
    Move,
    News,
    Note,
    Phase,
    Slot,
    Want,
)
from devino_core.outbox.kit import (
    SECOND,
    decode,
    encode,
    from_micros,
    ids_of,
    is_met,
    is_of,
    is_paused,
    lapsed,
    micros,
    opening,
    taken,
    with_reports,
)
from devino_outbox._rows import entry_of

from . import _sql as sql
from ._rows import Row, json_of, move_row

__all__ = ["Adding", "Calling", "Claiming", "Commits", "Moving"]

Connection = sqlite3.Connection


class Adding(NamedTuple):
    """Rows of :func:`._rows.add_row`. Gives a list of Added."""

    rows: Sequence[Row]


class Moving(NamedTuple):
    """Gives a list of bool."""

    changes: Sequence[Change]


class Claiming(NamedTuple):
    """Gives a list of Entry."""

    want: Want


class Calling(NamedTuple):
    """A function of the connection. An error that it returns is raised by the call."""

    function: Callable[[Connection], object]


class Commits:
    """Serves the calls of one :class:`~._writer.Writer`. It runs in its thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, connection: Connection, works: Sequence[object]) -> list[object]:
        now = self._clock.now()
        results: dict[int, object] = {}
        adds = [(place, work) for place, work in enumerate(works) if isinstance(work, Adding)]
        if adds:
            added = iter(_add(connection, [row for _, work in adds for row in work.rows]))
            results |= {place: [next(added) for _ in work.rows] for place, work in adds}
        moves = [(place, work) for place, work in enumerate(works) if isinstance(work, Moving)]
        if moves:
            changes = [change for _, work in moves for change in work.changes]
            done = iter(change_all(connection, changes, now))
            results |= {place: [next(done) for _ in work.changes] for place, work in moves}
        for place, work in enumerate(works):
            if isinstance(work, Claiming):
                results[place] = _claim(connection, work.want, now)
            elif isinstance(work, Calling):
                results[place] = work.function(connection)
        return [results[place] for place in range(len(works))]


def _add(connection: Connection, rows: Sequence[Row]) -> list[Added]:
    new = {ref for (ref,) in sql.ADD(connection, rows)}
    if len(new) == len(rows):
        return [Added.NEW] * len(rows)
    refs = json_of([row[0] for row in rows]).decode()
    hashes = dict(connection.execute(sql.HASHES, (refs,)))
    added = []
    for row in rows:
        if row[0] in new:
            # Of two with one ref in this commit, the first is the new one.
            new.discard(str(row[0]))
            added.append(Added.NEW)
        else:
            added.append(Added.SAME if hashes[row[0]] == row[1] else Added.TAKEN)
    return added


def change_all(connection: Connection, changes: Sequence[Change], now: datetime) -> list[bool]:
    """Make the changes in their order, those of different entries together."""
    done = [True] * len(changes)
    news: list[tuple[int, News]] = []
    waiting: dict[int, tuple[int, Move]] = {}

    def flush() -> None:
        moved = move_all(connection, [move for _, move in waiting.values()], now)
        for (place, _), so in zip(waiting.values(), moved, strict=True):
            done[place] = so
        waiting.clear()

    for place, change in enumerate(changes):
        if isinstance(change, Move):
            if change.fence.id in waiting:
                flush()
            waiting[change.fence.id] = (place, change)
        elif isinstance(change, Note):
            news.append((change.entry, change.news))
    flush()
    # Last, so that a report finds the receipt of its own commit.
    for place, change in enumerate(changes):
        if isinstance(change, Early):
            done[place] = _keep(connection, change, now)
    _tell(connection, news, now)
    return done


def _keep(connection: Connection, early: Early, now: datetime) -> bool:
    if connection.execute(sql.KNOWN, (early.id, early.channel)).fetchone() is not None:
        return False
    row = (early.id, early.channel, micros(now), encode(early.status))
    connection.execute(sql.KEEP_EARLY, row)
    return True


def move_all(connection: Connection, moves: Sequence[Move], now: datetime) -> list[bool]:
    """Move different entries at once."""
    if not moves:
        return []
    moves = _with_early(connection, moves, now)
    met = {number for (number,) in sql.MOVE(connection, map(move_row, moves), micros(now))}
    done = [move for move in moves if move.fence.id in met]
    dropped = [
        (move.fence.id, move.drop_body, move.drop_to)
        for move in done
        if move.drop_body or move.drop_to
    ]
    sql.DROP(connection, dropped)
    _tell(connection, [(move.fence.id, move.news) for move in done if move.news is not None], now)
    # A followed one has its ids already.
    fresh = [
        (one, channel, move.fence.id)
        for move in done
        if move.legs and move.to is not Phase.DONE and move.fence.phase is not Phase.SENT
        for channel, one in ids_of(move.legs)
    ]
    sql.LEARN(connection, fresh)
    over = [
        (one, channel)
        for move in done
        if move.legs and move.to is Phase.DONE
        for channel, one in ids_of(move.legs)
    ]
    sql.UNLEARN(connection, over)
    return [move.fence.id in met for move in moves]


def _with_early(connection: Connection, moves: Sequence[Move], now: datetime) -> Sequence[Move]:
    """The moves, with the reports that came before their receipts."""
    ids = {
        move.fence.id: ids_of(move.legs)
        for move in moves
        if move.legs and move.to is Phase.SENT and move.fence.phase is not Phase.SENT
    }
    if not ids or connection.execute("SELECT 1 FROM early LIMIT 1").fetchone() is None:
        return moves
    asked = json_of([one for known in ids.values() for _, one in known]).decode()
    early = connection.execute(sql.EARLY, (asked,)).fetchall()
    if not early:
        return moves
    used: list[int] = []
    changed = []
    for move in moves:
        known = ids.get(move.fence.id, [])
        reports = [
            (one, row, decode(status, Status))
            for row, one, channel, status in early
            if any(one == id_ and is_of(of, channel) for of, id_ in known)
        ]
        entry = _entry(connection, move.fence.id) if reports else None
        if entry is not None and is_met(move, entry):
            used += [row for _, row, _ in reports]
            move = with_reports(entry, move, [(one, said) for one, _, said in reports], now)
        changed.append(move)
    connection.execute(sql.TAKE_UP, (json_of(used).decode(),))
    return changed


def _entry(connection: Connection, number: int) -> Entry | None:
    row = connection.execute(sql.BY_NUMBER, (number,)).fetchone()
    return None if row is None else entry_of(row)


def _tell(connection: Connection, news: Iterable[tuple[int, News]], now: datetime) -> None:
    at = micros(now)
    sql.TELL(connection, ((entry, at, encode(said)) for entry, said in news))


def _claim(connection: Connection, want: Want, now: datetime) -> list[Entry] | LeaseLost:
    if connection.execute(sql.ALIVE, (want.worker,)).fetchone() is None:
        return LeaseLost("this worker is not known, or counts as dead")
    late = [entry_of(row) for row in connection.execute(sql.LATE, (micros(now),)).fetchall()]
    move_all(connection, [lapsed(entry, now) for entry in late], now)
    limits = _limits(connection, want.charge)
    free = want.limit
    for tat, state in limits.values():
        free = opening(state, free, now)
        if free and state.per_second is not None:
            free, _ = taken(tat, _nanos(now), state.per_second, state.burst, free)
    if free <= 0:
        return []
    claimed: list[Entry] = []
    for slot in _served(connection, want, now):
        most = min(slot.most, free - len(claimed))
        if most <= 0:
            continue
        rows = connection.execute(
            sql.CLAIM, (want.worker, micros(now), slot.lane.text, want.newest, most)
        ).fetchall()
        claimed += sorted(map(entry_of, rows), key=lambda entry: entry.id)
    if claimed:
        _charge(connection, limits, len(claimed), now)
    return claimed


def _served(connection: Connection, want: Want, now: datetime) -> Sequence[Slot]:
    """The slots without those of lanes that are paused or empty."""
    slots: Sequence[Slot] = want.slots
    paused = {
        what: from_micros(until)
        for what, until in connection.execute("SELECT what, until FROM paused")
    }
    if paused:
        slots = [slot for slot in slots if not is_paused(slot.lane, paused, now, want.channel)]
    if len(slots) <= 1:
        return slots
    lanes = json_of(list({slot.lane.text for slot in slots})).decode()
    busy = {lane for (lane,) in connection.execute(sql.WAITING, (lanes, micros(now)))}
    return [slot for slot in slots if slot.lane.text in busy]


_Limits = dict[str, tuple[int, LimitState]]


def _limits(connection: Connection, names: Sequence[str]) -> _Limits:
    rows = connection.execute(sql.LIMITS, (json_of(names).decode(),)).fetchall()
    return {row[0]: (row[1], limit_state(row[2:])) for row in rows}


def limit_state(row: Sequence[Any]) -> LimitState:
    """Of ``per_second, burst, closed_until, probe, held``."""
    per_second, burst, closed_until, probe, held = row
    return LimitState(
        per_second=per_second,
        burst=burst,
        closed_until=None if closed_until is None else from_micros(closed_until),
        probe=None if probe is None else timedelta(microseconds=probe),
        held=held,
    )


def _charge(connection: Connection, limits: _Limits, count: int, now: datetime) -> None:
    for name, (tat, state) in limits.items():
        if state.per_second is not None:
            _, tat = taken(tat, _nanos(now), state.per_second, state.burst, count)
        closed = state.closed_until
        if state.probe is not None:
            closed = now + state.probe
        connection.execute(sql.CHARGE, (tat, None if closed is None else micros(closed), name))


def _nanos(moment: datetime) -> int:
    return micros(moment) * (SECOND // 1_000_000)
