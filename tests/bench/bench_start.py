"""What it costs to start: each import and command in a process of its own.

Beside bare Python stands what the start cannot be below: the libraries that it is made of,
imported, or for the command line put to the least use.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.conftest import Table

EMPTY_GROUP = """
import rich_click as click
@click.group()
def group(): ...
@group.command()
def command(): ...
group(["--help"])
"""

STARTS = {
    "import devino_core": (["-c", "import devino_core"], "import msgspec, pluggy"),
    # The package alone loads nothing yet.
    "devino_codecs.rest.V1": (["-c", "from devino_codecs.rest import V1"], "import msgspec.json"),
    "import devino_codecs.text": (["-c", "import devino_codecs.text"], "import msgspec"),
    "devino --help": (
        [str(Path(sys.executable).parent / "devino"), "--help"],
        EMPTY_GROUP,
    ),
}

# The first run of each, which is not counted, is to leave compiled modules behind.
ENVIRON = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _start(arguments: list[str]) -> Callable[[], object]:
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, check=True, capture_output=True, env=ENVIRON)


@pytest.mark.parametrize("name", STARTS)
def test_start(compare: Table, name: str) -> None:
    arguments, floor = STARTS[name]
    label = "empty rich-click" if floor == EMPTY_GROUP else floor.removeprefix("import ")
    ratios = compare(
        name,
        _start(arguments),
        {"bare Python": _start(["-c", ""]), label: _start(["-c", floor])},
        rounds=21,
    )
    took = next(row[2] for row in reversed(compare.rows) if row[:2] == (name, "devino"))
    bare, least = (took * ratios[peer] * 1e3 for peer in ("bare Python", label))
    compare.note(
        f"{name}: {took * 1e3 - bare:.0f} ms over bare Python, {least - bare:.0f} of them {label}"
    )
