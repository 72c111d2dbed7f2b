"""What one commit adds and moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import NamedTuple

from devino_core import Status
from devino_core.outbox import Added, Change, Early, Entry, Move, Note, Phase
from devino_core.outbox.kit import (
    decode,
    encode,
    from_micros,
    ids_of,
    is_met,
    is_of,
    micros,
    with_reports,
)
from devino_outbox._rows import entry_of

from . import _sql as sql
from ._line import Connection
from ._rows import NewRow, json_of, learns, move_row
from ._schema import Place

__all__ = ["Adding", "Adds", "Changes", "Clock", "Moving", "move_all"]

Clock = Callable[[], datetime | None]
"""The time that a test drives; None: the server's clock."""


class Adding(NamedTuple):
    """Gives a list of Added."""

    rows: Sequence[NewRow]


class Moving(NamedTuple):
    """Gives a list of bool."""

    changes: Sequence[Change]


class Adds:
    """Serves what is to be added: one statement a commit."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __call__(self, connection: Connection, works: Sequence[object]) -> list[object]:
        adding = [work for work in works if isinstance(work, Adding)]
        added = iter(self._add(connection, [row for work in adding for row in work.rows]))
        return [[next(added) for _ in work.rows] for work in adding]

    def _add(self, connection: Connection, rows: Sequence[NewRow]) -> list[Added]:
        returned = connection.execute(self._place(sql.ADD), (json_of(rows),)).fetchall()
        new = {ref for (ref,) in returned}
        if len(new) == len(rows):
            return [Added.NEW] * len(rows)
        refs = list({row.ref for row in rows})
        found = connection.execute(self._place(sql.HASHES), (refs,))
        hashes: dict[str, int] = dict(found.fetchall())
        added = []
        for row in rows:
            if row.ref in new:
                # Of two with one ref in this commit, the first is the new one.
                new.discard(row.ref)
                added.append(Added.NEW)
            else:
                # Pruned between the two statements: the next time it is new.
                same = hashes.get(row.ref, row.hash) == row.hash
                added.append(Added.SAME if same else Added.TAKEN)
        return added


class Changes:
    """Serves what is to be changed. Different entries move in one statement."""

    def __init__(self, place: Place, clock: Clock) -> None:
        self._place = place
        self._clock = clock

    def __call__(self, connection: Connection, works: Sequence[object]) -> list[object]:
        moving = [work for work in works if isinstance(work, Moving)]
        changes = [change for work in moving for change in work.changes]
        done = iter(self._change(connection, changes))
        return [[next(done) for _ in work.changes] for work in moving]

    def _change(self, connection: Connection, changes: Sequence[Change]) -> list[bool]:
        batches = _batches(changes)
        notes = [
            {"n": place, "entry": change.entry, "news": encode(change.news)}
            for place, change in enumerate(changes)
            if isinstance(change, Note)
        ]
        early = [(n, change) for n, change in enumerate(changes) if isinstance(change, Early)]
        is_one = len(batches) + bool(notes) == 1 and not early
        now = self._clock()
        done = [True] * len(changes)
        with _transaction(connection, needed=not is_one):
            if early:
                connection.execute(self._place(sql.OWN_IDS), (self._place.ids_lock,))
            for batch in batches:
                moved = move_all(connection, self._place, [move for _, move in batch], now)
                for (place, _), so in zip(batch, moved, strict=True):
                    done[place] = so
            # After the moves, so that a report finds the receipt of its own commit.
            for place in self._keep(connection, early, now) if early else ():
                done[place] = False
            if notes:
                rows = {"rows": json_of(notes), "now": _micros(now)}
                connection.execute(self._place(sql.TELL), rows)
        return done

    def _keep(
        self, connection: Connection, early: Sequence[tuple[int, Early]], now: datetime | None
    ) -> set[int]:
        """Keep the reports; gives the places of those whose ids are known by now."""
        rows = [
            {"n": place, "id": one.id, "channel": one.channel, "status": encode(one.status)}
            for place, one in early
        ]
        asked = connection.execute(self._place(sql.KNOWN), (json_of(rows),))
        known = {place for (place,) in asked}
        kept = [row for row in rows if row["n"] not in known]
        if kept:
            values = {"rows": json_of(kept), "now": _micros(now)}
            connection.execute(self._place(sql.KEEP_EARLY), values)
        return known


def _batches(changes: Sequence[Change]) -> list[list[tuple[int, Move]]]:
    """The moves, each with its place, in batches with no entry twice."""
    batches: list[list[tuple[int, Move]]] = []
    seen: set[int] = set()
    for place, change in enumerate(changes):
        if isinstance(change, Move):
            if not batches or change.fence.id in seen:
                batches.append([])
                seen.clear()
            seen.add(change.fence.id)
            batches[-1].append((place, change))
    return batches


def move_all(
    connection: Connection, place: Place, moves: Sequence[Move], now: datetime | None
) -> list[bool]:
    """Move different entries at once."""
    if not moves:
        return []
    if not any(map(learns, moves)):
        return _moved(connection, place, moves, now)
    with _transaction(connection, needed=True):
        connection.execute(place(sql.SHARE_IDS), (place.ids_lock,))
        moves = _with_early(connection, place, moves, now)
        return _moved(connection, place, moves, now)


def _moved(
    connection: Connection, place: Place, moves: Sequence[Move], now: datetime | None
) -> list[bool]:
    rows = json_of([move_row(number, move) for number, move in enumerate(moves)])
    values = {"rows": rows, "now": _micros(now)}
    met = {number for (number,) in connection.execute(place(sql.MOVE), values).fetchall()}
    return [move.fence.id in met for move in moves]


def _with_early(
    connection: Connection, place: Place, moves: Sequence[Move], now: datetime | None
) -> Sequence[Move]:
    """The moves, with the reports that came before their receipts."""
    ids = {
        move.fence.id: ids_of(move.legs)
        for move in moves
        if move.legs and learns(move) and move.to is Phase.SENT
    }
    asked = [one for known in ids.values() for _, one in known]
    if not asked:
        return moves
    early = connection.execute(place(sql.EARLY), (asked,)).fetchall()
    if not early:
        return moves
    numbers = list(ids)
    found = connection.execute(place(sql.BY_NUMBERS), (numbers,)).fetchall()
    entries = {entry.id: entry for entry in map(entry_of, found)}
    if now is None:
        now = time_of(connection, None)
    used: list[int] = []
    changed = []
    for move in moves:
        known = ids.get(move.fence.id, [])
        reports = [
            (one, number, decode(status, Status))
            for number, one, channel, status in early
            if any(one == id_ and is_of(of, channel) for of, id_ in known)
        ]
        entry = entries.get(move.fence.id)
        if reports and entry is not None and is_met(move, entry):
            used += [number for _, number, _ in reports]
            move = with_reports(entry, move, [(one, said) for one, _, said in reports], now)
        changed.append(move)
    connection.execute(place(sql.TAKE_UP), (used,))
    return changed


def time_of(connection: Connection, now: datetime | None) -> datetime:
    """The time: the one that is given, else the server's."""
    if now is not None:
        return now
    row = connection.execute(sql.TIME.encode(), {"now": None}).fetchone()
    return from_micros(0 if row is None else row[0])


def entries_of(
    connection: Connection,
    place: Place,
    statement: str,
    values: Sequence[object] | Mapping[str, object],
) -> list[Entry]:
    """The entries that a query of :data:`._sql.COLUMNS` finds."""
    return [entry_of(row) for row in connection.execute(place(statement), values).fetchall()]


def _transaction(connection: Connection, *, needed: bool) -> AbstractContextManager[object]:
    inside = connection.info.transaction_status != 0
    return connection.transaction() if needed and not inside else nullcontext()


def _micros(now: datetime | None) -> int | None:
    return None if now is None else micros(now)
