"""What it costs to start: each import and command in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.conftest import Table

STARTS = {
    "import devino_core": ["-c", "import devino_core"],
    "import devino_codecs.rest": ["-c", "import devino_codecs.rest"],
    "import devino_codecs.text": ["-c", "import devino_codecs.text"],
    "devino --help": [str(Path(sys.executable).parent / "devino"), "--help"],
}


def _start(arguments: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


@pytest.mark.parametrize("name", STARTS)
def test_start(compare: Table, name: str) -> None:
    ratios = compare(name, _start(STARTS[name]), {"bare Python": _start(["-c", ""])}, rounds=11)
    took = compare.rows[-2][2]
    over = took * (1 - ratios["bare Python"]) * 1e3
    compare.note(f"{name}: {over:.0f} ms over bare Python")
