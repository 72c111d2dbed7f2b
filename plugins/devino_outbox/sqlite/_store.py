"""The store: one thread writes, another reads."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar, cast

from msgspec.structs import replace

from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.errors import ConfigurationError, Unavailable
from devino_core.outbox import (
    VERSION,
    Added,
    Change,
    Closed,
    Consumed,
    Entry,
    Held,
    Insertion,
    Lane,
    LeaseLost,
    OutboxEvent,
    Paused,
    Phase,
    Query,
    Rate,
    Setting,
    Tally,
    Want,
    Weighted,
)
from devino_core.outbox.kit import from_micros, micros, orphaned
from devino_outbox._closing import closed
from devino_outbox._groups import group_size
from devino_outbox._rows import EVENTS_EACH, INSERTED, entry_of, inserted, lane_of
from devino_outbox._settings import SqliteSettings

from . import _sql as sql
from ._commits import Adding, Calling, Claiming, Commits, Moving, limit_state, move_all
from ._files import path_of, prepare
from ._finding import found
from ._locks import WorkerLock, is_held
from ._remembered import SqliteRemembered
from ._rows import event_of, json_of
from ._schema import check as check_schema
from ._schema import connect, migrate, migrate_within, schema_of, steps, usable
from ._writer import Writer

__all__ = ["SqliteStore"]

T = TypeVar("T")
Connection = sqlite3.Connection
_EARLY = timedelta(days=1)


class SqliteStore:
    """A :class:`~devino_core.outbox.Store` in one file on a local disk.

    Its clock is this machine's. Several processes may open it; commits are on disk (WAL,
    ``synchronous=FULL``, read back at :meth:`open`). A worker lives as long as it holds a lock on a
    file beside the database, so a dead process is known at once, and a stopped one is not dead.
    """

    finds: frozenset[str] = frozenset(Query.__struct_fields__)
    leases: bool = False
    dialects: frozenset[str] = frozenset({"sqlite", "sqlalchemy", "django"})

    def __init__(self, settings: SqliteSettings, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.path: Path = path_of(settings.url)
        self._settings = settings
        self._clock = clock
        self._locks: dict[int, WorkerLock] = {}
        self._key: bytes | None = None
        self._writer: Writer | None = None
        self._reader: Writer | None = None
        self.remembered: SqliteRemembered = SqliteRemembered(self._call)

    def __repr__(self) -> str:
        return f"<SqliteStore {str(self.path)!r}>"

    @property
    def key(self) -> bytes:
        if self._key is None:
            raise RuntimeError("open the store first")
        return self._key

    async def open(self) -> None:
        """Open the file; make it if there is none. Raises ConfigurationError."""
        if self._writer is not None:
            raise RuntimeError("this store is open already")
        prepare(self.path)
        commits = Commits(self._clock)
        writer = Writer(
            self._connected, commits, group_max=self._settings.group_max, name="devino-outbox"
        )
        # A reader's transaction ends with its call: one that stays would let the WAL grow.
        reader = Writer(
            lambda: connect(self.path, self._settings.busy_timeout, reads=True),
            commits,
            group_max=1,
            name="devino-outbox-reads",
            begin="BEGIN",
        )
        await asyncio.to_thread(writer.start)
        try:
            await asyncio.to_thread(reader.start)
        except BaseException:
            writer.close()
            raise
        self._writer, self._reader = writer, reader

    async def aclose(self) -> None:
        """Finish what was asked for. Workers of this store end."""
        writer, reader, self._writer, self._reader = self._writer, self._reader, None, None
        for one in (writer, reader):
            if one is not None:
                await closed(one.close)
        for lock in self._locks.values():
            lock.drop()
        self._locks.clear()

    async def migrate(self, *, check: bool = False) -> list[int]:
        """Bring a file to this code's schema, before it is opened; gives the steps.

        The file is copied first, unless it is new. ``check`` only looks.
        """

        def work() -> list[int]:
            connection = connect(self.path, self._settings.busy_timeout)
            try:
                with usable(self.path):
                    return steps(connection) if check else migrate(connection, self.path)
            finally:
                connection.close()

        prepare(self.path)
        return await asyncio.to_thread(work)

    def borrow(self, connection: object) -> datetime:
        """Take the key from a connection of sqlite3's. Raises ConfigurationError."""
        self._take_key(_sqlite(connection))
        return self._clock.now()

    def migrate_within(self, connection: object) -> list[int]:
        """Make the tables beside others, within the transaction of a connection of sqlite3's."""
        return migrate_within(_sqlite(connection))

    async def now(self) -> datetime:
        return self._clock.now()

    async def add(self, entries: Sequence[Entry]) -> list[Added]:
        if not entries:
            return []
        work = Adding(list(map(inserted, entries)))
        return cast("list[Added]", await self._asked(self._writer, work))

    def insertion(self, entries: Sequence[Entry]) -> Insertion:
        """The rows of new entries, for an application that writes this file itself."""
        return Insertion("outbox", INSERTED, list(map(inserted, entries)))

    async def claim(self, want: Want) -> list[Entry]:
        if want.worker not in self._locks:
            raise LeaseLost("this worker is not one of this process, or has ended")
        return cast("list[Entry]", await self._asked(self._writer, Claiming(want)))

    async def move(self, changes: Sequence[Change]) -> list[bool]:
        if not changes:
            return []
        return cast("list[bool]", await self._asked(self._writer, Moving(changes)))

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        if worker is None:
            return await self._call(self._begin)
        if not hold:
            return await self._call(lambda connection: self._end(connection, worker))
        return await self._call(lambda connection: self._live(connection, worker))

    async def find(self, query: Query, after: str, limit: int) -> list[Entry]:
        return await self._read(lambda connection: found(connection, query, after, limit))

    async def tally(self) -> Tally:
        tally = await self._read(self._tally)
        writer = self._writer
        grouped = {} if writer is None else group_size(writer.group)
        return replace(tally, gauges={**tally.gauges, **grouped})

    async def ages(self, lane: Lane, edges: Sequence[datetime], most: int) -> list[int]:
        times = [*map(micros, edges), -1]

        def work(connection: Connection) -> list[int]:
            return [
                connection.execute(sql.AGE, (lane.text, edge, older, most)).fetchone()[0]
                for edge, older in pairwise(times)
            ]

        return await self._read(work)

    async def events(
        self, after: str, limit: int, *, consumer: str | None = None, entry: int | None = None
    ) -> list[OutboxEvent]:
        def work(connection: Connection) -> list[OutboxEvent]:
            start = after
            if consumer is not None:
                row = connection.execute(sql.CURSOR, (consumer,)).fetchone()
                start = "" if row is None else row[0]
            number = int(start or 0)
            if entry is not None:
                rows = connection.execute(sql.EVENTS_OF, (entry, number, limit))
            else:
                rows = connection.execute(sql.EVENTS, (number, limit))
            return [event_of(row) for row in rows.fetchall()]

        return await self._read(work)

    async def prune(self, before: datetime, limit: int) -> int:
        def work(connection: Connection) -> int:
            gone = connection.execute(sql.PRUNE, (micros(before), limit)).rowcount
            connection.execute(sql.FORGET_EVENTS, (micros(before), EVENTS_EACH * limit))
            connection.execute(sql.FORGET_EARLY, (micros(self._clock.now() - _EARLY), limit))
            connection.execute(sql.FORGET_FACTS, (micros(self._clock.now()), limit))
            return gone

        gone = await self._call(work)
        await asyncio.to_thread(self._clear_away)
        return gone

    def _clear_away(self) -> None:
        """Give back free pages, and empty the WAL, where deleted texts would stay."""
        connection = connect(self.path, self._settings.busy_timeout)
        try:
            with usable(self.path):
                connection.execute("PRAGMA incremental_vacuum(1000)").fetchall()
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()

    async def tune(self, setting: Setting) -> None:
        await self._call(lambda connection: _tune(connection, setting))

    def _asked(self, thread: Writer | None, work: object) -> asyncio.Future[object]:
        if thread is None:
            raise RuntimeError("open the store first")
        return thread.do(work)

    async def _call(self, function: Callable[[Connection], T | LeaseLost]) -> T:
        return cast("T", await self._asked(self._writer, Calling(function)))

    async def _read(self, function: Callable[[Connection], T]) -> T:
        return cast("T", await self._asked(self._reader, Calling(function)))

    def _connected(self) -> Connection:
        connection = connect(self.path, self._settings.busy_timeout)
        try:
            with usable(self.path):
                if schema_of(connection) == 0:
                    migrate(connection, self.path)
                self._take_key(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _take_key(self, connection: Connection) -> None:
        check_schema(connection)
        (self._key,) = connection.execute("SELECT value FROM meta WHERE key = 'key'").fetchone()

    def _begin(self, connection: Connection) -> int:
        row = (socket.gethostname(), os.getpid(), VERSION, micros(self._clock.now()))
        number = connection.execute(sql.BEGIN_WORKER, row).lastrowid or 0
        # Before the commit: nobody sees a worker without its lock.
        path = self._lock_path(number)
        try:
            self._locks[number] = WorkerLock(path)
        except OSError as error:
            raise Unavailable(f"outbox: {path} cannot be written: {error.strerror}") from error
        self._bury(connection)
        return number

    def _live(self, connection: Connection, worker: int) -> int | LeaseLost:
        known = connection.execute(sql.ALIVE, (worker,)).fetchone() is not None
        if not known or not self._lives(worker):
            # Given, not raised: the other calls of this transaction have nothing to do with it.
            return LeaseLost("this worker is not known, or counts as dead")
        self._bury(connection)
        return worker

    def _end(self, connection: Connection, worker: int) -> int:
        lock = self._locks.pop(worker, None)
        if lock is not None:
            lock.release()
        self._bury(connection)
        return worker

    def _bury(self, connection: Connection) -> None:
        """What dead workers hold is in doubt; what nobody known holds, too."""
        known = [number for (number,) in connection.execute("SELECT id FROM workers")]
        dead = [number for number in known if not self._lives(number)]
        alive = json_of([number for number in known if number not in dead]).decode()
        orphans = [entry_of(row) for row in connection.execute(sql.ORPHANS, (alive,)).fetchall()]
        move_all(connection, [orphaned(entry) for entry in orphans], self._clock.now())
        if dead:
            connection.execute(sql.END_WORKERS, (json_of(dead).decode(),))
        for number in dead:
            self._lock_path(number).unlink(missing_ok=True)

    def _lives(self, worker: int) -> bool:
        return worker in self._locks or is_held(self._lock_path(worker))

    def _lock_path(self, worker: int) -> Path:
        return self.path.with_name(f"{self.path.name}-worker-{worker}")

    def _tally(self, connection: Connection) -> Tally:
        counts: defaultdict[Lane, dict[Phase, int]] = defaultdict(dict)
        for lane, phase, number in connection.execute(sql.COUNTS):
            counts[lane_of(lane)][Phase(phase)] = number
        now = self._clock.now()
        oldest = {
            lane_of(lane): from_micros(due)
            for lane, due in connection.execute(sql.OLDEST)
            if due is not None and due <= micros(now)
        }
        workers, newest = connection.execute(sql.WORKERS).fetchone()
        return Tally(
            at=now,
            counts=counts,
            oldest=oldest,
            limits={
                row[0]: limit_state(row[1:])
                for row in connection.execute(sql.ALL_LIMITS).fetchall()
            },
            paused={
                what: from_micros(until)
                for what, until in connection.execute("SELECT what, until FROM paused")
                if until > micros(now)
            },
            weights=dict(connection.execute("SELECT tenant, weight FROM weights").fetchall()),
            workers=workers,
            newest=newest or VERSION,
            gauges={
                "file_bytes": _size(self.path),
                "wal_bytes": _size(self.path.with_name(f"{self.path.name}-wal")),
            },
        )


def _size(path: Path) -> float:
    try:
        return float(path.stat().st_size)
    except FileNotFoundError:
        return 0.0


def _tune(connection: Connection, setting: Setting) -> None:
    match setting:
        case Rate(limit=limit, per_second=per_second, burst=burst):
            connection.execute(sql.RATE, (limit, per_second, burst))
        case Closed(limit=limit, until=until, probe=probe):
            closed = None if until is None else micros(until)
            length = None if probe is None else probe // timedelta(microseconds=1)
            connection.execute(sql.CLOSE, (limit, closed, length))
        case Held(limit=limit, reason=reason):
            connection.execute(sql.HOLD, (limit, reason))
        case Paused(what=what, until=None):
            connection.execute("DELETE FROM paused WHERE what = ?", (what,))
        case Paused(what=what, until=datetime() as until):
            connection.execute(sql.PAUSE, (what, micros(until)))
        case Weighted(tenant=tenant, weight=weight):
            connection.execute(sql.WEIGH, (tenant, weight))
        case Consumed(consumer=consumer, cursor=cursor):
            connection.execute(sql.CONSUME, (consumer, cursor))


def _sqlite(connection: object) -> Connection:
    if not isinstance(connection, Connection):
        raise ConfigurationError(f"outbox: {type(connection)} is no connection of sqlite3's")
    return connection
