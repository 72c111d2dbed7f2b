"""The whole campaign: kills of every policy, and stops. It exits with 1 if a promise is broken."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devino_core.testing import CrashHarness, CrashReport

from .server import given_or_started
from .test_sqlite import check_integrity


def _kept(policy: str, report: CrashReport) -> bool:
    most = report.doubts if policy == "resend" else 0
    return report.lost == report.lies == report.failures == 0 and report.twice <= most


@contextmanager
def _sqlite() -> Iterator[Callable[[], str]]:
    with tempfile.TemporaryDirectory() as folder:
        numbers = itertools.count()
        yield lambda: f"sqlite:{Path(folder) / f'{next(numbers)}.db'}"


@contextmanager
def _postgresql() -> Iterator[Callable[[], str]]:
    with given_or_started() as server:
        yield server.database


STORES = {"sqlite": _sqlite, "postgresql": _postgresql}
CHECKS: dict[str, Callable[[str], None]] = {"sqlite": check_integrity}


def _campaign(store: str, fresh: Callable[[], str], kills: int, stops: int) -> bool:
    kept = True
    check = CHECKS.get(store, lambda _: None)
    for policy in ("park", "end", "ask", "resend"):
        harness = CrashHarness(fresh, policy=policy, after_kill=check)
        report = asyncio.run(harness.kill(kills))
        print(store, policy, report, flush=True)
        kept = kept and _kept(policy, report)
    harness = CrashHarness(fresh, policy="park")
    report = asyncio.run(harness.stop(stops, seconds=(1.8, 2.6)))
    print(store, "stops", report, flush=True)
    return kept and _kept("park", report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="of each policy")
    parser.add_argument("--stops", type=int, default=100)
    parser.add_argument("--store", choices=list(STORES), action="append", help="all by default")
    given = parser.parse_args()
    kept = True
    for store in given.store or STORES:
        with STORES[store]() as fresh:
            kept = _campaign(store, fresh, given.kills, given.stops) and kept
    if not kept:
        sys.exit(1)


if __name__ == "__main__":
    main()
