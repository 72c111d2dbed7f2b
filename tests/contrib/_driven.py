"""Drives the example projects as a user would: servers get a request, a worker is killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from devino_sandbox import LocalSandbox

from ._sandboxed import NUMBER, PASSWORD

__all__ = ["EXAMPLES", "SERVERS", "Project", "kill_the_worker", "run_tests", "serve"]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PATIENCE = 60.0
SECRET = "a-secret-of-this-test"


class Project(NamedTuple):
    """An example project, in a folder of its own."""

    folder: Path
    python: str
    """Its interpreter: where its requirements are installed."""

    @classmethod
    def copied(cls, name: str, into: Path, python: str) -> Project:
        return cls(Path(shutil.copytree(EXAMPLES / name, into / name)), python)

    def environ(self, sandbox: LocalSandbox, **given: str) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("DEVINO")}
        kept.pop("PYTHONPATH", None)
        settings = {**sandbox.environ("rest"), "DEVINO__REST__PASSWORD": PASSWORD}
        return {
            **kept,
            **settings,
            "CALLBACK_SECRET": SECRET,
            "PYTHONDONTWRITEBYTECODE": "1",
        } | given

    def run(self, *arguments: str, environ: dict[str, str] | None = None) -> str:
        """What a program of it prints, which ends well."""
        done = subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


def run_tests(project: Project, *command: str) -> None:
    """Its own tests pass."""
    said = project.run("-m", *command)
    assert re.search(r"\d+ passed|^OK$", said, re.MULTILINE), said


class Server(NamedTuple):
    project: str
    command: list[str]
    listening: str
    """What its log says then."""
    ends_by: signal.Signals = signal.SIGTERM
    ends_with: tuple[int, ...] = (0,)


SERVERS = {
    # It ends well and then hands on the signal that it got.
    "uvicorn": Server(
        "web-fastapi",
        ["uvicorn", "shop:app", "--port", "0"],
        r"running on (http://\S+)",
        ends_with=(0, -signal.SIGTERM),
    ),
    # It knows the terminal's signal only.
    "flask": Server(
        "web-flask",
        ["flask", "--app", "cafe", "run", "-p", "0"],
        r"on (http://\S+)",
        ends_by=signal.SIGINT,
    ),
    "gunicorn": Server(
        "web-flask",
        ["gunicorn", "--preload", "-w", "2", "-b", "127.0.0.1:0", "cafe:app"],
        r"Listening at: (http://\S+)",
    ),
}


def serve(name: str, project: Project, sandbox: LocalSandbox, log: Path) -> None:
    """A server sends a message, takes what the platform posts about it, and ends in good order."""
    server = SERVERS[name]
    with _running(project, server.command, project.environ(sandbox), log) as process:
        found = _until(lambda: re.search(server.listening, log.read_text()), process, log)
        url = found[1]
        told = _post(f"{url}/notify", {"to": NUMBER, "content": f"from {name}"})
        assert json.loads(told)["status"]["state"] == "ACCEPTED"
        report = [{"id": 3158611117333282817, "receivedAt": "1527861323068", "status": "READ"}]
        _post(f"{url}/devino/{SECRET}/viber", report)
        process.send_signal(server.ends_by)
        process.wait(PATIENCE)
    assert [message.text for message in sandbox.messages(to=NUMBER)] == [f"from {name}"]
    said = log.read_text()
    assert "Traceback" not in said, said
    assert process.returncode in server.ends_with, said


def kill_the_worker(project: Project, sandbox: LocalSandbox, log: Path) -> None:
    """What a worker sent that was killed is not sent again, though the broker gives it again."""
    with Withholding(sandbox.endpoints["rest"]) as relay:
        environ = project.environ(
            sandbox,
            DEVINO__REST__BASE_URL=relay.url,
            DEVINO__OUTBOX__URL=f"sqlite:///{project.folder / 'outbox.db'}",
        )
        queue, taken = (project.folder / "florist" / name for name in ("queue", "taken"))

        def tell(order: str) -> None:
            project.run("florist.py", order, NUMBER, f"Order {order} is ready", environ=environ)

        def give_again() -> None:
            """As a broker does when the visibility timeout is over."""
            for file in taken.iterdir():
                if b'"devino.send_message"' in file.read_bytes():
                    file.rename(queue / file.name)

        with _worker(project, environ, log) as worker:
            tell("1")
            _until(lambda: "order-1 is DELIVERED" in log.read_text(), worker, log)
            relay.withholds.set()
            tell("2")
            _until(lambda: len(sandbox.messages()) == 2, worker, log)
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait(PATIENCE)
        relay.withholds.clear()
        give_again()
        again = log.with_name("again")
        with _worker(project, environ, again) as worker:
            _until(lambda: "OutcomeUnknown" in again.read_text(), worker, again)
            # The first one's task came again, too, and its end was told from memory.
            _until(lambda: "order-1 is DELIVERED" in again.read_text(), worker, again)
            tell("3")
            _until(lambda: "order-3 is DELIVERED" in again.read_text(), worker, again)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE) == 0, again.read_text()
    sent = sorted(message.text for message in sandbox.messages())
    assert sent == [f"Order {order} is ready" for order in "123"]
    for said in (log.read_text(), again.read_text()):
        assert NUMBER not in said
        assert "is ready" not in said


class Withholding:
    """A relay to a server. While :attr:`withholds` is set its answers do not come through."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 80)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}{parts.path}"
        self.withholds = threading.Event()

    def __enter__(self) -> Withholding:
        _in_thread(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # A thread that waits in accept() would hold the port.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                server = socket.create_connection(self._server)
                _in_thread(partial(self._pass, client, server))
                _in_thread(partial(self._pass, server, client, answers=True))

    def _pass(self, source: socket.socket, to: socket.socket, *, answers: bool = False) -> None:
        with suppress(OSError), source, to:
            while data := source.recv(65536):
                if not (answers and self.withholds.is_set()):
                    to.sendall(data)


def _in_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _post(url: str, body: object) -> bytes:
    data = json.dumps(body).encode()
    asked = Request(url, data, {"Content-Type": "application/json"}, method="POST")
    with urlopen(asked, timeout=PATIENCE) as answer:
        said: bytes = answer.read()
    return said


@contextmanager
def _worker(
    project: Project, environ: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]
    command = ["celery", "-A", "florist", "worker", "-P", "prefork", "-c", "1", *quiet]
    with _running(project, command, environ, log) as process:
        _until(lambda: "ready." in log.read_text(), process, log)
        yield process


@contextmanager
def _running(
    project: Project, command: list[str], environ: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as file:
        process = subprocess.Popen(
            [project.python, "-m", *command],
            cwd=project.folder,
            env=environ,
            stdout=file,
            stderr=file,
            # Its children end with it.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _until(
    look: Callable[[], re.Match[str] | bool | None], process: subprocess.Popen[bytes], log: Path
) -> re.Match[str]:
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
    return found  # type: ignore[return-value]
