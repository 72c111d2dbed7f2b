"""The store in PostgreSQL: beside the application's data, exact over many processes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import asyncpg
import psycopg
import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, text

from devino_core import ConfigurationError, Message, Unavailable
from devino_core.outbox import (
    Added,
    EventKind,
    Lane,
    Move,
    News,
    Note,
    Outbox,
    Phase,
    Query,
    Rate,
    Slot,
    Want,
)
from devino_core.remembered import Fact
from devino_core.testing import ManualClock
from devino_core.testing._store_case import an_entry
from devino_outbox import PostgresSettings
from devino_outbox.postgres import PostgresStore
from devino_outbox.postgres import _sql as sql
from devino_outbox.postgres._schema import place_of
from tests._sockets import left_open_by_cuts

from ._shop import check_shop
from .server import Server, started

HOLD = timedelta(seconds=30)
LANE = Lane("rest")


def store_at(server: Server, schema: str | None = None, **settings: object) -> PostgresStore:
    given = {"url": server.url, "schema": schema or server.schema(), **settings}
    return PostgresStore(PostgresSettings(**given))  # type: ignore[arg-type]


@asynccontextmanager
async def opened(store: PostgresStore) -> AsyncIterator[PostgresStore]:
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def outbox_at(server: Server, schema: str) -> AsyncIterator[Outbox]:
    async with Outbox(server.url, settings={"schema": schema}) as outbox:
        yield outbox


def want(worker: int, most: int = 9, *charge: str) -> Want:
    return Want(worker=worker, slots=(Slot(LANE, most),), limit=most, charge=charge)


MESSAGES = [Message("79031112233", "Привет", ref=ref) for ref in ("one", "two")]


async def check_statement(outbox: Outbox, again: Sequence[object]) -> None:
    assert list(again) == []
    entry = await outbox.get("one")
    assert entry is not None
    assert entry.lane == Lane("rest", tenant="shop")
    added = await outbox.enqueue(MESSAGES[0], channel="rest", tenant="shop")
    assert added == "same"
    tally = await outbox.tally()
    assert tally.counts[entry.lane] == {Phase.QUEUED: 2}


async def test_psycopg_stores_in_its_own_transaction(postgres: Server) -> None:
    async with outbox_at(postgres, postgres.schema()) as outbox:
        statement = outbox.statement(MESSAGES, dialect="postgresql", channel="rest", tenant="shop")
        with psycopg.connect(postgres.url) as application:
            assert len(application.execute(*statement).fetchall()) == 2
            application.rollback()
            assert await outbox.get("one") is None
            application.execute(*statement)
            application.commit()
            again = application.execute(*statement).fetchall()
        await check_statement(outbox, again)


async def test_asyncpg_stores_in_its_own_transaction(postgres: Server) -> None:
    async with outbox_at(postgres, postgres.schema()) as outbox:
        statement = outbox.statement(MESSAGES, dialect="asyncpg", channel="rest", tenant="shop")
        application = await asyncpg.connect(postgres.url)
        try:
            async with application.transaction():
                assert len(await application.fetch(statement.sql, *statement.params)) == 2
            again = await application.fetch(statement.sql, *statement.params)
        finally:
            await application.close()
        await check_statement(outbox, again)


async def test_sqlalchemy_stores_in_its_own_transaction(postgres: Server) -> None:
    async with outbox_at(postgres, postgres.schema()) as outbox:
        statement = outbox.statement(MESSAGES, dialect="sqlalchemy", channel="rest", tenant="shop")
        engine = create_engine(postgres.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as application:
            application.execute(text(statement.sql), dict(statement.named))
            application.rollback()
            assert await outbox.get("one") is None
            application.execute(text(statement.sql), dict(statement.named))
            application.commit()
            again = application.execute(text(statement.sql), dict(statement.named)).fetchall()
        engine.dispose()
        await check_statement(outbox, again)


async def test_an_application_needs_no_more_than_to_insert(postgres: Server) -> None:
    schema = postgres.schema()
    role = f"{schema}_shop"
    async with outbox_at(postgres, schema) as outbox:
        postgres.execute(
            f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {role}; "
            f"GRANT INSERT, SELECT (ref) ON {schema}.outbox TO {role}"
        )
        statement = outbox.statement(MESSAGES, dialect="postgresql", channel="rest", tenant="shop")
        with psycopg.connect(postgres.url, user=role) as application:
            application.execute(*statement)
            application.commit()
            again = application.execute(*statement).fetchall()
        await check_statement(outbox, again)


async def test_events_wait_for_a_transaction_that_began_before_them(postgres: Server) -> None:
    """Two transactions commit the other way round: who reads between skips neither."""
    schema = postgres.schema()
    async with opened(store_at(postgres, schema)) as store:
        insert = f"INSERT INTO {schema}.events(entry, at, news) VALUES(1, 0, %s)".encode()
        news = '{"kind":"dead","ref":"first"}'
        with psycopg.connect(postgres.url) as slow:
            slow.execute(insert, (news,))
            await store.move([Note(news=News(kind=EventKind.DEAD, ref="second"))])
            assert await store.events("", 9) == []
            slow.commit()
        first, second = await store.events("", 9)
        assert (first.ref, second.ref) == ("first", "second")
        assert await store.events(first.cursor, 9) == [second]


async def test_many_processes_claim_each_message_once(postgres: Server) -> None:
    schema = postgres.schema()
    async with opened(store_at(postgres, schema)) as store:
        now = await store.now()
        await store.add([an_entry(f"ref{n}", now) for n in range(2000)])
        claimed: list[int] = []

        async def work() -> None:
            async with opened(store_at(postgres, schema)) as mine:
                worker = await mine.beat(None, HOLD)
                while got := await mine.claim(want(worker, 37)):
                    claimed.extend(entry.id for entry in got)

        await asyncio.gather(*[work() for _ in range(6)])
        # A claim that comes up short passed over what others were just taking.
        await work()
        assert len(claimed) == len(set(claimed)) == 2000


async def test_a_rate_is_exact_over_many_processes(postgres: Server) -> None:
    schema = postgres.schema()
    clock = ManualClock()
    settings = PostgresSettings(url=postgres.url, schema=schema)
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(opened(PostgresStore(settings, clock=clock)))
            for _ in range(4)
        ]
        await stores[0].tune(Rate("rest", 400.0, 8))
        await stores[0].add([an_entry(f"ref{n}", clock.now()) for n in range(1000)])
        workers = [(store, await store.beat(None, HOLD)) for store in stores]
        total = 0
        for step in range(51):
            wants = [store.claim(want(worker, 10, "rest")) for store, worker in workers]
            total += sum(map(len, await asyncio.gather(*wants)))
            assert total == 8 + 8 * step
            clock.advance(0.02)


async def test_the_servers_clock_decides(postgres: Server) -> None:
    """A worker whose own clock is wrong claims nothing too soon."""
    schema = postgres.schema()
    async with opened(store_at(postgres, schema)) as store:
        now = await store.now()
        (row,) = postgres.execute("SELECT clock_timestamp()")
        assert abs((row[0] - now).total_seconds()) < 5  # type: ignore[operator]
        later = replace(an_entry("later", now), due=now + timedelta(minutes=10))
        await store.add([later])
        worker = await store.beat(None, HOLD)
        assert await store.claim(want(worker)) == []


async def test_what_becomes_due_below_the_floor_is_claimed_within_a_second(
    postgres: Server,
) -> None:
    async with opened(store_at(postgres)) as store:
        now = await store.now()
        await store.add([an_entry("first", now)])
        worker = await store.beat(None, HOLD)
        assert len(await store.claim(want(worker))) == 1
        # As from a transaction that was open for long.
        old = replace(an_entry("old", now), due=now - timedelta(hours=1))
        await store.add([old])
        claimed = []
        for _ in range(100):
            claimed = await store.claim(want(worker))
            if claimed:
                break
            await asyncio.sleep(0.02)
        assert [entry.ref for entry in claimed] == ["old"]


async def test_rows_that_cannot_be_removed_are_not_walked_over(postgres: Server) -> None:
    clock, schema = ManualClock(), postgres.schema()
    settings = PostgresSettings(url=postgres.url, schema=schema)
    store = PostgresStore(settings, clock=clock)
    async with opened(store):
        with psycopg.connect(postgres.url) as other:
            other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            other.execute("SELECT 1")
            now = clock.now()
            until = now + timedelta(seconds=60)
            entries = [
                replace(
                    an_entry(f"ref{n:05}", now),
                    due=now - timedelta(milliseconds=10 * n),
                    until=until,
                )
                for n in range(5000)
            ]
            await store.add(entries)
            worker = await store.beat(None, timedelta(hours=1))
            claimed = await store.claim(want(worker, 5000))
            await store.move([Move(one.fence, Phase.DONE, due=now) for one in claimed])
            clock.advance(120)
            assert await store.claim(want(worker)) == []

            def pages() -> int:
                values = store._claims.asked(want(worker), clock.now())
                statement = b"EXPLAIN (ANALYZE, BUFFERS) " + place_of(schema)(sql.PLACE)
                with psycopg.connect(postgres.url) as connection:
                    connection.execute("SET enable_seqscan = off")
                    plan = connection.execute(statement, values).fetchall()
                # The first of these numbers counts the whole.
                return int(re.findall(r"shared hit=(\d+)", str(plan))[0])

            store._claims.full_every = 3600
            few = pages()
            store._claims.full_every = 0
            assert 10 * few < pages()


async def test_one_of_two_opens_makes_the_schema(postgres: Server) -> None:
    schema = postgres.schema()
    stores = [store_at(postgres, schema) for _ in range(5)]
    await asyncio.gather(*[store.open() for store in stores])
    assert len({store.key for store in stores}) == 1
    await asyncio.gather(*[store.aclose() for store in stores])


async def test_migrate_says_its_steps_and_check_only_looks(postgres: Server) -> None:
    store = store_at(postgres)
    assert await store.migrate(check=True) == [1]
    assert await store.migrate() == [1]
    assert await store.migrate() == await store.migrate(check=True) == []


@pytest.mark.parametrize(("found", "fits"), [(0, False), (1, True), (2, True), (3, False)])
async def test_a_schema_that_is_too_old_or_too_new_is_refused(
    postgres: Server, found: int, fits: bool
) -> None:
    schema = postgres.schema()
    store = store_at(postgres, schema)
    await store.migrate()
    postgres.execute(f"UPDATE {schema}.meta SET value = '{found}' WHERE key = 'schema'")
    if fits:
        async with opened(store):
            assert await store.add([an_entry("ref", await store.now())]) == [Added.NEW]
    elif found:
        with pytest.raises(ConfigurationError, match="install a newer one"):
            await store.open()


async def test_another_applications_schema_is_left_alone(postgres: Server) -> None:
    schema = postgres.schema()
    postgres.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.outbox(mine int)")
    with pytest.raises(ConfigurationError, match="other tables"):
        await store_at(postgres, schema).open()


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
async def test_a_server_that_forgets_is_refused(setting: str) -> None:
    with (
        started(**{setting: "off"}) as server,
        pytest.raises(ConfigurationError, match=f"{setting} = off"),
    ):
        await store_at(server).open()


async def test_a_database_that_does_not_answer_is_unavailable(postgres: Server) -> None:
    settings = PostgresSettings(url="postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        await PostgresStore(settings).open()
    assert "secret" not in str(raised.value) + repr(settings)


async def test_a_url_that_cannot_be_read_tells_no_secret() -> None:
    settings = PostgresSettings(url="postgresql://me:secret@host?nonsense=1")
    with pytest.raises(ConfigurationError, match="cannot be read") as raised:
        await PostgresStore(settings).open()
    assert "secret" not in str(raised.value)


async def test_one_bad_row_leaves_its_neighbours_alone(postgres: Server) -> None:
    async with opened(store_at(postgres)) as store:
        now = await store.now()
        bad = replace(an_entry("bad", now), ref="nul\0")
        tasks = [store.add([an_entry(f"ref{n}", now)]) for n in range(9)]
        results = await asyncio.gather(*tasks, store.add([bad]), return_exceptions=True)
        assert results[:9] == [[Added.NEW]] * 9
        assert isinstance(results[9], Exception)


async def test_calls_that_wait_share_a_commit(postgres: Server) -> None:
    schema = postgres.schema()
    async with opened(store_at(postgres, schema)) as store:
        now = await store.now()
        await asyncio.gather(*[store.add([an_entry(f"ref{n}", now)]) for n in range(400)])
        ((commits,),) = postgres.execute(f"SELECT count(DISTINCT xmin::text) FROM {schema}.outbox")
        assert isinstance(commits, int)
        assert commits < 40


async def test_facts_are_remembered_for_all_processes(postgres: Server) -> None:
    schema = postgres.schema()
    now = ManualClock().now()
    fact = Fact(now + timedelta(seconds=10), "reply")
    async with opened(store_at(postgres, schema)) as one, opened(store_at(postgres, schema)) as two:
        added = await asyncio.gather(
            *[store.remembered.add("key", fact, now=now) for store in (one, two)]
        )
        assert sorted(added) == [False, True]
        assert await two.remembered.seen("key", "none", now=now) == [fact, None]
        later = now + timedelta(seconds=10)
        assert await one.remembered.seen("key", now=later) == [None]
        assert await one.remembered.add("key", fact, now=later)
        await two.remembered.forget("key")
        assert await one.remembered.seen("key", now=now) == [None]


async def test_the_counts_are_added_up(postgres: Server) -> None:
    schema = postgres.schema()
    async with opened(store_at(postgres, schema)) as store:
        now = await store.now()
        await store.add([an_entry("ref", now)])
        postgres.execute(
            f"INSERT INTO {schema}.counts(lane, phase, n) "
            f"SELECT '{LANE.text}', 0, 1 FROM generate_series(1, 1500)"
        )
        first, second = await store.tally(), await store.tally()
        assert first.counts == second.counts == {LANE: {Phase.QUEUED: 1501}}
        ((rows,),) = postgres.execute(f"SELECT count(*) FROM {schema}.counts")
        assert rows == 1
        assert {"table_bytes", "dead_tuples", "oldest_transaction_seconds"} <= set(first.gauges)
        assert len(await store.find(Query(), "", 9)) == 1


async def test_an_order_and_its_message_are_stored_together(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.database()
    monkeypatch.setenv("SHOP_DB", url)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE orders(id int GENERATED ALWAYS AS IDENTITY, phone text)")
    await check_shop("outbox_psycopg")


def test_a_store_that_is_cut_leaves_no_connection_open(postgres: Server) -> None:
    async def work() -> None:
        async with opened(store_at(postgres, "cut")) as store:
            await store.now()

    assert left_open_by_cuts(work) == {}
