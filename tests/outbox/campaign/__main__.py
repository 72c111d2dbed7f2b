"""The whole campaign: kills of every policy, and stops. It exits with 1 if a promise is broken."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devino_core.testing import CrashHarness, CrashReport
from tests.outbox.nats_campaign import cluster_kills, server_kills
from tests.outbox.nats_server import cluster_started, nats_started
from tests.outbox.server import given_or_started
from tests.outbox.test_sqlite import check_integrity

POLICIES = ("park", "end", "ask", "resend")


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


@contextmanager
def _nats() -> Iterator[Callable[[], str]]:
    with nats_started() as server:
        yield server.outbox


STORES = {"sqlite": _sqlite, "postgresql": _postgresql, "nats": _nats}
CHECKS: dict[str, Callable[[str], None]] = {"sqlite": check_integrity}


class _Given(argparse.Namespace):
    kills: int
    stops: int
    breaks: int
    cluster_breaks: int
    store: list[str] | None
    policy: list[str] | None
    seed: int
    trace: Path | None


async def _watched(harness: CrashHarness, work: Awaitable[CrashReport]) -> CrashReport:
    """The work's report; each minute what it has come to so far goes to stderr."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(60)
            print(harness.report, file=sys.stderr, flush=True)

    telling = asyncio.create_task(tell())
    try:
        return await work
    finally:
        telling.cancel()


def _campaign(store: str, fresh: Callable[[], str], given: _Given) -> bool:
    kept = True
    check = CHECKS.get(store, lambda _: None)
    for policy in given.policy or POLICIES:
        harness = CrashHarness(
            fresh, policy=policy, after_kill=check, seed=given.seed, trace=given.trace
        )
        report = asyncio.run(_watched(harness, harness.kill(given.kills)))
        print(store, policy, report, flush=True)
        kept = kept and _kept(policy, report)
    harness = CrashHarness(fresh, policy="park", seed=given.seed, trace=given.trace)
    report = asyncio.run(_watched(harness, harness.stop(given.stops, seconds=(1.8, 2.6))))
    print(store, "stops", report, flush=True)
    return kept and _kept("park", report)


def _break_servers(given: _Given) -> bool:
    """Kill the store's own server, and one of a cluster."""
    kept = True
    for policy in given.policy or POLICIES:
        with nats_started() as server:
            report = server_kills(
                server, given.breaks, policy=policy, seed=given.seed, trace=given.trace
            )
        print("nats, its server", policy, report, flush=True)
        kept = kept and _kept(policy, report)
        with cluster_started() as cluster:
            report = cluster_kills(
                cluster, given.cluster_breaks, policy=policy, seed=given.seed, trace=given.trace
            )
        print("nats, of a cluster", policy, report, flush=True)
        kept = kept and _kept(policy, report)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="of each policy")
    parser.add_argument("--stops", type=int, default=100)
    parser.add_argument("--breaks", type=int, default=100, help="of a server of NATS")
    parser.add_argument("--cluster-breaks", type=int, default=100, help="of servers of a cluster")
    parser.add_argument("--store", choices=list(STORES), action="append", help="all by default")
    parser.add_argument("--policy", choices=POLICIES, action="append", help="all by default")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--trace", type=Path, help="a file for all that happens")
    given = parser.parse_args(namespace=_Given())
    kept = True
    for store in given.store or STORES:
        with STORES[store]() as fresh:
            kept = _campaign(store, fresh, given) and kept
        if store == "nats":
            kept = _break_servers(given) and kept
    if not kept:
        sys.exit(1)


if __name__ == "__main__":
    main()
