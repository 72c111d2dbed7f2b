"""The store in PostgreSQL when processes, connections and the server itself go away."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from devino_core import OutcomeUnknown, Unavailable
from devino_core.outbox import Added, Lane, LeaseLost, Outbox, Phase, Query, Slot, Store, Want
from devino_core.testing import CrashHarness, ManualClock
from devino_core.testing._store_case import an_entry
from devino_outbox import PostgresSettings
from devino_outbox.postgres import PostgresStore
from devino_outbox.postgres._line import Connection

from ._world import Scripted, message, world
from .server import Server, Started, started

HOLD = timedelta(seconds=30)
LANE = Lane("rest")


@pytest.fixture(scope="module")
def mortal() -> Iterator[Started]:
    """A server that these tests may kill."""
    with started() as server:
        yield server


def store_at(server: Server, schema: str | None = None, **settings: object) -> PostgresStore:
    given = {"url": server.url, "schema": schema or server.schema(), **settings}
    return PostgresStore(PostgresSettings(**given))  # type: ignore[arg-type]


def want(worker: int, most: int = 9) -> Want:
    return Want(worker=worker, slots=(Slot(LANE, most),), limit=most)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("policy", ["park", "end", "ask", "resend"])
def test_kills_lose_nothing_and_send_nothing_twice(policy: str, postgres: Server) -> None:
    """A few kills of each policy; the environment `crash` of tox makes a thousand."""
    harness = CrashHarness(postgres.database, policy=policy, messages=20)
    report = asyncio.run(harness.kill(3))
    assert report.lost == report.lies == report.failures == 0, report
    assert report.twice <= (report.doubts if policy == "resend" else 0), report


@pytest.mark.timeout(120)
def test_a_worker_that_was_stopped_beyond_its_lease_sends_nothing_more(postgres: Server) -> None:
    harness = CrashHarness(postgres.database, policy="park", messages=20)
    report = asyncio.run(harness.stop(1, seconds=(1.8, 2.2)))
    assert report.lost == report.lies == report.failures == report.twice == 0, report


async def test_a_worker_whose_lease_is_half_over_keeps_from_the_wire(postgres: Server) -> None:
    channel = Scripted()
    schema = postgres.schema()
    beats = 0

    class Silent(PostgresStore):
        """The second beat does not come through."""

        async def beat(self, worker: int | None, hold: timedelta) -> int:
            nonlocal beats
            beats += 1
            if beats > 1 and hold:
                raise Unavailable("no route")
            return await super().beat(worker, hold)

    store = Silent(PostgresSettings(url=postgres.url, schema=schema))
    async with world(channel, store=store, hold=30) as made:
        await made.pass_time(16)
        await made.outbox.enqueue(message("late"), channel="wire")
        await made.pass_time(1)
        await asyncio.sleep(0.3)
        await made.pass_time(1)
        assert channel.sent == []
        assert await made.phase("late") is Phase.QUEUED


async def test_a_worker_that_was_silent_for_too_long_has_lost_its_lease(postgres: Server) -> None:
    clock = ManualClock()
    settings = PostgresSettings(url=postgres.url, schema=postgres.schema())
    store = PostgresStore(settings, clock=clock)
    await store.open()
    try:
        await store.add([an_entry("ref", await store.now())])
        worker = await store.beat(None, HOLD)
        (held,) = await store.claim(want(worker))
        clock.advance(HOLD.total_seconds() + 1)
        other = await store.beat(None, HOLD)
        with pytest.raises(LeaseLost):
            await store.beat(worker, HOLD)
        with pytest.raises(LeaseLost):
            await store.claim(want(worker))
        (found,) = await store.find(Query(), "", 9)
        assert (found.phase, found.attempt, found.crashes) == (Phase.DOUBT, 1, 1)
        # Nobody took its number or its message.
        assert other != worker
        assert await store.claim(want(other)) == []
        assert held.worker == worker
    finally:
        await store.aclose()


async def test_a_worker_whose_row_is_gone_counts_as_dead(postgres: Server) -> None:
    schema = postgres.schema()
    store = store_at(postgres, schema)
    await store.open()
    try:
        await store.add([an_entry("ref", await store.now())])
        worker = await store.beat(None, HOLD)
        await store.claim(want(worker))
        postgres.execute(f"DELETE FROM {schema}.workers")
        assert await store.beat(None, HOLD) != worker
        (found,) = await store.find(Query(), "", 9)
        assert found.phase is Phase.DOUBT
    finally:
        await store.aclose()


async def eventually(store: Store, ref: str) -> Added:
    """Add until the database answers: each try is told whether anything may have been stored."""
    for _ in range(100):
        try:
            (added,) = await store.add([an_entry(ref, await store.now())])
        except (Unavailable, OutcomeUnknown):
            await asyncio.sleep(0.1)
        else:
            return added
    raise AssertionError("the database does not come back")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_the_store_goes_on_after_its_server_was_killed(
    mortal: Started, how: signal.Signals
) -> None:
    store = store_at(mortal)
    await store.open()
    try:
        await store.add([an_entry(f"before{n}", await store.now()) for n in range(50)])
        worker = await store.beat(None, HOLD)
        claimed = await store.claim(want(worker))
        adds = [asyncio.ensure_future(eventually(store, f"during{n}")) for n in range(20)]
        await asyncio.sleep(0.01)
        await asyncio.to_thread(mortal.end, how)
        with pytest.raises((Unavailable, OutcomeUnknown)):
            await store.add([an_entry("lost", claimed[0].due)])
        await asyncio.to_thread(mortal.start)
        await asyncio.gather(*adds)
        assert await eventually(store, "after") is Added.NEW
        found = {entry.ref: entry for entry in await store.find(Query(), "", 999)}
        assert {f"before{n}" for n in range(50)} | {f"during{n}" for n in range(20)} <= set(found)
        # What was intended still is: its worker lives.
        assert await store.beat(worker, HOLD) == worker
        held = {ref for ref, entry in found.items() if entry.phase is Phase.INTENDED}
        assert held == {entry.ref for entry in claimed}
    finally:
        await store.aclose()


async def test_a_claim_that_was_not_answered_is_given_back(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks at the commit: what was claimed was given to nobody."""
    store = store_at(postgres)
    await store.open()
    try:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(3)])
        worker = await store.beat(None, HOLD)
        take = store._claims._claimed

        def breaking(connection: Connection, *given: Any) -> object:
            claimed = take(connection, *given)
            # It is stored, but the answer is lost.
            connection.execute("COMMIT")
            postgres.execute(f"SELECT pg_terminate_backend({connection.info.backend_pid})")
            return claimed

        monkeypatch.setattr(store._claims, "_claimed", breaking)
        with pytest.raises(OutcomeUnknown):
            await store.claim(want(worker))
        monkeypatch.undo()
        assert (await store.find(Query(phase=Phase.INTENDED), "", 9)) != []
        claimed = await store.claim(want(worker))
        assert {entry.ref for entry in claimed} == {"ref0", "ref1", "ref2"}
        assert {entry.attempt for entry in claimed} == {2}
    finally:
        await store.aclose()


@pytest.mark.parametrize("trusts", [False, True])
async def test_a_restored_backup_puts_in_doubt_what_is_not_done(
    postgres: Server, trusts: bool
) -> None:
    """Another system answers at the same address: what it holds may have been sent since."""
    schema = postgres.schema()
    store = store_at(postgres, schema)
    await store.open()
    await store.add([an_entry(f"ref{n}", await store.now()) for n in range(3)])
    worker = await store.beat(None, HOLD)
    await store.claim(want(worker, 1))
    await store.aclose()
    postgres.execute(
        f"UPDATE {schema}.meta SET value = '7 1' WHERE key = 'identity'",
    )
    store = store_at(postgres, schema, failover="trust" if trusts else "doubt")
    await store.open()
    try:
        phases = [entry.phase for entry in await store.find(Query(), "", 9)]
        if trusts:
            assert sorted(phases) == [Phase.QUEUED, Phase.QUEUED, Phase.INTENDED]
        else:
            assert phases == [Phase.DOUBT] * 3
            assert len(await store.events("", 9)) == 3
        # Once: what a person resolved stays so.
        await store.add([an_entry("new", await store.now())])
        await store.aclose()
        await store.open()
        (new,) = await store.find(Query(refs=("new",)), "", 9)
        assert new.phase is Phase.QUEUED
    finally:
        await store.aclose()


@pytest.mark.timeout(180)
async def test_a_promoted_standby_puts_in_doubt_what_is_not_done() -> None:
    with started(wal_level="replica") as primary:
        schema = primary.schema()
        store = store_at(primary, schema)
        await store.open()
        await store.add([an_entry("ref", await store.now())])
        await store.aclose()
        if not primary.has("pg_basebackup"):
            pytest.fail("this PostgreSQL has no pg_basebackup")
        copy = primary.folder / "copy"
        primary.run("pg_basebackup", "-D", str(copy), "-d", primary.url, "-R", "-c", "fast")
        primary.end()
        shutil.rmtree(primary.folder / "data")
        copy.rename(primary.folder / "data")
        primary.start()
        with pytest.raises(Unavailable, match="cannot be reached"):
            await store_at(primary, schema).open()
        primary.run("pg_ctl", "promote", "-w", "-D", str(primary.folder / "data"))
        await store.open()
        try:
            (entry,) = await store.find(Query(), "", 9)
            assert entry.phase is Phase.DOUBT
        finally:
            await store.aclose()


async def test_events_go_on_in_another_system(postgres: Server) -> None:
    """Numbers of transactions begin anew there: no event is skipped, and new ones come last."""
    schema = postgres.schema()
    url = postgres.url
    async with Outbox(url, settings={"schema": schema}) as outbox:
        await outbox.enqueue(message("old"), channel="wire")
        await outbox.cancel("old")
        assert [event.ref for event in await outbox.store.events("", 9)] == ["old"]
    # As they would look from a system whose transactions have far higher numbers.
    postgres.execute(f"UPDATE {schema}.events SET xid = '99999999999'")
    postgres.execute(f"UPDATE {schema}.meta SET value = '7 1' WHERE key = 'identity'")
    async with Outbox(url, settings={"schema": schema}) as outbox:
        await outbox.enqueue(message("new"), channel="wire")
        await outbox.cancel("new")
        assert [event.ref for event in await outbox.store.events("", 9)] == ["old", "new"]


@pytest.mark.timeout(120)
def test_the_tables_are_whole_after_kills(mortal: Started) -> None:
    if not mortal.has("pg_amcheck"):
        pytest.skip("this PostgreSQL has no pg_amcheck")
    url = mortal.database()

    def check(url: str) -> None:
        name = url.rpartition("/")[2]
        mortal.run("pg_amcheck", "--install-missing", "--heapallindexed", "-d", mortal.url, name)

    try:
        check(url)
    except subprocess.CalledProcessError as error:
        if b"amcheck" in error.stderr:
            pytest.skip("this PostgreSQL has no extension amcheck")
        raise
    urls = iter([url])
    harness = CrashHarness(
        lambda: next(urls, "") or mortal.database(), messages=20, after_kill=check
    )
    report = asyncio.run(harness.kill(1))
    assert report.lost == report.twice == 0, report
