"""Processes that fork with an open client: the children end, and the parent goes on."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from anyio.from_thread import start_blocking_portal

from devino_sandbox import Sandbox, World

pytestmark = [
    pytest.mark.pythons,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PATIENCE = 100
"""Seconds after which a process hangs. None takes three, but on a busy machine some take twenty."""


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox whose channels the environment names, as a program finds them."""
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(Sandbox(World(), discover=False)) as running,
    ):
        smtp = running.endpoints["smtp"].rpartition(":")
        values = {
            "REST_V2": {"BASE_URL": running.endpoints["rest_v2"]},
            "XML": {"BASE_URL": running.endpoints["xml"]},
            "SMPP": {"HOSTS": running.endpoints["smpp"].removeprefix("smpp://"), "TLS": "false"},
            "EMAIL2SMS": {
                "HOST": "127.0.0.1",
                "PORT": smtp[2],
                "TLS": "none",
                "FROM_ADDR": "me@example.org",
                "LOCAL_HOSTNAME": "localhost",
            },
        }
        for name, keys in values.items():
            keys |= {"LOGIN": "demo", "PASSWORD": "demo", "SENDER": "DEVINO"}
            for key, value in keys.items():
                monkeypatch.setenv(f"DEVINO__{name}__{key}", value)
        monkeypatch.setenv("PYTHONPATH", str(EXAMPLES))
        yield running


def run(program: str, *arguments: str) -> str:
    """What a program prints, which ends within :data:`PATIENCE` and says nothing of errors."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


ENDS = {
    "exits": "sys.exit(0)",
    "closes": "client.close()\n    sys.exit(0)",
    "drops": "del client\n    gc.collect()\n    sys.exit(0)",
    "replaces": "client = Client()\n    client.open()\n    client.send(hello)\n    client.close()\n"
    "    sys.exit(0)",
    "leaves the block": "block.close()\n    sys.exit(0)",
    "ends": "sys.exit = None",
}


@pytest.mark.parametrize(
    ("channel", "how"),
    [*(("rest-v2", how) for how in ENDS), *((kind, "drops") for kind in ("smpp", "email2sms"))],
)
def test_a_child_ends_and_its_parent_goes_on(sandbox: Sandbox, channel: str, how: str) -> None:
    program = f"""
import contextlib, gc, os, sys
from devino_core import Client, Message
hello = Message("79031234567", "Hello")
block = contextlib.ExitStack()
client = block.enter_context(Client(default={channel!r}))
client.send(hello)
child = os.fork()
if child == 0:
    {ENDS[how]}
else:
    assert os.waitpid(child, 0)[1] == 0
    client.send(Message("79031234567", "Hello"))
    block.close()
    print("done")
"""
    assert run(program) == "done\n"
    assert len(list(sandbox.world.messages())) == (3 if how == "replaces" else 2)


def test_a_child_that_uses_the_client_is_told_and_ends(sandbox: Sandbox) -> None:
    program = """
import os, sys
from devino_core import Client, Message
with Client(default="rest-v2") as client:
    client.send(Message("79031234567", "Hello"))
    child = os.fork()
    if child == 0:
        try:
            client.send(Message("79031234567", "Hello"))
        except RuntimeError as error:
            print(error, flush=True)
        sys.exit(0)
    os.waitpid(child, 0)
"""
    assert "opened before a fork" in run(program)


def test_children_that_fork_while_threads_send_end(sandbox: Sandbox) -> None:
    program = """
import os, sys, threading
from devino_core import Client, Message
with Client(default="rest-v2") as client:
    def work():
        for _ in range(20):
            client.send(Message("79031234567", "Hello"))
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        child = os.fork()
        if child == 0:
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
    for thread in threads:
        thread.join()
    print("done")
"""
    assert run(program) == "done\n"
    assert len(list(sandbox.world.messages())) == 60


def test_the_documented_example_ends_in_parent_and_child(sandbox: Sandbox) -> None:
    program = """
import os
from devino_core import Message
from embed_forking import client
first = client()
first.send(Message("79031234567", "from the parent", ref="1"))
child = os.fork()
mine = client()
assert (mine is first) == (child != 0)
mine.send(Message("79031234567", f"once more"))
if child != 0:
    assert os.waitpid(child, 0)[1] == 0
    print("done")
"""
    assert run(program) == "done\n"
    assert len(list(sandbox.world.messages())) == 3


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code and what it printed, after it was asked to end."""
    process.send_signal(signal.SIGTERM)
    try:
        printed, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        printed, _ = process.communicate()
    return process.returncode, printed


def has_come(condition: Callable[[], bool]) -> bool:
    ends = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < ends:
        time.sleep(0.05)
    return condition()


@pytest.mark.skipif(importlib.util.find_spec("gunicorn") is None, reason="gunicorn is not there")
@pytest.mark.parametrize("options", [[], ["--max-requests", "1"]], ids=["plain", "recycled"])
def test_gunicorn_with_a_preloaded_client_serves_and_stops(
    sandbox: Sandbox, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "service.py").write_text(
        """
from devino_core import Message
from embed_forking import client

client()  # Before the workers are forked.


def app(environ, start_response):
    receipt = client().send(Message("79031234567", "Hello"), channel="rest-v2")
    start_response("200 OK", [])
    return [receipt.status.state.encode()]
"""
    )
    log = tmp_path / "log"
    command = ["-m", "gunicorn", "--preload", "--bind", "127.0.0.1:0", "--timeout", "60"]
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, *command, "--graceful-timeout", "60", *options, "service:app"],
            cwd=tmp_path,
            stderr=file,
            text=True,
        )
    try:
        assert has_come(lambda: "Booting worker" in log.read_text())
        (address,) = re.findall(r"Listening at: (\S+)", log.read_text())
        for _ in range(3):
            with urlopen(address, timeout=PATIENCE) as answer:
                assert answer.read() == b"ACCEPTED"
    finally:
        code, _ = ended(process)
    assert code == 0, log.read_text()
    assert "SIGKILL" not in log.read_text()
    assert "Traceback" not in log.read_text()
    assert len(list(sandbox.world.messages())) == 3


@pytest.mark.skipif(importlib.util.find_spec("celery") is None, reason="celery is not there")
def test_a_celery_child_replaces_the_client_of_its_parent_and_ends(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "queue").mkdir()
    (tmp_path / "control").mkdir()
    (tmp_path / "tasks.py").write_text(
        """
from celery import Celery
from celery.signals import worker_process_init
from devino_core import Client, Message

app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"
}
client = Client()
client.open()  # Before the children are forked.


@worker_process_init.connect
def fresh(**_):
    global client
    client = Client()
    client.open()


@app.task
def remind():
    client.send(Message("79031234567", "Hello"), channel="rest-v2")
"""
    )
    log = tmp_path / "log"
    worker = ["-m", "celery", "-A", "tasks", "worker", "--pool", "prefork", "--concurrency", "2"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, *worker, *quiet], cwd=tmp_path, stdout=file, stderr=file, text=True
        )
    try:
        assert has_come(lambda: "ready." in log.read_text()), log.read_text()
        subprocess.run(
            [sys.executable, "-c", "import tasks\nfor _ in range(4): tasks.remind.delay()"],
            cwd=tmp_path,
            check=True,
            timeout=PATIENCE,
        )
        assert has_come(lambda: len(list(sandbox.world.messages())) == 4), log.read_text()
    finally:
        code, _ = ended(process)
    assert code == 0, log.read_text()
