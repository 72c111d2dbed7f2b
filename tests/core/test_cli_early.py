"""A signal while the command line is being imported ends it as one that comes later does."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import signal, sys
from devino.__main__ import main

class Interrupting:
    left, number = map(int, sys.argv[1:3])

    def find_spec(self, *_):
        self.left -= 1
        if not self.left:
            signal.raise_signal(self.number)

sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = sys.argv[3:]
main()
"""


def run(at: int, number: signal.Signals) -> subprocess.CompletedProcess[str]:
    """The script, which the signal meets as it looks for a module: the first, the second, ..."""
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(at), str(int(number)), "segments", "hello"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", [1, 2, 3, *range(10, 300, 29)])
def test_a_signal_during_an_import_is_one_line_and_code_130(
    at: int, number: signal.Signals
) -> None:
    ended = run(at, number)
    assert (ended.returncode, ended.stdout) == (130, "")
    # A terminal has shown ^C, so click begins a new line.
    assert ended.stderr.lstrip("\n") == "devino: interrupted\n"


def test_without_a_signal_it_does_its_work() -> None:
    ended = run(1_000_000, signal.SIGINT)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "1" in ended.stdout


def test_a_signal_that_is_ignored_stays_so() -> None:
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SCRIPT}"
    ended = subprocess.run(
        [sys.executable, "-c", code, "5", str(int(signal.SIGTERM)), "segments", "hello"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0


def test_it_runs_in_a_thread_where_no_signals_come() -> None:
    code = (
        "import sys, threading\n"
        "from devino.__main__ import main\n"
        "sys.argv[1:] = ['segments', 'hello']\n"
        "thread = threading.Thread(target=main)\n"
        "thread.start(); thread.join()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("GSM7, 1 SMS")
