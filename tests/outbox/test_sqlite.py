"""The store in a file: durable, quick, and careful about where it is."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devino_core import ConfigurationError, Message, Unavailable
from devino_core.outbox import (
    Lane,
    Outbox,
    Phase,
    PlatformId,
    Query,
)
from devino_core.remembered import Fact
from devino_core.testing import CrashHarness
from devino_core.testing._stores import an_entry
from devino_outbox import SqliteSettings
from devino_outbox.sqlite import SqliteStore, _files, _schema, _sql
from devino_outbox.sqlite._finding import spelt
from devino_outbox.sqlite._many import Many

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOLD = timedelta(seconds=30)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def store_at(path: Path, **settings: float) -> SqliteStore:
    return SqliteStore(SqliteSettings(url=f"sqlite:{path}", **settings))  # type: ignore[arg-type]


async def made(path: Path) -> None:
    store = store_at(path)
    await store.open()
    await store.aclose()


def test_urls_name_files() -> None:
    assert _files.path_of("sqlite:///var/lib/x.db") == Path("/var/lib/x.db")
    assert _files.path_of("sqlite:x.db") == Path("x.db")
    assert _files.path_of("sqlite://localhost/x.db") == Path("/x.db")
    for url in ("sqlite:", "sqlite::memory:", "sqlite://host/x.db"):
        with pytest.raises(ConfigurationError):
            _files.path_of(url)


def test_its_file_is_its_owners(path: Path) -> None:
    asyncio.run(made(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_network_file_system_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_files, "_file_system", lambda _: "nfs4")
    with pytest.raises(ConfigurationError, match="network file system"):
        await store_at(path).open()


def test_what_is_no_outbox_is_refused(path: Path) -> None:
    path.write_text("no database at all, but a text of some length" * 100)
    with pytest.raises(ConfigurationError, match="no outbox"):
        asyncio.run(store_at(path).open())
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs(x)")
        other.commit()
    with pytest.raises(ConfigurationError, match="other tables"):
        asyncio.run(store_at(path).open())


@pytest.mark.parametrize(("schema", "works"), [(1, True), (2, True), (3, False)])
async def test_this_code_works_with_its_schema_and_the_next(
    path: Path, schema: int, works: bool
) -> None:
    await made(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (schema,))
        connection.commit()
    store = store_at(path)
    if works:
        await store.open()
        await store.add([an_entry("ref", await store.now())])
        await store.aclose()
    else:
        with pytest.raises(ConfigurationError, match="newer"):
            await store.open()


async def test_an_old_file_is_copied_and_migrated_on_demand_only(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made(path)
    monkeypatch.setattr(_schema, "SCHEMA", 3)
    steps: list[int] = []

    def step(connection: sqlite3.Connection, number: int) -> None:
        steps.append(number)
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (number,))

    monkeypatch.setattr(_schema, "_step", step)
    with pytest.raises(ConfigurationError, match="devino outbox migrate"):
        await store_at(path).open()
    assert await store_at(path).migrate(check=True) == [2, 3]
    assert not steps
    assert await store_at(path).migrate() == [2, 3]
    assert steps == [2, 3]
    assert path.with_name("outbox.db.schema1").exists()
    await store_at(path).open()


async def test_several_processes_may_make_it_at_once(path: Path) -> None:
    stores = [store_at(path) for _ in range(8)]
    await asyncio.gather(*[store.open() for store in stores])
    assert len({store.key for store in stores}) == 1
    for store in stores:
        await store.aclose()


async def test_durability_is_read_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sqlite3.connect

    class Stubborn(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if sql == "PRAGMA synchronous=FULL":
                sql = "PRAGMA synchronous=OFF"
            return super().execute(sql, *values)  # type: ignore[arg-type]

    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **given: real(*args, factory=Stubborn, **given)
    )
    with pytest.raises(ConfigurationError, match="synchronous = 0"):
        await store_at(path).open()


async def test_every_query_finds_its_rows_by_an_index(path: Path) -> None:
    await made(path)
    everything = {
        name: text
        for name, text in vars(_sql).items()
        if name.isupper() and name != "COLUMNS" and isinstance(text, str)
    }
    everything |= {
        f"{name} of {size}": text
        for name, many in vars(_sql).items()
        if isinstance(many, Many)
        for size, text in many.texts.items()
    }
    queries = [
        Query(refs=("a",)),
        Query(ids=(PlatformId("a"),)),
        Query(ids=(PlatformId("a"), PlatformId("a", "x"), PlatformId("b", "y"))),
        Query(to_hash=1),
        Query(phase=Phase.QUEUED),
        Query(phase=Phase.QUEUED, channel="x"),
        *[Query(phase=phase, due_before=NOW) for phase in Phase if phase is not Phase.QUEUED],
        Query(),
    ]
    for query in queries:
        for after in ("", '["a",1,1]'):
            everything[f"{query} {after}"] = spelt(query, after, 9)[0]
    with closing(sqlite3.connect(path)) as connection:
        for name, text in everything.items():
            values = dict.fromkeys(re.findall(r":(\w+)", text), 1)
            count = max([int(n) for n in re.findall(r"\?(\d)", text)], default=text.count("?"))
            bound: object = values or [1] * count
            if not values and "json_each(?" in text:
                bound = ["[1]"] * count
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", bound).fetchall()  # type: ignore[arg-type]
            # Paging by number goes along the table, and the oldest events and reports stand first.
            along = name.startswith(str(Query())) or name in ("FORGET_EVENTS", "FORGET_EARLY")
            for *_, step in plan:
                grows = re.match(r"SCAN (outbox|events|ids|early|facts)\b(?!.*USING)", step)
                assert along or not grows, f"{name}: {step}"
                few = "refs=(" in name or "ids=(" in name
                assert few or not name.startswith("Query(") or "TEMP B-TREE" not in step, name


async def test_a_claim_goes_by_the_index_of_its_phase(path: Path) -> None:
    await made(path)
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {_sql.CLAIM}", [1] * 5).fetchall()
        steps = " ".join(step for *_, step in plan)
    assert "outbox_queued (lane=? AND due<?)" in steps
    assert "TEMP B-TREE" not in steps


@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace here")
def test_one_commit_is_one_sync_of_the_disk(path: Path, tmp_path: Path) -> None:
    """Fewer syncs would mean that what is told as stored is in a cache."""
    script = tmp_path / "adds.py"
    script.write_text(
        "import asyncio, sys\n"
        "from devino_core.testing._stores import an_entry\n"
        "from devino_outbox import SqliteSettings\n"
        "from devino_outbox.sqlite import SqliteStore\n"
        "async def main():\n"
        "    store = SqliteStore(SqliteSettings(url=sys.argv[1]))\n"
        "    await store.open()\n"
        "    print('BEGIN', file=sys.stderr, flush=True)\n"
        "    for n in range(100):\n"
        "        await store.add([an_entry(str(n), await store.now())])\n"
        "    print('END', file=sys.stderr, flush=True)\n"
        "asyncio.run(main())\n"
    )
    trace = tmp_path / "trace"
    ran = subprocess.run(
        [
            "strace",
            "-f",
            "-e",
            "trace=fsync,fdatasync,write",
            "-o",
            trace,
            sys.executable,
            script,
            f"sqlite:{path}",
        ],
        check=False,
        capture_output=True,
        timeout=100,
    )
    if b"ptrace" in ran.stderr and ran.returncode:
        pytest.skip("this machine allows no tracing")
    assert ran.returncode == 0, ran.stderr
    lines = trace.read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if "BEGIN" in line)
    end = next(n for n, line in enumerate(lines) if '"END' in line)
    syncs = sum("sync(" in line and "resumed" not in line for line in lines[start:end])
    assert 100 <= syncs <= 130


async def test_a_busy_file_is_an_error_that_may_be_repeated(path: Path) -> None:
    store = store_at(path, busy_timeout=0.05)
    await store.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            await store.add([an_entry("ref", NOW)])
        other.execute("ROLLBACK")
    assert len(await store.add([an_entry("ref", NOW)])) == 1
    await store.aclose()


async def test_one_bad_call_does_not_spoil_its_neighbours_commit(path: Path) -> None:
    store = store_at(path)
    await store.open()

    def bad(_: sqlite3.Connection) -> None:
        raise ZeroDivisionError

    calls = [store.add([an_entry(f"ref{n}", NOW)]) for n in range(20)]
    results = await asyncio.gather(*calls, store._call(bad), return_exceptions=True)
    assert isinstance(results.pop(), ZeroDivisionError)
    assert len(await store.find(Query(), "", 99)) == 20
    await store.aclose()


async def test_readers_let_the_log_be_cut(path: Path) -> None:
    """The store's own reads keep no transaction, so a checkpoint always gets through."""
    store = store_at(path)
    await store.open()
    for start in range(0, 20_000, 1000):
        await store.add([an_entry(f"ref{n}", NOW) for n in range(start, start + 1000)])
        await store.find(Query(phase=Phase.QUEUED), "", 100)
        await store.tally()
    gauges = (await store.tally()).gauges
    assert gauges["wal_bytes"] < 16 * 2**20
    await store.aclose()


async def test_forgotten_text_is_not_in_the_files(path: Path) -> None:
    async with Outbox(f"sqlite:{path}") as outbox:
        secret = "quite-a-rare-word-1234"
        await outbox.enqueue(Message("79031112233", secret, ref="one"))
        await outbox.enqueue(Message("79031112234", "other", ref="two"))
        assert await outbox.forget("79031112233") == 1
        for file in path.parent.glob("outbox.db*"):
            assert secret.encode() not in file.read_bytes(), file
            assert b"79031112233" not in file.read_bytes(), file


async def test_a_number_is_not_told_by_its_hash(path: Path, tmp_path: Path) -> None:
    hashes = []
    for name in ("a.db", "b.db"):
        async with Outbox(f"sqlite:{tmp_path / name}") as outbox:
            await outbox.enqueue(Message("79031112233", "Hello", ref="one"))
            entry = await outbox.get("one")
            assert entry is not None
            hashes.append((entry.hash, entry.to_hash))
    assert not {*hashes[0]} & {*hashes[1]}


async def test_facts_are_remembered_by_all_processes(path: Path) -> None:
    one, two = store_at(path), store_at(path)
    await one.open()
    await two.open()
    fact = Fact(NOW + HOLD, "reply")
    taken = await asyncio.gather(
        *[store.remembered.add("key", fact, now=NOW) for store in (one, two, one, two)]
    )
    assert sorted(taken) == [False, False, False, True]
    assert await two.remembered.seen("key", "other", now=NOW) == [fact, None]
    assert await two.remembered.seen("key", now=NOW + HOLD) == [None]
    assert await two.remembered.add("key", Fact(NOW + 2 * HOLD), now=NOW + HOLD)
    await one.remembered.forget("key", "none")
    assert await two.remembered.seen("key", now=NOW) == [None]
    await one.aclose()
    await two.aclose()


async def test_the_statement_stores_in_the_applications_transaction(path: Path) -> None:
    async with Outbox(f"sqlite:{path}") as outbox:
        messages = [Message("79031112233", "Hello", ref=ref) for ref in ("one", "two")]
        statement = outbox.statement(messages, dialect="sqlite", channel="rest", tenant="shop")
        with closing(sqlite3.connect(path, isolation_level=None)) as application:
            application.execute("BEGIN")
            assert len(application.execute(*statement).fetchall()) == 2
            application.execute("ROLLBACK")
            assert await outbox.get("one") is None
            application.execute("BEGIN")
            application.execute(*statement).fetchall()
            application.execute("COMMIT")
            assert application.execute(*statement).fetchall() == []
        entry = await outbox.get("one")
        assert entry is not None
        assert entry.lane == Lane("rest", tenant="shop")
        added = await outbox.enqueue(messages[0], channel="rest", tenant="shop")
        assert added == "same"
        tally = await outbox.tally()
        assert tally.counts[entry.lane] == {Phase.QUEUED: 2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
async def test_a_forked_child_does_not_keep_its_dead_parent_alive(path: Path) -> None:
    child = (
        "import asyncio, os, sys, time\n"
        "from datetime import timedelta\n"
        "from devino_core.outbox import Lane, Slot, Want\n"
        "from devino_core.testing._stores import an_entry\n"
        "from devino_outbox import SqliteSettings\n"
        "from devino_outbox.sqlite import SqliteStore\n"
        "async def main():\n"
        "    store = SqliteStore(SqliteSettings(url=sys.argv[1]))\n"
        "    await store.open()\n"
        "    await store.add([an_entry('ref', await store.now())])\n"
        "    worker = await store.beat(None, timedelta(30))\n"
        "    await store.claim(Want(worker=worker, slots=(Slot(Lane('rest'), 1),), limit=1))\n"
        "asyncio.run(main())\n"
        "pid = os.fork()\n"
        "if pid:\n"
        "    print(pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "os.close(1)\n"
        "sys.stdin.read()\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        child,
        f"sqlite:{path}",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    await process.wait()
    store = store_at(path)
    await store.open()
    await store.beat(None, HOLD)
    (entry,) = await store.find(Query(), "", 9)
    assert entry.phase is Phase.DOUBT
    await store.aclose()
    assert process.stdin is not None
    process.stdin.close()


def check_integrity(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("policy", ["park", "end", "ask", "resend"])
def test_kills_lose_nothing_and_send_nothing_twice(policy: str, tmp_path: Path) -> None:
    """A few kills of each policy; the environment `crash` of tox makes a thousand."""
    urls = (f"sqlite:{tmp_path / str(n)}.db" for n in range(99))
    harness = CrashHarness(
        lambda: next(urls), policy=policy, messages=20, after_kill=check_integrity
    )
    report = asyncio.run(harness.kill(3))
    assert report.lost == report.lies == report.failures == 0, report
    assert report.twice <= (report.doubts if policy == "resend" else 0), report


@pytest.mark.timeout(120)
def test_a_stopped_worker_is_not_dead(tmp_path: Path) -> None:
    urls = (f"sqlite:{tmp_path / str(n)}.db" for n in range(99))
    harness = CrashHarness(lambda: next(urls), policy="park", messages=20)
    report = asyncio.run(harness.stop(1, seconds=(1.8, 2.2)))
    assert report.lost == report.lies == report.failures == report.twice == 0, report
