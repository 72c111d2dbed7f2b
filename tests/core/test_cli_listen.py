"""``devino listen``: the platform's events as lines of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner, Result

from devino_core import Event, Incoming, Plugins, State, Status, StatusChanged
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App, ExitCode
from devino_core.testing import ManualClock
from tests.core._callbacks import SECRET
from tests.core._cli import NOW, objects
from tests.core._examples import EXAMPLES, example
from tests.core._fake import FakeChannel, plugin, spec

REPORT = b'[{"id": 17, "state": "read", "at": "2026-01-01T12:00:00Z"}]'
TOLD = {
    "event": "StatusChanged",
    "id": "17:read",
    "at": "2026-01-01T12:00:00Z",
    "channel": "acme",
    "message_id": "17",
    "ref": None,
}


class Pushing(FakeChannel):
    """Pushes two events, then sends a signal."""

    acknowledged: list[str]
    given_back: list[str]
    ends_by = signal.SIGINT

    async def events(self) -> AsyncIterator[Event]:
        for event in (
            Incoming(id="1", at=NOW, raw=object(), sender="79031234567", to="1234", text="Hi"),
            StatusChanged(id="2", at=NOW, message_id="17", status=Status(state=State.READ)),
        ):
            try:
                yield event
            except BaseException:
                self.given_back.append(event.id)
                raise
            self.acknowledged.append(event.id)
        signal.raise_signal(self.ends_by)
        await asyncio.Event().wait()


@pytest.fixture
def pushing() -> type[Pushing]:
    class Own(Pushing):
        acknowledged: list[str] = []  # noqa: RUF012 - of this class
        given_back: list[str] = []  # noqa: RUF012 - likewise

    return Own


def listen(pushing: type[Pushing], *args: str, clock: ManualClock | None = None) -> Result:
    plugins = Plugins(discover=False)
    plugins.register(plugin(spec("pushing", pushing)), "pushing")
    environ = {"DEVINO__PUSHING__TOKEN": "t", "DEVINO_CONFIG": "", "DEVINO_CALLBACK_SECRET": ""}
    command = Devino(App(plugins=plugins, clock=clock or ManualClock(NOW)))
    return CliRunner(env=environ).invoke(command, ("listen", *args))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_channel_is_followed_until_a_signal(
    pushing: type[Pushing], number: signal.Signals
) -> None:
    pushing.ends_by = number
    result = listen(pushing, "--channel", "pushing")
    assert (result.exit_code, result.stderr) == (0, "")
    incoming, changed = objects(result.stdout)
    assert incoming["event"] == "Incoming"
    assert incoming["text"] == "Hi"
    assert "raw" not in incoming
    assert (changed["event"], changed["status"]) == ("StatusChanged", {"state": "READ"})
    assert pushing.acknowledged == ["1", "2"]


def test_a_second_signal_ends_it_at_once(
    pushing: type[Pushing], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stubborn(self: Pushing) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(pushing, "aclose", stubborn)
    result = listen(pushing, "--channel", "pushing")
    assert result.exit_code == ExitCode.INTERRUPTED


def test_an_unknown_channel_is_one_line_and_code_2(pushing: type[Pushing]) -> None:
    result = listen(pushing, "--channel", "pushin")
    assert result.exit_code == 2
    assert "did you mean 'pushing'?" in result.stderr


class Collector(BaseHTTPRequestHandler):
    """Answers with the statuses that a test wants, then with 204."""

    answers: list[int]
    taken: list[Any]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.answers.pop(0) if self.answers else 204
        if status < 300:
            assert self.headers["Content-Type"] == "application/json"
            self.taken.append(json.loads(body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@contextmanager
def collecting(*answers: int) -> Iterator[tuple[str, list[Any]]]:
    handler = type("Own", (Collector,), {"answers": list(answers), "taken": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/events", handler.taken  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            serving.join()


def test_an_event_is_posted_until_it_is_taken_and_then_acknowledged(
    pushing: type[Pushing],
) -> None:
    clock = ManualClock(NOW, auto_advance=True)
    with collecting(500, 302, 429, 401) as (url, taken):
        result = listen(pushing, "--channel", "pushing", "--forward-to", url, clock=clock)
    assert result.exit_code == 0
    assert taken == objects(result.stdout)
    assert [event["id"] for event in taken] == ["1", "2"]
    assert pushing.acknowledged == ["1", "2"]
    # 1, 2, 5 and 10 seconds.
    assert clock.monotonic() == 18
    notes = result.stderr.splitlines()
    assert notes[0] == (
        "devino: --forward-to: it answered with HTTP 500; the event is posted again in 1 s"
    )
    assert len(notes) == 4


def test_an_event_that_nobody_takes_is_not_acknowledged(pushing: type[Pushing]) -> None:
    class Ending(ManualClock):
        async def sleep(self, seconds: float) -> None:
            if self.monotonic() == 0:
                self.advance(1)
                return
            signal.raise_signal(signal.SIGINT)
            await super().sleep(seconds)

    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    result = listen(pushing, "--channel", "pushing", "--forward-to", url, clock=Ending(NOW))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert pushing.acknowledged == []
    assert pushing.given_back == ["1"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--channel", "pushing", "--source", "acme"], "give --channel, or --source"),
        (["--source", "acme"], "no plugin brings a source 'acme'"),
        ([], "give --secret-file or $DEVINO_CALLBACK_SECRET"),
        (["--channel", "pushing", "--forward-to", "events"], "--forward-to must be an absolute"),
        (["--channel", "pushing", "--forward-to", "http://x/?a=b"], "--forward-to must hold no"),
        (["--host", ""], "'--host': must not be empty"),
    ],
)
def test_a_wrong_source_or_url_is_one_line_and_code_2(
    pushing: type[Pushing], args: list[str], said: str
) -> None:
    result = listen(pushing, *args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("package", "args", "said"),
    [
        (
            "uvicorn",
            ["--source", "acme"],
            'uvicorn to receive: pip install "devino[sandbox]"',
        ),
        ("aiohttp", ["--forward-to", "http://x"], 'needs aiohttp: pip install "devino[http]"'),
    ],
)
def test_a_missing_package_says_what_to_install(
    package: str, args: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith("devino_core.http")]:
        monkeypatch.delitem(sys.modules, name)
    plugins = Plugins(discover=False)
    plugins.register(example("callback_source"), "callback_source")
    environ = {"DEVINO_CONFIG": "", "DEVINO_CALLBACK_SECRET": SECRET}
    result = CliRunner(env=environ).invoke(Devino(App(plugins=plugins)), ("listen", *args))
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("secret", "said"), [("short", "16 or more characters"), (b"\xff", "cannot read")]
)
def test_a_file_without_a_valid_secret_is_one_line_and_code_2(
    secret: str | bytes, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(secret.encode() if isinstance(secret, str) else secret)
    plugins = Plugins(discover=False)
    plugins.register(example("callback_source"), "callback_source")
    result = CliRunner(env={"DEVINO_CONFIG": ""}).invoke(
        Devino(App(plugins=plugins)), ("listen", "--secret-file", str(file))
    )
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_port_that_is_taken_is_one_line_and_code_2() -> None:
    plugins = Plugins(discover=False)
    plugins.register(example("callback_source"), "callback_source")
    environ = {"DEVINO_CONFIG": "", "DEVINO_CALLBACK_SECRET": SECRET}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner(env=environ).invoke(
            Devino(App(plugins=plugins)), ("listen", "--port", port)
        )
    assert result.exit_code == 2
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use; " in result.stderr


@contextmanager
def receiving(
    *args: str, stderr: int = subprocess.PIPE, secret: str = SECRET
) -> Iterator[subprocess.Popen[str]]:
    """A process that serves the docs' sources."""
    environ = {
        **os.environ,
        "DEVINO_CONFIG": "",
        "DEVINO_PLUGINS": "callback_source",
        "DEVINO_CALLBACK_SECRET": secret,
        "PYTHONPATH": str(EXAMPLES),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "devino_core.cli", "listen", "--port", "0", *args],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=environ,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def base_of(process: subprocess.Popen[str]) -> str:
    """The URL on which the process says that it listens."""
    assert process.stderr is not None
    (base,) = re.findall(r"register (http://[\d.]+:\d+)/<secret>/", process.stderr.readline())
    return str(base)


def post(url: str, body: bytes) -> int:
    try:
        with urlopen(Request(url, body, method="POST"), timeout=60) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_callbacks_are_lines_of_json_until_a_signal(number: signal.Signals) -> None:
    with receiving() as process:
        base = base_of(process)
        assert process.stdout is not None
        for _ in range(2):
            assert post(f"{base}/hooks/{SECRET}/acme", REPORT) == 200
        line = process.stdout.readline()
        told = json.loads(line)
        assert told["status"]["state"] == "READ"
        assert {key: told[key] for key in TOLD} == TOLD
        assert post(f"{base}/{SECRET}/acme", b"[79031234567") == 400
        assert post(f"{base}/{SECRET[::-1]}/acme", REPORT) == 404
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, "")
        assert err.count("\n") == 1
        assert "a callback to acme cannot be read: " in err
        assert SECRET not in line + err
        assert "79031234567" not in err


def test_a_callback_that_offers_an_upgrade_keeps_its_body() -> None:
    with receiving("--source", "acme") as process:
        offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": ""}
        # urllib would put `close` in place of the offer.
        url = urlsplit(base_of(process))
        connection = HTTPConnection(str(url.hostname), url.port, timeout=60)
        connection.request("POST", f"/{SECRET}/acme", REPORT, offer)
        assert connection.getresponse().status == 200
        connection.close()
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["message_id"] == "17"


def test_the_sources_that_are_asked_for_are_served(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text(SECRET + "\n")
    new.write_text(SECRET[::-1])
    with receiving(
        "--source", "acme", "--secret-file", str(new), "--secret-file", str(old), secret="x"
    ) as process:
        base = base_of(process)
        assert post(f"{base}/{SECRET}/acme", REPORT) == 200
        assert post(f"{base}/{SECRET[::-1]}/acme", REPORT) == 200
        assert post(f"{base}/{SECRET}/acme-inbox", b"{}") == 404


def test_an_event_that_nobody_took_is_answered_500_at_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with receiving("--forward-to", url) as process:
        base = base_of(process)
        statuses: list[int] = []
        posting = threading.Thread(
            target=lambda: statuses.append(post(f"{base}/{SECRET}/acme", REPORT))
        )
        posting.start()
        assert process.stderr is not None
        assert "posted again in 1 s" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        posting.join(60)
        assert (process.returncode, out) == (0, "")
        assert "Traceback" not in err
        assert statuses == [500]


def test_a_closed_output_ends_the_command_and_takes_nothing() -> None:
    with receiving() as process:
        base = base_of(process)
        assert process.stdout is not None
        process.stdout.close()
        assert post(f"{base}/{SECRET}/acme", REPORT) == 500
        assert process.wait(60) == ExitCode.UNWRITTEN
        assert process.stderr is not None
        assert "the output cannot be written" in process.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")
def test_a_new_secret_is_shown_on_the_terminal() -> None:
    terminal, inside = os.openpty()
    with receiving(stderr=inside, secret="") as process:
        os.close(inside)
        shown = b""
        while b"sources are" not in shown:
            shown += os.read(terminal, 4096)
        (base, secret) = re.findall(r"(http://[\d.]+:\d+)/([\w-]{32})/<source>", shown.decode())[0]
        assert post(f"{base}/{secret}/acme", REPORT) == 200
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert secret not in out
        assert process.returncode == 0
    os.close(terminal)
