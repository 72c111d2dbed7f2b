"""An outbox over a connection of the application's: its tables beside others, its INSERT."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from devino_core import ConfigurationError, Message, Unsupported
from devino_core.outbox import Borrows, MemoryStore, Outbox, Phase

from .server import Server

ORDER = Message("79031234567", "It is ready", ref="order-17")


def migrated(outbox: Outbox, connection: object) -> list[int]:
    assert isinstance(outbox.store, Borrows)
    return outbox.store.migrate_within(connection)


async def phases(outbox: Outbox) -> list[Phase]:
    async with outbox:
        return [entry.phase for ref in ("order-17", "x") if (entry := await outbox.get(ref))]


async def test_a_file_with_other_tables_takes_an_outbox(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    outbox = Outbox(f"sqlite:{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as shop:
        shop.execute("CREATE TABLE orders(id INTEGER PRIMARY KEY)")
        with pytest.raises(ConfigurationError, match="holds other tables"):
            outbox.borrow(shop)
        shop.execute("BEGIN")
        assert migrated(outbox, shop) == [1]
        shop.execute("ROLLBACK")
        assert migrated(outbox, shop) == [1]
        assert migrated(outbox, shop) == []
        outbox.borrow(shop)
        statement = outbox.statement([ORDER], dialect="sqlite")
        assert shop.execute(*statement).fetchall() == [("order-17",)]
        assert shop.execute(*statement).fetchall() == []
        hashes = shop.execute("SELECT hash FROM outbox").fetchall()
    assert hashes == [(outbox.hash_of(ORDER),)]
    assert outbox.hash_of(Message(ORDER.to, "another", ref=ORDER.ref)) != outbox.hash_of(ORDER)
    assert await phases(outbox) == [Phase.QUEUED]


def test_a_name_that_is_taken_is_said(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as shop:
        shop.execute("CREATE TABLE events(id INTEGER PRIMARY KEY)")
        with pytest.raises(ConfigurationError, match="events already exists"):
            migrated(Outbox(f"sqlite:{path}"), shop)


async def test_a_database_of_postgresql_takes_an_outbox(postgres: Server) -> None:
    url = postgres.database()
    outbox = Outbox(url)
    with psycopg.connect(url) as shop:
        assert migrated(outbox, shop) == [1]
        shop.rollback()
        assert migrated(outbox, shop) == [1]
        assert migrated(outbox, shop) == []
        outbox.borrow(shop)
        statement = outbox.statement([ORDER], dialect="postgresql")
        assert shop.execute(*statement).fetchall() == [("order-17",)]
        shop.commit()
    # That its schema was made by another connection is no restored backup.
    assert await phases(outbox) == [Phase.QUEUED]


def test_what_is_no_connection_of_its_database_is_refused(tmp_path: Path) -> None:
    for url in (f"sqlite:{tmp_path / 'x.db'}", "postgresql://127.0.0.1:1/x"):
        with pytest.raises(ConfigurationError, match="is no connection of"):
            Outbox(url).borrow(object())
    with pytest.raises(Unsupported, match="open the outbox"):
        Outbox(MemoryStore()).borrow(object())
