"""``devino sandbox`` by the environment and by a file; ``devino sandbox ready``."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import rich_click as click
from click.testing import CliRunner, Result

from devino_core import ConfigurationError, Plugins
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_sandbox import Drop, Fault, World, _log
from devino_sandbox._commands import sandbox as command
from devino_sandbox._config import read_file
from devino_sandbox._demo import Demo
from devino_sandbox._ports import misspelt
from tests.sandbox.test_journal import HELLO

DEVINO = (sys.executable, "-m", "devino_core.cli")

FILE = """
[[account]]
login = "shop"
password_file = "{secret}"
balance = 12.5
senders = ["SHOP", "BANK"]
callbacks = {{ sms = "http://127.0.0.1:1/one" }}

[[account]]
login = "other"
password = "cnry-other"
api_key = "cnry-key"

[callbacks]
sms = "http://127.0.0.1:1/two"
viber = "http://127.0.0.1:1/three"

[[fault]]
protocol = "rest"
operation = "Sms/Send"
action = {{ do = "drop" }}

[pace]
final = 5
"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("cnry-password\n")
    return path


@pytest.fixture
def file(tmp_path: Path, secret: Path) -> Path:
    path = tmp_path / "sandbox.toml"
    path.write_text(FILE.format(secret=secret))
    return path


@contextmanager
def running(*args: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*DEVINO, "sandbox", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DEVINO_CONFIG": "", "PYTHONIOENCODING": "utf-8", **environ},
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def run(*args: str, **environ: str) -> Result:
    return CliRunner(env={"DEVINO_CONFIG": "", **environ}).invoke(Devino(), args)


def line(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


class TestFile:
    def test_it_tells_accounts_callbacks_faults_and_the_pace(self, file: Path) -> None:
        read = read_file(str(file))
        shop, other = read.accounts(str(file))
        assert (shop.login, shop.password.reveal(), shop.balance) == (
            "shop",
            "cnry-password",
            Decimal("12.5"),
        )
        assert shop.senders == frozenset({"SHOP", "BANK"})
        assert {kind: url.reveal() for kind, url in shop.callbacks.items()} == {
            "sms": "http://127.0.0.1:1/one",
            "viber": "http://127.0.0.1:1/three",
        }
        assert other.api_key is not None
        assert (other.login, other.api_key.reveal(), other.senders) == ("other", "cnry-key", None)
        assert read.fault == [Fault(protocol="rest", operation="Sms/Send", action=Drop())]
        assert read.pace is not None
        pace = read.pace.pace()
        assert (pace.sent, pace.final, pace.read, pace.clicked) == (0.2, 5, 5, 5)

    def test_an_empty_one_is_as_none(self, tmp_path: Path) -> None:
        path = tmp_path / "empty.toml"
        path.touch()
        [account] = read_file(str(path)).accounts(str(path))
        assert (account.login, account.password.reveal()) == ("demo", "demo")

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("[[acount]]", "no key 'acount' here: did you mean 'account'?"),
            ("[[account]]\nsender = []", "[[account]] 1: no key 'sender' here: did you mean"),
            ('[[account]]\n[[account]]\npaswort = "x"', "[[account]] 2: no key 'paswort' here"),
            ('[[account]]\npassword = "cnry"\npassword_file = "x"', "exclude each other"),
            ('[[account]]\npassword_file = "/nowhere"', "/nowhere: No such file"),
            ('[[account]]\nsenders = ["Кириллица"]', "'Кириллица' is no sender"),
            ('[[account]]\nbalance = "much"', "balance: 'much' is not an amount"),
            (
                "[[account]]\npassword = 7",
                "account 1.password: expected a text, got a whole number",
            ),
            ('[[account]]\nsenders = "SHOP"', "account 1.senders: expected a list, got a text"),
            (
                "[callbacks]\nviber = 7",
                "callbacks, one of its values: expected a text, got a whole number",
            ),
            ("account = 5", "account: expected a list, got a whole number"),
            ('[pace]\nsent = "soon"', "pace.sent: expected a number, got a text"),
            ('[[account]]\nlogin = ""', "account 1.login: expected a text of length >= 1"),
            ("[[account]]\n[[account]]", "two accounts have the login 'demo'"),
            ("[[fault]]\nprotocol = 'rest'", "fault 1: needs `action`"),
            ("[[fault]]\naction = {}", "fault 1.action: needs `do`"),
            ("[[fault]]\nnht = 2\naction = {do = 'drop'}", "[[fault]] 1: no key 'nht' here"),
            ("[[fault]]\naction = {do = 'drip'}", "fault 1.action.do: invalid value 'drip'"),
            ("[pace]\nfinl = 1", "pace: no key 'finl' here: did you mean 'final'?"),
            ("[pace]\nsent = 5\nfinal = 1", "pace: a pace needs"),
            ("[", "no TOML"),
            ("\udcff", "sandbox.toml: no TOML: not in UTF-8"),
        ],
    )
    def test_what_is_wrong_with_it_is_named(self, tmp_path: Path, text: str, says: str) -> None:
        path = tmp_path / "sandbox.toml"
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
        result = run("sandbox", "--config", str(path))
        assert result.exit_code == 2
        assert result.stderr.startswith(f"devino: {path}: ")
        assert says in result.stderr
        assert result.stderr.count("\n") == 1
        assert "cnry" not in result.stderr

    def test_a_fault_that_no_service_can_suffer_is_an_error(self, tmp_path: Path) -> None:
        path = tmp_path / "sandbox.toml"
        path.write_text('[[fault]]\nprotocol = "rst"\naction = { do = "drop" }')
        result = run("sandbox", "--config", str(path))
        assert (result.exit_code, "did you mean 'rest'?" in result.stderr) == (2, True)


class TestEnvironment:
    def test_every_option_has_a_variable(self) -> None:
        context = click.Context(command)
        options = [one for one in command.get_params(context) if one.name != "help"]
        assert {"--config", "--smpp-port", "--sender", "--log", "--tls-self-signed"} <= {
            name for option in options for name in option.opts
        }
        for option in options:
            name = str(option.envvar).removeprefix("DEVINO_SANDBOX_").lower().replace("_", "-")
            assert f"--{name}" in option.opts

    def test_it_configures_all_and_the_command_line_wins(self, file: Path) -> None:
        environ = {
            "DEVINO_SANDBOX_CONFIG": str(file),
            "DEVINO_SANDBOX_LOG": "json",
            "DEVINO_SANDBOX_JSON": "1",
            "DEVINO_SANDBOX_VERBOSE": "1",
            "DEVINO_SANDBOX_CLOCK": "driven",
            "DEVINO_SANDBOX_BALANCE": "77",
            "DEVINO_SANDBOX_SENDER": "ONE TWO",
            "DEVINO_SANDBOX_SMPP_PORT": "",
        }
        with running("--login", "me", **environ) as process:
            told = line(process)
            assert (told["login"], told["password"]) == ("me", "cnry-password")
            shown = json.load(urlopen(told["inspect"]))
            assert shown["driven"] is True
            assert [
                (one["login"], one["balance"], one["senders"]) for one in shown["accounts"]
            ] == [
                ("me", "77", ["ONE", "TWO"]),
                ("other", "1000000", None),
            ]
            assert [one["action"] for one in json.load(urlopen(told["inspect"] + "/faults"))] == [
                {"do": "drop"}
            ]
            body = {"sender": "79161234567", "to": "1", "text": "привет"}
            posted = Request(
                told["inspect"] + "/incoming",
                json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            urlopen(posted).close()
            event = line(process)
            assert (event["event"], event["text"]) == ("incoming", "привет")
            urlopen(told["rest"] + "/User/SessionID?login=me&password=cnry-password").close()
            # Nobody answers the callback, which is a call, too.
            calls = {(one["protocol"], one["outcome"]) for one in (line(process), line(process))}
            assert calls == {("sms-callback", "nobody answered"), ("rest", "200")}


class TestReady:
    def test_it_waits_until_the_sandbox_serves(self) -> None:
        with running("--json") as process:
            told = line(process)
            url = told["inspect"].removesuffix("/_sandbox")
            assert run("sandbox", "ready", "--url", url).exit_code == 0
            port = url.rpartition(":")[2]
            assert run("sandbox", "ready", DEVINO_SANDBOX_HTTP_PORT=port).exit_code == 0
            missing = run("sandbox", "ready", "--url", told["rest"].replace("http:", "https:"))
            assert missing.exit_code == 1

    def test_it_says_why_not(self) -> None:
        result = run("sandbox", "ready", "--url", "http://127.0.0.1:1")
        assert result.exit_code == 1
        assert "http://127.0.0.1:1/_sandbox/health: [Errno 111]" in result.stderr

    @pytest.mark.parametrize(
        ("args", "says"),
        [
            ((), "which sandbox?"),
            (("--url", "127.0.0.1:80"), "is no URL"),
            (("--url", "http://me:hunter2@["), "is no URL"),
            (("--url", "http://a:99999"), "is no URL"),
            (("--url", "http://a b"), "is no URL"),
            (("--url", "http://127.0.0.1:1", "--wait", "soon"), "--wait: 'soon' is not a duration"),
        ],
    )
    def test_what_it_cannot_ask_is_an_error(self, args: tuple[str, ...], says: str) -> None:
        result = run("sandbox", "ready", *args)
        assert (result.exit_code, says in result.stderr) == (2, True)
        assert "hunter2" not in result.stderr

    def test_a_password_in_its_url_is_not_told(self) -> None:
        result = run("sandbox", "ready", "--url", "http://me:hunter2@127.0.0.1:1")
        assert result.exit_code == 1
        assert result.stderr.startswith("devino: http://127.0.0.1:1/_sandbox/health: ")


def test_a_certificate_is_made_for_a_run() -> None:
    with running("--tls-self-signed", "--json") as process:
        told = line(process)
        assert told["rest"].startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=told["tls_cert"])
        assert json.load(urlopen(told["inspect"] + "/health", context=context))["status"] == "ok"
        url = told["inspect"].removesuffix("/_sandbox")
        assert run("sandbox", "ready", "--url", url).exit_code == 0
    assert not Path(told["tls_cert"]).exists()


def test_a_certificate_is_either_given_or_made(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    path.touch()
    result = run("sandbox", "--tls-self-signed", "--tls-cert", str(path))
    assert (result.exit_code, "leave --tls-cert out" in result.stderr) == (2, True)


class TestConsole:
    @pytest.mark.parametrize(("verbose", "lines"), [(False, 1), (True, 2)])
    def test_failed_calls_are_shown_and_all_where_asked(
        self, capsys: pytest.CaptureFixture[str], verbose: bool, lines: int
    ) -> None:
        from devino_sandbox._http_said import UnreadSaid

        world = World()
        log = _log.TextLog(App(), world, verbose=verbose)
        journal = world.journal
        journal.record(UnreadSaid(HELLO)).enter("rest", "127.0.0.1:5", "User/Balance").end("200")
        refused = journal.record(UnreadSaid(b"")).enter("rest", "127.0.0.1:5", "User/Balance")
        refused.code = 4
        refused.end("401", failed=True)
        log.flush()
        shown = capsys.readouterr().out.splitlines()
        assert len(shown) == lines
        assert re.fullmatch(
            r"\d\d:\d\d:\d\d  call     rest User/Balance  401 code 4  from 127\.0\.0\.1:5",
            shown[-1],
        )


async def test_the_demo_leaves_out_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = Plugins(environ={})
    load = plugins.load

    def partly(spec: Any) -> Any:
        if spec.name in ("ftp", "2fa"):
            raise ConfigurationError(f"{spec.name} needs x: pip install devino[x]")
        return load(spec)

    monkeypatch.setattr(plugins, "load", partly)
    result = await Demo(plugins, lambda rows: None).run()
    shown = result.left_out
    assert set(shown) == {"ftp", "2fa"}
    assert shown["ftp"] == "ftp needs x: pip install devino[x]"
    assert "ftp" not in {row.channel for row in result.rows}
    assert result.ok


def test_a_misspelt_variable_is_told() -> None:
    options = [click.Option(["--http-port"], envvar="DEVINO_SANDBOX_HTTP_PORT")]
    told = misspelt(
        options,
        [
            "DEVINO_SANDBOX_HTTP_PORT",
            "DEVINO_SANDBOX_HTTP_PROT",
            "DEVINO_SANDBOX_SERVICE_PORT",
            "DEVINO_SANDBOX_PORT_8080_TCP_PORT",
            "HTTP_PROT",
        ],
    )
    assert list(told) == [
        "nothing reads DEVINO_SANDBOX_HTTP_PROT: did you mean 'DEVINO_SANDBOX_HTTP_PORT'?"
    ]


def test_a_misspelt_variable_is_a_warning_of_the_command(tmp_path: Path) -> None:
    wrong = tmp_path / "none.pem"
    wrong.write_text("none")
    result = run("sandbox", "--tls-cert", str(wrong), DEVINO_SANDBOX_HTTP_PROT="1")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[0] == (
        "devino: warning: nothing reads DEVINO_SANDBOX_HTTP_PROT: did you mean "
        "'DEVINO_SANDBOX_HTTP_PORT'?"
    )


def test_one_table_where_there_may_be_several_is_told(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.toml"
    file.write_text('[account]\nlogin = "me"\npassword = "x"\n')
    with pytest.raises(ConfigurationError, match=r"write \[\[account\]\] for \[account\]"):
        read_file(str(file))
