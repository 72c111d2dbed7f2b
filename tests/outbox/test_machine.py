"""The store in a file is the model, whatever is done to both."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

from devino_core.outbox import Store
from devino_core.testing import ManualClock
from devino_outbox import SqliteSettings
from devino_outbox.sqlite import SqliteStore

from .machine import StoreMachine


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


TestSqlite = SqliteMachine.TestCase
TestSqlite.settings = settings(
    max_examples=8,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
