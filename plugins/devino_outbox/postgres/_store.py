"""The store: a few lines to the database, each with a connection of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar, cast

import psycopg
from msgspec.structs import replace

from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.errors import ConfigurationError, Unavailable
from devino_core.outbox import (
    Added,
    Change,
    Closed,
    Consumed,
    Entry,
    Held,
    Insertion,
    Lane,
    OutboxEvent,
    Paused,
    Query,
    Rate,
    Setting,
    Tally,
    Want,
    Weighted,
)
from devino_core.outbox.kit import micros
from devino_outbox._closing import closed
from devino_outbox._groups import group_size
from devino_outbox._rows import EVENTS_EACH, INSERTED, inserted
from devino_outbox._settings import PostgresSettings

from . import _sql as sql
from ._claiming import Calling, Claiming, Claims, Workers, doubt_all
from ._counting import tally
from ._finding import found
from ._line import Connection, Line
from ._moving import Adding, Adds, Changes, Moving, time_of
from ._remembered import PostgresRemembered
from ._rows import event_of, new_row, xid_and_seq
from ._schema import Place, connect, migrate, place_of, recognise, schema_of, steps
from ._schema import check as check_schema
from ._waking import Announcements, Announcing, Listener

__all__ = ["PostgresStore"]

_log = logging.getLogger(__name__)
T = TypeVar("T")
_EARLY = timedelta(days=1)


class PostgresStore:
    """A :class:`~devino_core.outbox.Store` in a PostgreSQL database (13 or newer), for any number
    of processes on any number of machines.

    Its clock is the server's; any clock but the system's is taken in its place, for tests. Commits
    are on disk: ``fsync`` and ``synchronous_commit`` are read back when it connects. A worker
    lives by a lease. It opens up to four connections, each when it is first needed; two more where
    ``wake`` is ``notify``.
    """

    finds: frozenset[str] = frozenset(Query.__struct_fields__)
    leases: bool = True
    dialects: frozenset[str] = frozenset({"postgresql", "asyncpg", "sqlalchemy", "django"})

    def __init__(self, settings: PostgresSettings, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._settings = settings
        self._set_clock: Clock | None = None if clock is SYSTEM_CLOCK else clock
        self._place = place_of(settings.schema)
        self._key: bytes | None = None
        self._claims = Claims(self._place, self._now)
        self._workers = Workers(self._place, self._now)
        self._lines: list[Line] = []
        self._announcements: Announcements | None = None
        self._listener: Listener | None = None
        self.remembered: PostgresRemembered = PostgresRemembered(self._ask, self._place)

    def __repr__(self) -> str:
        return f"<PostgresStore, schema {self._settings.schema!r}>"

    @property
    def key(self) -> bytes:
        if self._key is None:
            raise RuntimeError("open the store first")
        return self._key

    async def open(self) -> None:
        """Connect; make the schema if there is none. Raises ConfigurationError and Unavailable."""
        if self._lines:
            raise RuntimeError("this store is open already")
        if self._settings.wake == "notify" and self._settings.pooler:
            raise ConfigurationError(
                "outbox: wake = notify does not work through a pooler: leave out one of the two"
            )
        self._key = await asyncio.to_thread(self._prepare)
        group_max = self._settings.group_max
        calls = Claims(self._place, self._now)
        announcements = Announcements(self._place)
        # Apart, so that none waits for another's locks, nor urgent things for long ones.
        self._lines = [
            Line(self._connected, commit, group_max=most, name=f"devino-outbox {name}")
            for name, commit, most in (
                ("adds", Adds(self._place), group_max),
                ("changes", Changes(self._place, self._now), group_max),
                ("claims", self._claims, 1),
                ("calls", calls, 1),
                ("announcements", announcements, group_max),
            )
        ]
        self._announcements = announcements
        self._listener = Listener(self._connected, self._place)

    async def aclose(self) -> None:
        """Finish what was asked for. Workers of this store live until their lease is over."""
        if self._announcements is not None:
            self._announcements.close()
        listener, self._listener = self._listener, None
        if listener is not None:
            await closed(listener.close)
        lines, self._lines = self._lines, []
        for line in lines:
            await closed(line.close)

    async def migrate(self, *, check: bool = False) -> list[int]:
        """Bring the schema to that of this code, before it is opened; gives the steps.

        One process at a time does it, and all of it or nothing. ``check`` only looks.
        """

        def work() -> list[int]:
            with self._reached() as connection:
                look = steps if check else migrate
                return look(connection, self._place)

        return await asyncio.to_thread(work)

    def borrow(self, connection: object) -> datetime:
        """Take the key from a connection of psycopg's. Raises ConfigurationError."""
        given = _psycopg(connection)
        self._key = check_schema(given, self._place)
        return time_of(given, self._now())

    def migrate_within(self, connection: object) -> list[int]:
        """Make the schema within the transaction of a connection of psycopg's."""
        given = _psycopg(connection)
        # It begins the transaction that is to go on, unless each statement is one of its own.
        given.execute("SELECT 1")
        return migrate(given, self._place)

    async def now(self) -> datetime:
        return await self._ask(lambda connection: time_of(connection, self._now()))

    async def add(self, entries: Sequence[Entry]) -> list[Added]:
        if not entries:
            return []
        work = Adding(list(map(new_row, entries)))
        added = cast("list[Added]", await self._line(_ADDS).do(work))
        if self._settings.wake == "notify":
            self._announce(entries)
        return added

    def _announce(self, entries: Sequence[Entry]) -> None:
        lanes = frozenset(entry.lane.text for entry in entries)
        self._line(_ANNOUNCEMENTS).do(Announcing(lanes)).add_done_callback(_announced)

    def listen(self, wake: Callable[[Lane], None]) -> Callable[[], None]:
        """Where ``wake`` is ``notify``: call it with the lanes that other processes add to."""
        if self._listener is None or self._settings.wake != "notify":
            return lambda: None
        return self._listener.listen(wake)

    def insertion(self, entries: Sequence[Entry]) -> Insertion:
        """The rows of new entries, for an application that writes this database itself."""
        table = f'"{self._settings.schema}".outbox'
        return Insertion(table, INSERTED, list(map(inserted, entries)))

    async def claim(self, want: Want) -> list[Entry]:
        return cast("list[Entry]", await self._line(_CLAIMS).do(Claiming(want)))

    async def move(self, changes: Sequence[Change]) -> list[bool]:
        if not changes:
            return []
        return cast("list[bool]", await self._line(_CHANGES).do(Moving(changes)))

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        workers = self._workers
        if worker is None:
            return await self._ask(lambda connection: workers.begin(connection, hold))
        if not hold:
            return await self._ask(lambda connection: workers.end(connection, worker))
        return await self._ask(lambda connection: workers.beat(connection, worker, hold))

    async def find(self, query: Query, after: str, limit: int) -> list[Entry]:
        return await self._ask(
            lambda connection: found(connection, self._place, query, after, limit)
        )

    async def tally(self) -> Tally:
        told = await self._ask(lambda connection: tally(connection, self._place, self._now()))
        grouped = group_size(*(line.group for line in self._lines[: _CHANGES + 1]))
        return replace(told, gauges={**told.gauges, **grouped})

    async def ages(self, lane: Lane, edges: Sequence[datetime], most: int) -> list[int]:
        times = [*map(micros, edges), -1]
        values = {"lane": lane.text, "edges": times[:-1], "older": times[1:], "most": most}
        return await self._ask(
            lambda connection: [n for (n,) in connection.execute(self._place(sql.AGES), values)]
        )

    async def events(
        self, after: str, limit: int, *, consumer: str | None = None, entry: int | None = None
    ) -> list[OutboxEvent]:
        def work(connection: Connection) -> list[OutboxEvent]:
            start = after
            if consumer is not None:
                row = connection.execute(self._place(sql.CURSOR), (consumer,)).fetchone()
                start = "" if row is None else row[0]
            xid, seq = xid_and_seq(start)
            statement = sql.EVENTS if entry is None else sql.EVENTS_OF
            values = {"xid": xid, "seq": seq, "limit": limit, "entry": entry}
            rows = connection.execute(self._place(statement), values).fetchall()
            return [event_of(row) for row in rows]

        return await self._ask(work)

    async def prune(self, before: datetime, limit: int) -> int:
        def work(connection: Connection) -> int:
            place = self._place
            now = time_of(connection, self._now())
            gone = connection.execute(place(sql.PRUNE), (micros(before), limit)).rowcount
            connection.execute(place(sql.FORGET_EVENTS), (EVENTS_EACH * limit, micros(before)))
            connection.execute(place(sql.FORGET_EARLY), (limit, micros(now - _EARLY)))
            connection.execute(place(sql.FORGET_FACTS), (micros(now), limit))
            return gone

        return await self._ask(work)

    async def tune(self, setting: Setting) -> None:
        await self._ask(lambda connection: _tune(connection, self._place, setting))

    def _line(self, number: int) -> Line:
        if not self._lines:
            raise RuntimeError("open the store first")
        return self._lines[number]

    async def _ask(self, function: Callable[[Connection], T]) -> T:
        return cast("T", await self._line(_CALLS).do(Calling(function)))

    def _now(self) -> datetime | None:
        return None if self._set_clock is None else self._set_clock.now()

    def _reached(self) -> Connection:
        try:
            return connect(self._settings)
        except psycopg.OperationalError as error:
            said = " ".join(str(error).split())
            raise Unavailable(f"the outbox's database cannot be reached: {said}") from error

    def _prepare(self) -> bytes:
        with self._reached() as connection:
            if schema_of(connection, self._place) == 0:
                migrate(connection, self._place)
            key = check_schema(connection, self._place)
            self._recognise(connection)
            return key

    def _connected(self) -> Connection:
        connection = connect(self._settings)
        try:
            # It was perhaps another server that answered until now.
            self._recognise(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _recognise(self, connection: Connection) -> None:
        def doubt(connection: Connection, is_other_system: bool) -> int:
            return doubt_all(connection, self._place, is_other_system=is_other_system)

        trusts = self._settings.failover == "trust"
        recognise(connection, self._place, None if trusts else doubt)


_ADDS, _CHANGES, _CLAIMS, _CALLS, _ANNOUNCEMENTS = range(5)


def _announced(future: asyncio.Future[object]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _log.info("outbox: workers elsewhere were not woken, and find it by polling: %s", error)


def _tune(connection: Connection, place: Place, setting: Setting) -> None:
    match setting:
        case Rate(limit=limit, per_second=per_second, burst=burst):
            connection.execute(place(sql.RATE), (limit, per_second, burst))
        case Closed(limit=limit, until=until, probe=probe):
            closed = None if until is None else micros(until)
            length = None if probe is None else probe // timedelta(microseconds=1)
            connection.execute(place(sql.CLOSE), (limit, closed, length))
        case Held(limit=limit, reason=reason):
            connection.execute(place(sql.HOLD), (limit, reason))
        case Paused(what=what, until=None):
            connection.execute(place(sql.GO_ON), (what,))
        case Paused(what=what, until=datetime() as until):
            connection.execute(place(sql.PAUSE), (what, micros(until)))
        case Weighted(tenant=tenant, weight=weight):
            connection.execute(place(sql.WEIGH), (tenant, weight))
        case Consumed(consumer=consumer, cursor=cursor):
            connection.execute(place(sql.CONSUME), (consumer, cursor))


def _psycopg(connection: object) -> Connection:
    if not isinstance(connection, psycopg.Connection):
        raise ConfigurationError(f"outbox: {type(connection)} is no connection of psycopg 3")
    return connection
