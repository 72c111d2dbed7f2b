"""The harness of kills itself."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

import pytest

from devino_core.testing import CrashHarness


@pytest.mark.timeout(300)
def test_a_trace_explains_what_was_sent_twice(tmp_path: Path) -> None:
    """The platform loses the first answer for ``m3L``, and its policy sends it again."""
    numbers = itertools.count()
    trace = tmp_path / "trace"
    harness = CrashHarness(
        lambda: f"sqlite:{tmp_path / f'{next(numbers)}.db'}",
        policy="resend",
        messages=5,
        trace=trace,
    )
    report = asyncio.run(harness.kill(1))
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    told = [line for line in lines if line["what"] == "sent twice"]
    assert len(told) == report.twice
    assert "m3L" in {line["ref"] for line in told}
    first = [line for line in lines[: lines.index(told[0])] if line.get("ref") == "m3L"]
    whats = [line["what"] for line in first]
    assert whats.count("taken") >= 2
    assert whats.index("claim") < whats.index("taken")
    attempts = [line["attempt"] for line in first if line["what"] == "claim"]
    assert attempts == sorted(set(attempts))
    moves = {line["what"] for line in lines if line.get("done")}
    assert {"INTENDED to DOUBT", "DOUBT to QUEUED", "INTENDED to SENT"} <= moves
