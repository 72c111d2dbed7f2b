"""The whole campaign: kills of every policy, and stops. It exits with 1 if a promise is broken."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from devino_core.testing import CrashHarness, CrashReport

from .test_sqlite import check_integrity


def _kept(policy: str, report: CrashReport) -> bool:
    most = report.doubts if policy == "resend" else 0
    return report.lost == report.lies == report.failures == 0 and report.twice <= most


def _campaign(fresh: Callable[[], str], kills: int, stops: int) -> bool:
    kept = True
    for policy in ("park", "end", "ask", "resend"):
        harness = CrashHarness(fresh, policy=policy, after_kill=check_integrity)
        report = asyncio.run(harness.kill(kills))
        print(policy, report, flush=True)
        kept = kept and _kept(policy, report)
    harness = CrashHarness(fresh, policy="park")
    report = asyncio.run(harness.stop(stops, seconds=(1.8, 2.6)))
    print("stops", report, flush=True)
    return kept and _kept("park", report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="of each policy")
    parser.add_argument("--stops", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        numbers = itertools.count()
        fresh = lambda: f"sqlite:{Path(folder) / f'{next(numbers)}.db'}"  # noqa: E731
        if not _campaign(fresh, given.kills, given.stops):
            sys.exit(1)


if __name__ == "__main__":
    main()
