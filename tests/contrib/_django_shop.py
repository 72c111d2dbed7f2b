"""The example project of Django, run as a user would: in a folder of its own, by its commands."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PATIENCE", "Bakery", "environ_of"]

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "web-django"
PATIENCE = 120.0
# Pythons 3.12.0 to 3.12.3 take SQLite's ?1 for a name, and say so.
_STRICT = (
    "-W",
    "error",
    "-W",
    "ignore:Binding:DeprecationWarning",
    # An old rich-click beside a new Click.
    "-W",
    "ignore:'click.utils:DeprecationWarning",
)


class Bakery:
    """A copy of the project with its environment."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder / "web-django"
        shutil.copytree(EXAMPLE, self.folder)
        self._environ = {**environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
        self._environ["BAKERY_DB"] = str(folder / "bakery.sqlite3")

    def manage(self, *arguments: str, fails: bool = False, **environ: str) -> str:
        """Run a command, and give what it says."""
        done = subprocess.run(
            [sys.executable, *_STRICT, "manage.py", *arguments],
            cwd=self.folder,
            env={**self._environ, **environ},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, said
        return said

    @contextmanager
    def running(
        self, *arguments: str, until: str, how: signal.Signals = signal.SIGTERM
    ) -> Iterator[re.Match[str]]:
        """Run a command that goes on until it is told to stop. Gives what it said first."""
        log = self.folder / f"{arguments[0]}.log"
        with log.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=self.folder,
                env=self._environ,
                stdout=file,
                stderr=file,
            )
        try:
            end = time.monotonic() + PATIENCE
            while (found := re.search(until, log.read_text())) is None:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            yield found
        finally:
            process.send_signal(how)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
        assert "Traceback" not in log.read_text(), log.read_text()
        assert process.returncode == 0, log.read_text()

    @contextmanager
    def served(self) -> Iterator[str]:
        """The development server; gives its address."""
        with self.running(
            "runserver", "--noreload", "127.0.0.1:0", until=r"at (http://\S+)/", how=signal.SIGINT
        ) as found:
            yield found[1]


def environ_of(variables: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without a developer's own settings, and with these."""
    dropped = ("DEVINO", "PG", "DJANGO")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    return {**kept, **variables}
