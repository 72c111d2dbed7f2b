"""The measuring harness: ours and named peers, interleaved in one run, as a table of ratios.

A machine's speed drifts, so only ratios taken in the same minute mean anything: every round runs
each contender once, in turn, and a ratio is the median of those of the rounds. pytest-benchmark
keeps the absolute figures; the table printed at the end of the run holds the ratios.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import truediv
from typing import Any

import pytest

Contender = Callable[[], object]


@dataclass
class Table:
    """Rows of ``(group, contender, seconds per call, ratio to ours)``, printed at the end."""

    rows: list[tuple[str, str, float, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __call__(
        self,
        group: str,
        ours: Contender,
        peers: Mapping[str, Contender],
        *,
        rounds: int = 7,
        number: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> dict[str, float]:
        """Measure and give peer -> how many times our time it takes (> 1: we are faster)."""
        contenders = {"devino": ours, **peers}
        for run in contenders.values():
            run()
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, run in contenders.items():
                gc.collect()
                began = clock()
                for _ in range(number):
                    run()
                times[name].append((clock() - began) / number)
        ratios: dict[str, float] = {}
        for name, taken in times.items():
            # Of each round: what slows the machine meanwhile slows both.
            ratios[name] = statistics.median(map(truediv, taken, times["devino"]))
            self.rows.append((group, name, statistics.median(taken), ratios[name]))
        del ratios["devino"]
        return ratios

    def note(self, text: str) -> None:
        """A figure that is not a ratio: peak memory, a start-up time."""
        self.notes.append(text)


_TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLE] = Table()


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Table:
    return request.config.stash[_TABLE]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    table = config.stash[_TABLE]
    if not (table.rows or table.notes):
        return
    terminalreporter.section("ratios (a peer's time as a multiple of ours)")
    for group, name, took, ratio in table.rows:
        terminalreporter.write_line(f"{group:48} {name:18} {took * 1e6:14.2f} us {ratio:8.2f}x")
    for note in table.notes:
        terminalreporter.write_line(note)
