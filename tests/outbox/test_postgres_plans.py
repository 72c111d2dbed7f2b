"""The plan of every query of the store in PostgreSQL: none scans what grows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from devino_core.outbox import Phase, PlatformId, Query
from devino_core.outbox.kit import encode
from devino_outbox.postgres import _sql as sql
from devino_outbox.postgres._finding import spelt
from devino_outbox.postgres._schema import migrate, place_of

from .server import Server

SCHEMA = "devino_plans"
PLACE = place_of(SCHEMA)
LANE = "rest\tNORMAL\t"
NOW = 1_800_000_000_000_000
# These have a row for each channel, tenant, worker or difference: they do not grow with messages.
SMALL = {"counts", "cursors", "limits", "meta", "paused", "weights", "workers"}
# Read once, after a failover; told of all that is there.
ONCE = {"KEEP_PLACES", "TOLD_BEFORE", "UNFINISHED"}


FILL = r"""
ALTER TABLE devino.outbox DISABLE TRIGGER ALL;
INSERT INTO devino.outbox(ref, hash, lane, phase, due, until, worker, version, to_hash, body)
  SELECT 'ref' || n, n, CASE n % 3 WHEN 0 THEN 'vk' ELSE 'rest' END || E'\tNORMAL\t',
    least(n % 12, 5), n, CASE WHEN n % 12 < 5 AND n % 7 = 0 THEN 1800000000000000 + n END, n % 4, 1,
    n, repeat('x', 200) FROM generate_series(1, 60000) AS n;
INSERT INTO devino.ids SELECT 'id' || n, 'rest', n FROM generate_series(1, 60000) AS n;
INSERT INTO devino.events(xid, entry, at, news)
  SELECT (n / 9 + 100)::text::xid8, n, n, repeat('x', 100) FROM generate_series(1, 60000) AS n;
INSERT INTO devino.early(id, at, status)
  SELECT 'early' || n, n, '' FROM generate_series(1, 20000) AS n;
INSERT INTO devino.facts SELECT 'key' || n, n, '' FROM generate_series(1, 20000) AS n;
INSERT INTO devino.workers(host, pid, version, seen, hold)
  SELECT '', n, 1, 1800000000000000, 1 FROM generate_series(1, 4) AS n;
"""


@pytest.fixture(scope="module")
def full(postgres: Server) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A database with 60,000 messages, most of them done, and as many events and ids."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        migrate(connection, PLACE)
        connection.execute(PLACE(FILL))
        connection.execute("ANALYZE")
        yield connection
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE".encode())


ROW = {"n": 0, "id": 7, "was": 0, "attempt": 0, "phase": 5, "revision": 0, "news": "{}"}
VALUES: dict[str, object] = {
    "ADD": (encode([{"ref": "new", "hash": 1, "lane": LANE, "due": 1, "version": 1}]),),
    "HASHES": (["ref1", "ref2"],),
    "ALIVE": {"now": NOW, "worker": 1},
    "PLACE": {
        "now": NOW,
        "charge": ["rest"],
        "lanes": [LANE],
        "floors": [0],
        "late_floor": 0,
    },
    "LOCK_LIMITS": (["rest"],),
    "TIME": {"now": None},
    "CHARGE": (1, None, "rest"),
    "CLAIM": {"now": NOW, "lane": LANE, "floor": 0, "newest": 1, "most": 100, "worker": 1},
    "UNCLAIM": {"worker": 9, "now": NOW},
    "LATE": {"now": NOW, "late_floor": 0},
    "MOVE": {"now": None, "rows": encode([{**ROW, "legs": "[]", "learn": [["rest", "new"]]}])},
    "SHARE_IDS": (1,),
    "OWN_IDS": (1,),
    "KNOWN": (encode([{"n": 0, "id": "id7", "channel": "rest"}]),),
    "KEEP_EARLY": {"now": None, "rows": encode([{"n": 0, "id": "new", "status": ""}])},
    "EARLY": (["early7"],),
    "TAKE_UP": ([7],),
    "BY_NUMBERS": ([7],),
    "TELL": {"now": None, "rows": encode([{"n": 0, "entry": 7, "news": "{}"}])},
    "EVENTS": {"xid": "0", "seq": 7, "limit": 100},
    "EVENTS_OF": {"xid": "0", "seq": 7, "limit": 100, "entry": 7},
    "AGES": {"lane": LANE, "edges": [9, 7], "older": [7, -1], "most": 100},
    "CURSOR": ("me",),
    "BEGIN_WORKER": {"host": "", "pid": 1, "version": 1, "now": None, "hold": 1},
    "BEAT": {"worker": 1, "now": None, "hold": 1},
    "END_WORKER": (1,),
    "BURY_WORKERS": {"now": 1},
    "ORPHANS": (),
    "UNFINISHED": (0,),
    "KEEP_PLACES": (),
    "TOLD_BEFORE": (),
    "WORKERS": {"now": NOW},
    "COUNTS": (),
    "ADD_UP": (),
    "OLDEST": ([LANE],),
    "ALL_LIMITS": (),
    "ALL_PAUSED": (),
    "ALL_WEIGHTS": (),
    "GAUGES": (),
    "PRUNE": (100, 100),
    "FORGET_EVENTS": (100, 100),
    "FORGET_EARLY": (100, 100),
    "FORGET_FACTS": (100, 100),
    "RATE": ("rest", 1.0, 1),
    "CLOSE": ("rest", None, None),
    "HOLD": ("rest", None),
    "PAUSE": ("rest", 1),
    "GO_ON": ("rest",),
    "WEIGH": ("rest", 1.0),
    "CONSUME": ("me", "0.0"),
    "FACTS": (["key7"],),
    "ADD_FACT": {"key": "new", "until": 1, "value": None, "now": 1},
    "FORGET_FACT": (["key7"],),
}
FRAGMENTS = {"COLUMNS", "CLOCK", "NOW", "_HORIZON"}


def scanned(
    connection: psycopg.Connection[tuple[Any, ...]], statement: str, values: Any
) -> set[str]:
    """The tables that the plan of a statement reads from end to end, by its generic plan, too."""
    tables: set[str] = set()
    for mode in ("force_custom_plan", "force_generic_plan"):
        connection.execute(f"SET plan_cache_mode = {mode}".encode())
        with connection.transaction(force_rollback=True):
            explain = b"EXPLAIN " + PLACE(statement)
            rows = connection.execute(explain, values or None, prepare=True).fetchall()
            plan = "\n".join(row[0] for row in rows)
            tables |= set(re.findall(r"Seq Scan on (\w+)", plan))
    return tables


def test_every_query_is_here() -> None:
    named = {name for name, value in vars(sql).items() if name.isupper() and isinstance(value, str)}
    assert named - FRAGMENTS == set(VALUES)


@pytest.mark.parametrize("name", sorted(set(VALUES) - ONCE))
def test_no_query_scans_what_grows(full: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    assert scanned(full, getattr(sql, name), VALUES[name]) <= SMALL


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(refs=("ref1", "ref2")),
        Query(ids=(PlatformId("id7"), PlatformId("id8", "rest"))),
        Query(to_hash=7),
        *[Query(phase=phase) for phase in Phase],
        Query(phase=Phase.QUEUED, channel="rest"),
        Query(phase=Phase.DOUBT, due_before=None, channel="rest"),
        Query(phase=Phase.QUEUED, tenant="shop"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("after", ["", encode((LANE, 1000, 1000))])
def test_no_search_scans_what_grows(
    full: psycopg.Connection[tuple[Any, ...]], query: Query, after: str
) -> None:
    assert scanned(full, *spelt(query, after, 100)) == set()
