"""Limits, pauses, weights, cursors and workers: a stream with one message each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec.structs import replace

from devino_core.errors import ConfigurationError
from devino_core.outbox import (
    VERSION,
    Closed,
    Consumed,
    Held,
    LeaseLost,
    LimitState,
    Paused,
    Rate,
    Setting,
    Weighted,
)
from devino_core.outbox.kit import SECOND, decode, micros, opening, taken

from ._index import Feed
from ._link import Conflict, Link, Stored, Write
from ._names import Names
from ._records import Count, Cursor, Key, Life, Limit, Pause, Row, Shares, Weight, written

__all__ = ["Tuning"]

R = TypeVar("R", bound=Row)
_DEAD_FOR = timedelta(days=1)


class Tuning:
    """What was set, read on when asked."""

    def __init__(self, link: Link, names: Names) -> None:
        self._link = link
        self._names = names
        self._feed = Feed(link, names.tune, f"{names.prefix}.tune.>")
        self._rows: dict[str, tuple[int, Row]] = {}
        self._lock = asyncio.Lock()
        self._last = 0

    async def read_on(self) -> None:
        """Take up what was set since."""
        async with self._lock:
            while page := await self._feed.pages(self._last):
                for message in page:
                    self._take(message)

    def _take(self, message: Stored) -> None:
        if message.seq < self._rows.get(message.subject, (0, None))[0]:
            return
        row: Row = decode(message.data, Row)  # type: ignore[arg-type]
        self._rows[message.subject] = message.seq, row

    def _every(self, kind: type[R]) -> Iterable[tuple[str, R]]:
        for subject, (_, row) in list(self._rows.items()):
            if isinstance(row, kind):
                yield subject, row

    async def _change(self, subject: str, change: Callable[[Row | None], Row | None]) -> Row | None:
        """Change one row; None: it stays as it is."""
        while True:
            seq, row = self._rows.get(subject, (0, None))
            changed = change(row)
            if changed is None:
                return None
            try:
                await self._write([(subject, seq, changed)])
            except Conflict:
                await self._again(subject)
                continue
            return changed

    async def _write(self, rows: Sequence[tuple[str, int, Row]]) -> None:
        writes = [Write(subject, written(row), seq) for subject, seq, row in rows]
        first = await self._link.commit(self._names.tune, writes)
        for place, (subject, _, row) in enumerate(rows):
            self._rows[subject] = first + place, row
        self._last = max(self._last, first + len(rows) - 1)

    async def _again(self, *subjects: str) -> None:
        """Read rows that others have written, from the leader."""
        found = await self._link.last(self._names.tune, subjects)
        for subject in subjects:
            if subject in found:
                self._take(found[subject])
            else:
                self._rows.pop(subject, None)

    async def key(self, shards: int) -> bytes:
        """The key of the hashes, made once; and that the number of shards is as it was."""
        subject = self._names.tuned("meta", "key")
        while True:
            await self._again(subject)
            row = self._rows.get(subject, (0, None))[1]
            if isinstance(row, Key):
                break
            await self._change(subject, lambda row: None if row else Key(os.urandom(16)))
        subject = self._names.tuned("meta", "shards")
        await self._again(subject)
        await self._change(subject, lambda row: None if row else Shares(shards))
        known = self._rows[subject][1]
        if isinstance(known, Shares) and known.shards != shards:
            raise ConfigurationError(
                f"the outbox {self._names.prefix!r} has {known.shards} shards, and the setting "
                f"'shards' says {shards}: the number cannot be changed"
            )
        return row.key

    # Settings

    async def tune(self, setting: Setting) -> None:
        """Store a setting."""
        tuned = self._names.tuned
        match setting:
            case Rate(limit=limit, per_second=rate, burst=burst):
                await self._limit(limit, lambda s: replace(s, per_second=rate, burst=burst))
            case Closed(limit=limit, until=until, probe=probe):
                await self._limit(limit, lambda s: replace(s, closed_until=until, probe=probe))
            case Held(limit=limit, reason=reason):
                await self._limit(limit, lambda s: replace(s, held=reason))
            case Paused(what=what, until=until):
                await self._change(tuned("pause", what), lambda _: Pause(what, until))
            case Weighted(tenant=tenant, weight=weight):
                await self._change(tuned("weight", tenant), lambda _: Weight(tenant, weight))
            case Consumed(consumer=consumer, cursor=cursor):
                await self._change(tuned("cursor", consumer), lambda _: Cursor(consumer, cursor))

    async def _limit(self, name: str, change: Callable[[LimitState], LimitState]) -> None:
        def changed(row: Row | None) -> Row | None:
            limit = row if isinstance(row, Limit) else Limit(name)
            after = replace(limit, state=change(limit.state))
            return None if after == row else after

        await self._change(self._names.tuned("limit", name), changed)

    @property
    def limits(self) -> dict[str, LimitState]:
        return {row.name: row.state for _, row in self._every(Limit)}

    def paused(self, now: datetime) -> dict[str, datetime]:
        return {
            row.what: row.until
            for _, row in self._every(Pause)
            if row.until is not None and row.until > now
        }

    @property
    def weights(self) -> dict[str, float]:
        return {row.tenant: row.weight for _, row in self._every(Weight)}

    async def cursor(self, consumer: str) -> str:
        """How far a consumer has read."""
        subject = self._names.tuned("cursor", consumer)
        await self._again(subject)
        row = self._rows.get(subject, (0, None))[1]
        return row.cursor if isinstance(row, Cursor) else ""

    # Rates

    def free(self, names: Sequence[str], limit: int, now: datetime) -> int:
        """How many may go by all of these limits."""
        for name in names:
            row = self._known_limit(name)
            limit = opening(row.state, limit, now)
            if limit and row.state.per_second is not None:
                limit, _ = taken(row.tat, _nanos(now), row.state.per_second, row.state.burst, limit)
        return limit

    async def charge(self, names: Sequence[str], wanted: int, now: datetime) -> int:
        """Take so many of each limit, or as many as there still are; gives how many."""
        while wanted:
            rows: list[tuple[str, int, Row]] = []
            wanted = self.free(names, wanted, now)
            for name in names if wanted else ():
                row, subject = self._known_limit(name), self._names.tuned("limit", name)
                state, tat = row.state, row.tat
                if state.per_second is not None:
                    _, tat = taken(tat, _nanos(now), state.per_second, state.burst, wanted)
                if state.probe is not None:
                    state = replace(state, closed_until=now + state.probe)
                if (state, tat) != (row.state, row.tat):
                    seq = self._rows[subject][0]
                    rows.append((subject, seq, replace(row, state=state, tat=tat)))
            if not rows:
                break
            try:
                await self._write(rows)
            except Conflict:
                await self._again(*[subject for subject, _, _ in rows])
                continue
            break
        return wanted

    def _known_limit(self, name: str) -> Limit:
        row = self._rows.get(self._names.tuned("limit", name), (0, None))[1]
        return row if isinstance(row, Limit) else Limit(name)

    # Workers

    async def begin(self, hold: timedelta, now: datetime) -> int:
        """A new worker: a number that was never used before."""
        number = 0

        def counted(row: Row | None) -> Row:
            nonlocal number
            number = row.last + 1 if isinstance(row, Count) else 1
            return Count(number)

        await self._change(self._names.tuned("count", "workers"), counted)
        await self._change(self._worker(number), lambda _: Life(number, now, hold, VERSION))
        return number

    async def live(self, worker: int, hold: timedelta, now: datetime) -> None:
        """A worker lives. Raises LeaseLost."""

        def beaten(row: Row | None) -> Row | None:
            if isinstance(row, Life) and row.lives(now):
                return replace(row, seen=now, hold=hold)
            return None

        if await self._change(self._worker(worker), beaten) is None:
            raise LeaseLost("this worker counts as dead")

    async def end(self, worker: int) -> None:
        """A worker is over."""

        def ended(row: Row | None) -> Row | None:
            return replace(row, is_over=True) if isinstance(row, Life) and not row.is_over else None

        await self._change(self._worker(worker), ended)

    def check(self, worker: int, now: datetime) -> None:
        """Raises LeaseLost for a worker that is not known, or counts as dead."""
        row = self._rows.get(self._worker(worker), (0, None))[1]
        if not isinstance(row, Life) or not row.lives(now):
            raise LeaseLost("this worker is not known, or counts as dead")

    async def bury(self, now: datetime) -> None:
        """Who was silent for too long is over, and cannot come back."""
        for subject, row in self._every(Life):
            if row.is_over or row.lives(now):
                continue

            def buried(row: Row | None) -> Row | None:
                if isinstance(row, Life) and not row.is_over and not row.lives(now):
                    return replace(row, is_over=True)
                return None

            await self._change(subject, buried)

    async def gone(self, workers: set[int]) -> set[int]:
        """Those of these workers that are over, or that nobody knows."""
        subjects = {worker: self._worker(worker) for worker in workers}
        unknown = [one for one in subjects.values() if one not in self._rows]
        if unknown:
            # A follower may not know a new one yet.
            await self._again(*unknown)
        return {worker for worker, subject in subjects.items() if not self._is_there(subject)}

    def _is_there(self, subject: str) -> bool:
        row = self._rows.get(subject, (0, None))[1]
        return isinstance(row, Life) and not row.is_over

    def lives(self, now: datetime) -> list[Life]:
        """The workers that live."""
        return [row for _, row in self._every(Life) if row.lives(now)]

    async def forget(self, now: datetime) -> None:
        """Delete the rows of workers that have been over for long."""
        for subject, row in self._every(Life):
            if row.is_over and row.seen < now - _DEAD_FOR:
                seq = self._rows.pop(subject)[0]
                await self._link.delete(self._names.tune, seq, erase=True)

    def _worker(self, worker: int) -> str:
        return self._names.tuned("worker", str(worker))


def _nanos(moment: datetime) -> int:
    return micros(moment) * (SECOND // 1_000_000)
