"""What a send costs now, against another checkout: ``BASE=path pytest`` with this file.

Both send in processes of their own, many times anew, and in small turns, so that a busy machine
slows them alike. A base before ``devino_core.observe`` has no log; a later one is measured without.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.bench._canned_http import canned_server
from tests.bench._canned_smpp import canned_centre
from tests.bench._process import HERE, path_of
from tests.bench.conftest import Table

BASE = os.environ.get("BASE")
TURNS = int(os.environ.get("TURNS", "15"))
LIVES = int(os.environ.get("LIVES", "15"))
"""The same program differs by a tenth from process to process: where its memory lies."""
SENDS = {"rest-v2": 100, "smpp": 1000}
"""Of one turn."""


class Sender:
    """One process that sends."""

    def __init__(self, reads: IO[str], writes: IO[str]) -> None:
        self._reads = reads
        self._writes = writes

    def turn(self, count: int) -> float:
        """CPU seconds of so many sends."""
        print(count, file=self._writes, flush=True)
        return float(self._reads.readline())


@contextmanager
def sender(
    checkout: Path, kind: str, settings: Mapping[str, object], **environ: str
) -> Iterator[Sender]:
    script = str(HERE / "tests/bench/_sends.py")
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", script, kind, json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path_of(checkout), **environ},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Sender(process.stdout, process.stdin)
        process.stdin.close()


@pytest.mark.skipif(BASE is None, reason="BASE names no checkout to compare with")
@pytest.mark.parametrize("kind", SENDS)
def test_sends_against_another_checkout(compare: Table, kind: str) -> None:
    base = Path(BASE or "").resolve()
    settings: dict[str, object] = {"login": "me", "password": "secret", "sender": "DEVINO"}
    with ExitStack() as stack:
        if kind == "smpp":
            centre = stack.enter_context(canned_centre())
            settings |= {"hosts": f"127.0.0.1:{centre}", "tls": False, "bind": "transceiver"}
        else:
            http = stack.enter_context(canned_server())
            settings |= {"base_url": f"http://127.0.0.1:{http}/rest/v2"}
        lives = [_life(base, kind, settings) for _ in range(LIVES)]
    for name in lives[0]:
        took = statistics.median(life[name] for life in lives) / SENDS[kind]
        ratio = statistics.median(life[name] for life in lives) / statistics.median(
            life["base"] for life in lives
        )
        compare.note(f"{kind:8} {name:22} {took * 1e6:8.1f} us CPU a send {ratio:6.2f}x of base")


def _life(base: Path, kind: str, settings: Mapping[str, object]) -> Mapping[str, float]:
    """What a turn of each takes, in processes of this life."""
    with ExitStack() as stack:
        senders = {
            "base": stack.enter_context(sender(base, kind, settings)),
            "now": stack.enter_context(sender(HERE, kind, settings)),
            "now, log at INFO": stack.enter_context(sender(HERE, kind, settings, LOG="1")),
            "now, DEVINO_LOG=info": stack.enter_context(
                sender(HERE, kind, settings, DEVINO_LOG="info")
            ),
        }
        names = list(senders)
        # Whoever always comes after the same one would find the caches as that one leaves them.
        orders = [random.sample(names, len(names)) for _ in range(TURNS + 1)]
        turns = [{name: senders[name].turn(SENDS[kind]) for name in order} for order in orders]
    return {name: statistics.median(turn[name] for turn in turns[1:]) for name in names}
