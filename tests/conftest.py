"""A developer's own settings must not reach the tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# No fixture: modules of tests take copies of the environment when they are imported.
for _name in [name for name in os.environ if name.upper().startswith("DEVINO")]:
    del os.environ[_name]
# Programs that tests start have buffers, as their users' have.
os.environ.pop("PYTHONUNBUFFERED", None)
# The command line looks there and here, too.
os.environ["XDG_CONFIG_HOME"] = os.fspath(Path(os.devnull).absolute())
if Path("devino.toml").exists():
    raise pytest.UsageError("devino.toml in this folder would reach the tests: move it elsewhere")

# A shell lets what it starts in the background ignore Ctrl-C, and so do the children of the tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--attack",
        choices=["sampled", "full"],
        default="sampled",
        help="how much of each attack in tests/attack is run",
    )
    parser.addoption(
        "--screenshots",
        metavar="FOLDER",
        help="where tests/ui keeps the pictures of the documentation",
    )
