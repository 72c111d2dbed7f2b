"""An outbox that is still open when the interpreter ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.pythons

PROGRAM = """
import sys
from devino_core import Message
from devino_core.outbox import Outbox
from devino_core.portal import LoopThread

outbox = Outbox(f"sqlite:///{sys.argv[1]}")
thread = LoopThread(outbox)
print(thread.run(lambda: outbox.enqueue(Message("79031234567", "Hello", ref="one"))).name)
"""


def test_it_is_closed_and_nothing_is_said(tmp_path: Path) -> None:
    for said in ("NEW", "SAME"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "outbox.db")],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (done.stdout.split(), done.stderr) == ([said], "")
