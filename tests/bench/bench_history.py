"""What a send costs now, against another checkout: ``BASE=path pytest`` with this file.

Both send in processes of their own, in small turns, so that a busy machine slows them alike. A
base before ``devino_core.observe`` has no log; a later one is measured without.
"""

from __future__ import annotations

import json
import os
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
from tests.bench.conftest import Table

HERE = Path(__file__).resolve().parents[2]
BASE = os.environ.get("BASE")
TURNS = int(os.environ.get("TURNS", "60"))
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
    path = os.pathsep.join(str(checkout / part) for part in ("", "codecs", "plugins"))
    script = str(HERE / "tests/bench/_sends.py")
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", script, kind, json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path, **environ},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Sender(process.stdout, process.stdin)
        process.stdin.close()


@pytest.mark.skipif(BASE is None, reason="BASE names no checkout to compare with")
@pytest.mark.parametrize("kind", SENDS)
def test_sends_against_another_checkout(compare: Table, kind: str) -> None:
    base, count = Path(BASE or "").resolve(), SENDS[kind]
    login = {"login": "me", "password": "secret", "sender": "DEVINO"}
    with ExitStack() as stack:
        settings: dict[str, object] = dict(login)
        if kind == "smpp":
            centre = stack.enter_context(canned_centre())
            settings |= {"hosts": f"127.0.0.1:{centre}", "tls": False, "bind": "transceiver"}
        else:
            http = stack.enter_context(canned_server())
            settings |= {"base_url": f"http://127.0.0.1:{http}/rest/v2"}
        senders = {
            "base": stack.enter_context(sender(base, kind, settings)),
            "now": stack.enter_context(sender(HERE, kind, settings)),
            "now, log at INFO": stack.enter_context(sender(HERE, kind, settings, LOG="1")),
            "now, DEVINO_LOG=info": stack.enter_context(
                sender(HERE, kind, settings, DEVINO_LOG="info")
            ),
        }
        for one in senders.values():
            one.turn(count)
        turns = [{name: one.turn(count) for name, one in senders.items()} for _ in range(TURNS)]
    for name in senders:
        took = statistics.median(turn[name] for turn in turns) / count
        ratio = statistics.median(turn[name] / turn["base"] for turn in turns)
        compare.note(f"{kind:8} {name:22} {took * 1e6:8.1f} us CPU a send {ratio:6.2f}x of base")
