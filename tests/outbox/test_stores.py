"""The stores keep what stores promise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from devino_core.outbox import MemoryStore, Store
from devino_core.testing import StoreConformance
from devino_outbox import NatsSettings, PostgresSettings, SqliteSettings
from devino_outbox.nats import NatsStore
from devino_outbox.postgres import PostgresStore
from devino_outbox.sqlite import SqliteStore

from .nats_server import NatsServer, end_lease
from .server import Server


@asynccontextmanager
async def sqlite(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(SqliteSettings(url=f"sqlite:{path}"))
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


class TestMemory(StoreConformance):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Store]:
        yield MemoryStore()

    async def kill(self, store: Store, worker: int) -> None:
        assert isinstance(store, MemoryStore)
        store.kill(worker)


class TestSqlite(StoreConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "outbox.db"

    def opened(self) -> AbstractAsyncContextManager[Store]:
        return sqlite(self.path)

    def again(self, store: Store) -> AbstractAsyncContextManager[Store]:
        return sqlite(self.path)

    async def kill(self, store: Store, worker: int) -> None:
        assert isinstance(store, SqliteStore)
        # The system does so when a process ends.
        store._locks.pop(worker).drop()


@asynccontextmanager
async def postgresql(url: str, schema: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(PostgresSettings(url=url, schema=schema))
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


class TestPostgres(StoreConformance):
    @pytest.fixture(autouse=True)
    def _schema(self, postgres: Server) -> None:
        self.server = postgres
        self.schema = postgres.schema()

    def opened(self) -> AbstractAsyncContextManager[Store]:
        return postgresql(self.server.url, self.schema)

    def again(self, store: Store) -> AbstractAsyncContextManager[Store]:
        return postgresql(self.server.url, self.schema)

    async def kill(self, store: Store, worker: int) -> None:
        # Its lease is over.
        self.server.execute(f"UPDATE {self.schema}.workers SET seen = 0 WHERE id = {worker}")


@asynccontextmanager
async def jetstream(settings: NatsSettings) -> AsyncIterator[NatsStore]:
    store = NatsStore(settings)
    store.full_every = 0
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


class TestNats(StoreConformance):
    shards = 1

    @pytest.fixture(autouse=True)
    def _prefix(self, nats_server: NatsServer) -> None:
        self.settings = NatsSettings(
            url=nats_server.url,
            prefix=nats_server.prefix(),
            durability="process",
            shards=self.shards,
        )

    def opened(self) -> AbstractAsyncContextManager[Store]:
        return jetstream(self.settings)

    def again(self, store: Store) -> AbstractAsyncContextManager[Store]:
        return jetstream(self.settings)

    async def kill(self, store: Store, worker: int) -> None:
        assert isinstance(store, NatsStore)
        await end_lease(store, worker)


class TestNatsOverShards(TestNats):
    shards = 4
