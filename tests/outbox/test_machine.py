"""The stores in a file, in PostgreSQL and in NATS are the model, whatever is done to both."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from devino_core.outbox import Added, Entry, Store
from devino_core.outbox._phases import UNFINISHED
from devino_core.testing import ManualClock
from devino_outbox import NatsSettings, PostgresSettings, SqliteSettings
from devino_outbox.nats import NatsStore
from devino_outbox.postgres import PostgresStore
from devino_outbox.sqlite import SqliteStore

from .machine import StoreMachine
from .nats_server import NatsServer, end_lease
from .server import Server


class SqliteMachine(StoreMachine):
    def make(self, clock: ManualClock) -> Store:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "outbox.db"
        self.sqlite = SqliteStore(SqliteSettings(url=f"sqlite:{path}"), clock=clock)
        return self.sqlite

    def kill(self, worker: int) -> None:
        lock = self.sqlite._locks.pop(worker, None)
        if lock is not None:
            lock.drop()

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "folder"):
            self.folder.cleanup()


class Patient(PostgresStore):
    """Workers die only where the test says so, as those of the model do. Every claim looks at
    everything. A ref that is taken uses up no number."""

    server: Server
    last = 0

    async def open(self) -> None:
        await super().open()
        self._claims.full_every = 0

    async def add(self, entries: Sequence[Entry]) -> list[Added]:
        added = []
        for entry in entries:
            added += await super().add([entry])
            self.last += added[-1] is Added.NEW
            sequence = f"{self._settings.schema}.outbox_id_seq"
            self.server.execute(f"SELECT setval('{sequence}', {self.last + 1}, false)")
        return added

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        return await super().beat(worker, hold * 1_000_000)


class PostgresMachine(StoreMachine):
    server: Server

    def make(self, clock: ManualClock) -> Store:
        self.schema = self.server.schema()
        settings = PostgresSettings(url=self.server.url, schema=self.schema)
        store = Patient(settings, clock=clock)
        store.server = self.server
        return store

    def kill(self, worker: int) -> None:
        self.server.execute(
            f"UPDATE {self.schema}.workers SET seen = 0, hold = 0 WHERE id = {worker}"
        )

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "schema"):
            self.server.execute(f"DROP SCHEMA {self.schema} CASCADE")


class Timed(NatsStore):
    """Times are the test's, so what waits is kept here and not in the server's schedules. Every
    claim looks at everything, and gives the earliest first. Numbers are the model's."""

    full_every = 0
    trusts_ids = False

    def __init__(self, settings: NatsSettings, *, clock: ManualClock) -> None:
        super().__init__(settings, clock=clock)
        self.numbers: dict[str, int] = {}

    async def open(self) -> None:
        await super().open()
        self._lanes.look_ahead = 1000
        waiting: dict[int, int] = {}
        schedules = self._schedules

        async def move_on(now: datetime) -> bool:
            for one in await schedules.waiting(0):
                waiting[one.number] = one.seq + 1
                await self._consumers.ack([one])
            due = {entry.id for entry in await self._finding.entries(waiting) if entry.due <= now}
            ripe = {number: waiting.pop(number) for number in list(waiting) if number in due}
            if ripe:
                await self._remind(0, ripe)
            return False

        schedules.move_on = move_on  # type: ignore[method-assign]

    def number(self, ref: str) -> int:
        return self.numbers.get(ref, len(self.numbers) + 1)

    async def add(self, entries: Sequence[Entry]) -> list[Added]:
        added = []
        for entry in entries:
            before = self.numbers.get(entry.ref)
            if before is None or not await self._finding.entries([before]):
                self.numbers.pop(entry.ref, None)
                self.last = self.numbers[entry.ref] = getattr(self, "last", 0) + 1
            added += await super().add([entry])
        return added

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        return await super().beat(worker, hold * 1_000_000)


class NatsMachine(StoreMachine):
    server: NatsServer
    counted = UNFINISHED

    def make(self, clock: ManualClock) -> Store:
        settings = NatsSettings(
            url=self.server.url, prefix=self.server.prefix(), durability="process"
        )
        self.nats = Timed(settings, clock=clock)
        return self.nats

    def kill(self, worker: int) -> None:
        self.runner.run(end_lease(self.nats, worker))


_FEW = settings(
    max_examples=8,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

TestSqlite = SqliteMachine.TestCase
TestSqlite.settings = _FEW


@pytest.fixture(scope="class")
def _server(request: pytest.FixtureRequest, postgres: Server) -> None:
    PostgresMachine.server = postgres


TestPostgres = pytest.mark.usefixtures("_server")(PostgresMachine.TestCase)
TestPostgres.settings = _FEW


@pytest.fixture(scope="class")
def _nats(request: pytest.FixtureRequest, nats_server: NatsServer) -> None:
    NatsMachine.server = nats_server


TestNats = pytest.mark.usefixtures("_nats")(NatsMachine.TestCase)
TestNats.settings = _FEW
