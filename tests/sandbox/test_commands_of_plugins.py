"""``devino sandbox`` and ``devino demo`` with a stranger's service: options, words, channels."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devino_core import ConfigurationError
from devino_core.cli._app import Devino
from devino_sandbox import Pace, World, _demo
from devino_sandbox._demo import HANDLER, SCENARIOS
from tests.sandbox.test_commands import SMS_CHANNELS, free_ports

PLUGIN = """
import asyncio
import msgspec
from devino_core import hookimpl
from devino_plugins import rest
from devino_sandbox import CallbackKind, PortService

class Loft(PortService):
    name = "loft"
    port_option = "--loft-port"
    port_help = "the pigeon loft"

    def __init__(self, world):
        self.callback_kinds = {
            "landing": CallbackKind(write=msgspec.json.encode, changed=lambda message: message.to),
            "take-off": CallbackKind(write=msgspec.json.encode),
        }

    async def listen(self, host, port, tls=None):
        self.server = await asyncio.start_server(lambda _, writer: writer.close(), host, port)
        return {"loft": "%s:%s" % self.server.sockets[0].getsockname()}

    async def close(self):
        self.server.close()

    def usage(self, access):
        return [f"pigeon --loft {access.endpoints['loft']} --key {access.api_key}"]

    def demo_channels(self, access):
        return {"pigeon grey": {**access.login, "base_url": access.endpoints["rest"]}}

@hookimpl
def devino_channels():
    spec, _ = rest.devino_channels()
    return [msgspec.structs.replace(spec, name="pigeon")]

@hookimpl(optionalhook=True)
def devino_sandbox_services(world):
    return [Loft(world)]
"""


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Where the plugin is installed, for other processes and for this one."""
    (tmp_path / "devino_dovecote.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "devino_dovecote", raising=False)
    yield {
        **os.environ,
        "DEVINO_CONFIG": "",
        "DEVINO_PLUGINS": "devino_dovecote",
        "PYTHONPATH": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }
    # The documentation has a plugin of this name.
    sys.modules.pop("devino_pigeon", None)


@contextmanager
def sandbox(environ: dict[str, str], *args: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "devino_core.cli", "sandbox", *args]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(environ: dict[str, str], *args: str) -> Result:
    return CliRunner(env=environ).invoke(Devino(), args)


def test_the_port_of_a_plugins_service_has_its_option(environ: dict[str, str]) -> None:
    told = " ".join(run(environ, "sandbox", "--help").output.replace("│", " ").split())
    assert "Port of the pigeon loft; a free one, unless given." in told
    (port,) = free_ports(1)
    with sandbox(environ, "--json", "--loft-port", port) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["loft"] == f"127.0.0.1:{port}"


def test_the_greeting_says_what_a_plugins_service_says(environ: dict[str, str]) -> None:
    with sandbox(environ, "--api-key", "k3y") as process:
        assert process.stdout is not None
        greeting = "".join(iter(process.stdout.readline, "\n"))
    assert re.search(r"^  loft +127\.0\.0\.1:\d+$", greeting, re.MULTILINE)
    assert re.search(r"^  api_key +k3y$", greeting, re.MULTILINE)
    assert re.search(r"^  pigeon --loft 127\.0\.0\.1:\d+ --key k3y$", greeting, re.MULTILINE)


def test_its_callbacks_are_posted_where_the_command_line_says(environ: dict[str, str]) -> None:
    """To the sandbox's own inspection API: the answer does not matter here."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/s3cret"
    with sandbox(environ, "--json", "--http-port", port, "--callback", f"landing={url}") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert "s3cret" not in json.dumps(told)
        form = (
            f"Login={told['login']}&Password={told['password']}&Data=x"
            "&SourceAddress=X&DestinationAddress=79161234567"
        )
        urllib.request.urlopen(f"{told['rest_v2']}/Sms/Send", form.encode()).read()
        shown, patience = "", time.monotonic() + 30
        while '"answered":404' not in shown and time.monotonic() < patience:
            with urllib.request.urlopen(f"{told['inspect']}/callbacks") as answer:
                shown = answer.read().decode()
        rows = json.loads(shown)
        assert {(row["kind"], row["body"]) for row in rows} == {("landing", '["79161234567"]')}
        assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            ("lading=http://h/s3cret",),
            "callbacks 'lading': there are email, email-xml, landing, sms, take-off, ",
        ),
        (("landing=/s3cret",), "callback 'landing': its URL must begin with http:// or https://"),
        (("http://h/s3cret",), "--callback': number 1 is not KIND=URL"),
        (("http://h/s3cret?to=x",), "--callback': number 1 is not KIND=URL"),
        (("landing=http://h/", "=http://h/s3cret"), "--callback': number 2 is not KIND=URL"),
        (("landing=http://h/", "landing=http://h/s3cret"), "'landing' is given twice"),
    ],
)
def test_a_callback_that_cannot_be_made_is_one_line_and_code_2(
    environ: dict[str, str], given: tuple[str, ...], says: str
) -> None:
    result = run(environ, "sandbox", *[word for one in given for word in ("--callback", one)])
    assert result.exit_code == 2
    assert says in result.stderr
    assert "s3cret" not in result.output
    assert result.stderr.count("\n") == 1


def test_an_empty_key_is_wrong_usage(environ: dict[str, str]) -> None:
    result = run(environ, "sandbox", "--api-key", "")
    assert (result.exit_code, "must not be empty" in result.stderr) == (2, True)


@pytest.mark.parametrize("option", ["--smpp-port", "--balance"])
def test_two_owners_of_one_option_are_an_error(
    environ: dict[str, str], tmp_path: Path, option: str
) -> None:
    (tmp_path / "devino_dovecote.py").write_text(PLUGIN.replace("--loft-port", option))
    result = run(environ, "sandbox", "--help")
    assert result.exit_code == 2
    assert f": {option} is another's" in result.stderr


def test_a_missing_package_is_told_when_it_runs_and_not_by_help(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(world: World, *, discover: bool) -> None:
        raise ConfigurationError('the sandbox needs x: pip install "devino[sandbox]"')

    monkeypatch.setattr("devino_sandbox._loading.load_services", missing)
    monkeypatch.setattr("devino_sandbox._runner.load_services", missing)
    assert "--http-port" in run(environ, "sandbox", "--help").output
    result = run(environ, "sandbox")
    assert (result.exit_code, "pip install" in result.stderr) == (2, True)


def test_the_list_of_commands_imports_no_service(environ: dict[str, str]) -> None:
    program = """
import sys
from devino_core.cli import main
sys.argv = ["devino", "--help"]
try:
    main()
finally:
    heavy = {"starlette", "uvicorn", "aiosmtpd", "devino_sandbox.services", "devino_sandbox._world"}
    print("imported:", heavy & set(sys.modules))
"""
    # This plugin imports its service with itself, which a better one leaves to the hook.
    environ["DEVINO_PLUGINS"] = ""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environ
    )
    assert done.returncode == 0, done.stderr
    assert "sandbox" in done.stdout
    assert "imported: set()" in done.stdout


def test_the_demo_sends_through_the_channels_of_a_plugins_service(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_demo, "SCENARIOS", SCENARIOS[:1])
    monkeypatch.setattr(_demo, "PACE", Pace.instant())
    shown = json.loads(run(environ, "demo", "--json").stdout)
    assert {row["channel"] for row in shown["rows"]} == SMS_CHANNELS | {"pigeon grey", HANDLER}
    assert {row["state"] for row in shown["rows"]} == {"DELIVERED"}
