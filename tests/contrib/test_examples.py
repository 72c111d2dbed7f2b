"""The example projects: their own tests, and a request to each, served as a user would."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from devino_sandbox import LocalSandbox

from ._sandboxed import NUMBER, PASSWORD

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PATIENCE = 60.0


@pytest.fixture
def environ(sandbox: LocalSandbox) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("DEVINO")}
    settings = {**sandbox.environ("rest"), "DEVINO__REST__PASSWORD": PASSWORD}
    return {**kept, **settings, "CALLBACK_SECRET": "a-secret-of-this-test"}


@pytest.mark.parametrize("name", ["web-fastapi", "web-flask"])
def test_its_own_tests_pass(name: str, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / name, tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=prepend"],
        cwd=tmp_path / name,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


SERVERS = {
    "uvicorn": ("web-fastapi", ["uvicorn", "shop:app", "--port", "0"], r"running on (http://\S+)"),
    "flask": ("web-flask", ["flask", "--app", "cafe", "run", "-p", "0"], r"on (http://\S+)"),
    "gunicorn": (
        "web-flask",
        ["gunicorn", "--preload", "-w", "2", "-b", "127.0.0.1:0", "cafe:app"],
        r"Listening at: (http://\S+)",
    ),
}


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_sends_and_ends_in_good_order(
    server: str, sandbox: LocalSandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    folder, command, listening = SERVERS[server]
    log = tmp_path / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=EXAMPLES / folder,
            env={**environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=file,
            stderr=file,
        )
    try:
        until = time.monotonic() + PATIENCE
        while (found := re.search(listening, log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        body = json.dumps({"to": NUMBER, "content": f"from {server}"}).encode()
        asked = Request(
            f"{found[1]}/notify", body, {"Content-Type": "application/json"}, method="POST"
        )
        with urlopen(asked, timeout=PATIENCE) as answer:
            assert json.load(answer)["status"]["state"] == "ACCEPTED"
    finally:
        # Flask's own server knows the terminal's signal only.
        process.send_signal(signal.SIGINT if server == "flask" else signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert [message.text for message in sandbox.messages(to=NUMBER)] == [f"from {server}"]
    said = log.read_text()
    assert "Traceback" not in said
    # uvicorn ends well and then hands on the signal that it got.
    assert process.returncode in ((0, -signal.SIGTERM) if server == "uvicorn" else (0,)), said
