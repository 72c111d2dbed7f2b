"""The receiver under the ASGI servers that people run, over real sockets."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

ROOT = Path(__file__).parents[2]
SECRET = "the-secret-of-this-test"
APP = "tests.interop._receiver:app"
SERVERS: dict[str, Callable[[int], Sequence[str]]] = {
    "uvicorn": lambda port: ["uvicorn", APP, "--host", "127.0.0.1", "--port", str(port)],
    "hypercorn": lambda port: ["hypercorn", APP, "--bind", f"127.0.0.1:{port}"],
    "granian": lambda port: ["granian", "--interface", "asgi", "--port", str(port), APP],
    "daphne": lambda port: ["daphne", "-b", "127.0.0.1", "-p", str(port), APP],
}
REPORTS = json.dumps(
    [
        {"id": 3158611117333282816 + n, "receivedAt": "1527861323068", "status": "READ"}
        for n in range(3)
    ]
).encode()
IDS = [f"{3158611117333282816 + n}:read" for n in range(3)]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int, taken: Path) -> None:
        self.process = process
        self.port = port
        self._taken = taken

    @property
    def taken(self) -> list[str]:
        """The ids of events, in no order: a plain function takes each in a thread of its own."""
        return sorted(self._taken.read_text().split()) if self._taken.exists() else []

    def ask(
        self, method: str, target: str, body: bytes | Sequence[bytes] | None = None
    ) -> tuple[int, bytes, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            # A list goes in chunks, without a length.
            sent = iter(body) if isinstance(body, list) else body
            connection.request(method, target, sent)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.getheader("Content-Type")
        finally:
            connection.close()

    def until_up(self) -> None:
        for _ in range(600):
            try:
                if self.ask("HEAD", f"/{SECRET}/viber")[0] == 200:
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
            time.sleep(0.05)
        raise AssertionError(f"the server did not start: {self.process.args!r}")


@contextmanager
def served(name: str, folder: Path) -> Iterator[Server]:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    taken, port = folder / "taken", free_port()
    environ = {**os.environ, "RECEIVER_FILE": str(taken), "RECEIVER_SECRET": SECRET}
    process = subprocess.Popen(
        [sys.executable, "-m", *SERVERS[name](port)],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(process, port, taken)
    try:
        server.until_up()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.parametrize("name", SERVERS)
def test_it_receives(name: str, tmp_path: Path) -> None:
    with served(name, tmp_path) as server:
        url = f"/anything/{SECRET}"
        assert server.ask("POST", f"{url}/viber", REPORTS) == (200, b"", None)
        assert server.taken == IDS
        # A repeat, and a part of it in chunks: taken once.
        assert server.ask("POST", f"{url}/viber", [REPORTS[:20], REPORTS[20:]])[0] == 200
        assert server.taken == IDS
        form = {"sourcePhone": "79089876534", "number": "2435", "text": "да+", "messageId": "5"}
        query = urlencode(form)
        reply = (200, "{sms=Ваш текст: да+}".encode(), "text/plain; charset=utf-8")
        assert server.ask("GET", f"{url}/sms?{query}") == reply
        assert server.ask("POST", f"{url}/sms", query.encode()) == reply
        assert server.taken == sorted([*IDS, "5"])
        assert server.ask("POST", f"{url}/viber", b"[{}]")[0] == 400
        assert server.ask("POST", f"{url}/nobody", REPORTS)[0] == 404
        assert server.ask("POST", f"/{SECRET}x/viber", REPORTS)[0] == 404
        assert server.ask("GET", f"{url}/viber")[0] == 405
        assert server.ask("HEAD", f"{url}/vk")[0] == 200
        assert server.ask("POST", f"{url}/vk", b" " * (8 * 1024 * 1024 + 1))[0] == 413


def test_what_was_not_taken_before_the_process_died_comes_again(tmp_path: Path) -> None:
    form = {"sourcePhone": "79089876534", "number": "2435", "text": "wait", "messageId": "7"}
    target = f"/{SECRET}/sms?{urlencode(form)}"
    with (
        served("uvicorn", tmp_path) as server,
        socket.create_connection(("127.0.0.1", server.port)) as platform,
    ):
        platform.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        while not server.taken:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = platform.recv(100)
        # Nobody said that it was taken.
        assert answer == b""
    (tmp_path / "taken.open").touch()
    with served("uvicorn", tmp_path) as server:
        status, body, _ = server.ask("GET", target)
        assert (status, body) == (200, "{sms=Ваш текст: wait}".encode())
        assert server.taken == ["7", "7"]
