"""The stores in a file and in PostgreSQL are the model, whatever is done to both."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from devino_core.outbox import Added, Entry, Store
from devino_core.testing import ManualClock
from devino_outbox import PostgresSettings, SqliteSettings
from devino_outbox.postgres import PostgresStore
from devino_outbox.sqlite import SqliteStore

from .machine import StoreMachine
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
