"""``devino sandbox`` and ``devino demo``, as processes and in this one."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import trustme
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec.structs import replace

from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Message,
    Plugins,
    Receipt,
    Secret,
    State,
    Status,
    Unavailable,
)
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.testing import ManualClock
from devino_sandbox import Access, Account, Pace, Submission, World, _demo, _log, _serve, plugin
from devino_sandbox._demo import SCENARIOS, Row, Scenario
from devino_sandbox._demo_scenarios import ANSWER
from devino_sandbox._demo_view import DemoList
from devino_sandbox._questions import Question
from devino_sandbox.services.rest import RestService

DEVINO = (sys.executable, "-m", "devino_core.cli")
SMS_CHANNELS = {
    *("rest", "rest-v2", "soap", "soap-v2", "xml", "ftp"),
    *("smpp udh", "smpp sar", "smpp payload"),
    *("email2sms template", "email2sms semicolon", "email2sms base64"),
    "ftp",
}
CHANNELS = SMS_CHANNELS | {"viber", "whatsapp", "vk", "email", "email-smtp"}
ENVIRON = {**os.environ, "DEVINO_CONFIG": "", "PYTHONIOENCODING": "utf-8"}


@contextmanager
def sandbox(*args: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A process that serves, and what its first line says."""
    with subprocess.Popen(
        [*DEVINO, "sandbox", "--json", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRON,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def run(*args: str, **environ: str) -> Result:
    """In this process, with the plugins that are installed."""
    return CliRunner(env={"DEVINO_CONFIG": "", **environ}).invoke(Devino(), args)


@pytest.mark.pythons
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_serves_until_a_signal(number: signal.Signals) -> None:
    with sandbox() as (process, told):
        assert {"rest", "rest_v2", "inspect", "login", "password"} <= told.keys()
        assert told["rest"].startswith("http://127.0.0.1:")
        with urlopen(f"{told['inspect']}/messages") as answer:
            assert json.load(answer) == []
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, "", "")


async def test_account_and_senders_are_those_of_the_command_line() -> None:
    args = ("--login", "me", "--password", "secret", "--balance", "12.50", "--sender", "SHOP")
    with sandbox(*args) as (_, told):
        rest = {"login": "me", "password": told["password"], "base_url": told["rest"]}
        async with AsyncClient({"rest": rest}, plugins=Plugins(environ={})) as client:
            assert str(await client.balance()) == "12.50"
            accepted = await client.send(Message("79031234567", "Hello", sender="SHOP"))
            refused = await client.send(Message("79031234567", "Hello", sender="OTHER"))
            assert (accepted.status.state, refused.status.state) == (
                State.ACCEPTED,
                State.REJECTED,
            )
        wrong = {**rest, "password": "wrong"}
        async with AsyncClient({"rest": wrong}, plugins=Plugins(environ={})) as client:
            with pytest.raises(AuthenticationFailed):
                await client.balance()


PORTS = {"--http-port": "HTTP", "--smpp-port": "smpp", "--smtp-port": "smtp"}


def free_ports(count: int) -> list[str]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [str(one.getsockname()[1]) for one in taken]


def test_every_port_can_be_chosen() -> None:
    http, smpp, smtp = free_ports(3)
    args = ("--http-port", http, "--smpp-port", smpp, "--smtp-port", smtp)
    with sandbox() as (_, usual), sandbox(*args) as (_, told):
        assert told.keys() == usual.keys()
        assert told["rest"] == f"http://127.0.0.1:{http}/rest"
        assert told["smpp"] == f"127.0.0.1:{smpp}"
        assert told["smtp"] == f"127.0.0.1:{smtp}"
        for port in (http, smpp, smtp):
            socket.create_connection(("127.0.0.1", int(port))).close()


@pytest.mark.parametrize("option", PORTS)
def test_a_port_that_is_taken_is_one_line_and_code_2(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("sandbox", option, port)
    assert result.exit_code == 2
    assert f"{PORTS[option]}: cannot listen on 127.0.0.1 port {port}" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        # All addresses of the machine, for asyncio.
        ("--host", "", "must not be empty"),
        ("--allow-host", "http://box.test", "give it without scheme, port and path"),
        ("--allow-host", "box.test:8080", "give it without scheme, port and path"),
        ("--allow-host", "", "no name of a host"),
    ],
)
def test_a_host_that_is_none_is_one_line_and_code_2(option: str, value: str, said: str) -> None:
    result = run("sandbox", option, value)
    assert result.exit_code == 2
    assert f"Invalid value for '{option}'" in result.stderr
    assert said in result.stderr


def test_one_port_for_two_is_one_line_and_code_2() -> None:
    [port] = free_ports(1)
    result = run("sandbox", "--smpp-port", port, "--smtp-port", port)
    assert result.exit_code == 2
    assert f"port {port}: Address already in use" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("option", PORTS)
def test_what_is_no_port_is_wrong_usage(option: str) -> None:
    for value in ("65536", "-1", "smpp"):
        result = run("sandbox", option, value)
        assert result.exit_code == 2
        assert option in result.stderr


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for 127.0.0.1 and its key, as files."""
    folder = tmp_path_factory.mktemp("tls")
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    trustme.CA().issue_cert("127.0.0.1").private_key_pem.write_to_path(folder / "other.pem")
    (folder / "nothing.pem").write_text("nothing")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    (folder / "encrypted.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


@pytest.mark.pythons
def test_a_certificate_makes_it_speak_tls(certificate: tuple[str, str]) -> None:
    cert, key = certificate
    with sandbox("--tls-cert", cert, "--tls-key", key) as (_, told):
        assert told["rest"].startswith("https://127.0.0.1:")
        assert told["smtp"].startswith("127.0.0.1:")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with urlopen(f"{told['inspect']}/messages", context=context) as answer:
            assert json.load(answer) == []


def test_a_key_may_be_in_the_file_of_its_certificate(certificate: tuple[str, str]) -> None:
    with sandbox("--tls-cert", certificate[0].replace("cert", "both")) as (_, told):
        assert told["rest"].startswith("https://")


@pytest.mark.parametrize(
    ("cert", "key", "said"),
    [
        (None, "key.pem", "--tls-key: needs --tls-cert"),
        ("none.pem", "key.pem", "'--tls-cert': File"),
        ("cert.pem", "none.pem", "'--tls-key': File"),
        ("cert.pem", None, "--tls-cert: no certificate with its key"),
        ("cert.pem", "other.pem", "--tls-cert: no certificate with its key"),
        ("nothing.pem", "key.pem", "--tls-cert: no certificate with its key"),
        ("cert.pem", "encrypted.pem", "--tls-cert: no certificate with its key"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_one_line_and_code_2(
    certificate: tuple[str, str], cert: str | None, key: str | None, said: str
) -> None:
    folder = Path(certificate[0]).parent
    args = [("--tls-cert", cert), ("--tls-key", key)]
    given = [part for option, name in args if name for part in (option, str(folder / name))]
    result = run("sandbox", *given)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "values", "said"),
    [
        (
            "--balance",
            ["much", "NaN", "Infinity", "1e400", "1e-400", "-5", "٣"],
            "is not an amount",
        ),
        ("--sender", ["", " ", "TwelveLetter", "Я", "1" * 16], "up to 11 Latin characters or 15"),
        ("--keep", ["0", "all"], "--keep"),
        ("--login", [""], "must not be empty"),
        ("--password", [""], "must not be empty"),
    ],
)
def test_an_account_that_no_client_could_use_is_wrong_usage(
    option: str, values: list[str], said: str
) -> None:
    for value in values:
        result = run("sandbox", option, value)
        assert result.exit_code == 2
        assert f"{option}" in result.stderr
        assert said in result.stderr
        assert result.stderr.count("\n") == 1


def usage(rest: str) -> Sequence[str]:
    """What the REST service tells a person."""
    account = Account(login="me", password=Secret("p"))
    access = Access(endpoints={"rest": rest}, account=account, sender="SHOP")
    return RestService(World([account])).usage(access)


def test_the_greeting_lines_up(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"soap_viber_v2": "http://a/b", "rest": "http://a/rest", "login": "me", "password": "p"}
    _serve._greet(App(), facts, usage(facts["rest"]))
    out = capsys.readouterr().out
    assert "  soap_viber_v2  http://a/b\n  rest           http://a/rest\n" in out
    assert "DEVINO__REST__BASE_URL=http://a/rest\n" in out
    assert "SSL_CERT_FILE" not in out


def test_the_greeting_tells_how_to_trust_its_certificate(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {"rest": "https://a/rest", "login": "me", "password": "p"}
    monkeypatch.chdir(tmp_path)
    _serve._greet(App(), facts, usage(facts["rest"]), trust="cert.pem")
    assert f"  export SSL_CERT_FILE={tmp_path.resolve() / 'cert.pem'}  #" in capsys.readouterr().out


def test_the_log_shows_what_comes_and_what_becomes_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock()
    account = Account(login="me", password=Secret("secret"), senders=frozenset({"SHOP"}))
    world = World([account], clock=clock)
    log = _log.TextLog(App(), world)
    sale = Submission(account=account, via="rest", sender="SHOP", text="Sale\x1b[2J today")
    world.submit(sale, ["79031234567"])
    world.refuse(sale, ["7"], "a wrong number")
    log.flush()
    clock.advance(10)
    world.advance()
    world.receive(sender="79031234567", to="1234", text="stop")
    lines = [line.partition("  ")[2] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        r"rest     SMS   SHOP > 79031234567  'Sale\x1b[2J today'  ACCEPTED",
        r"rest     SMS   SHOP > 7  'Sale\x1b[2J today'  refused: a wrong number",
        "rest     SMS   SHOP > 79031234567  ENROUTE",
        "rest     SMS   SHOP > 79031234567  DELIVERED",
        "incoming       79031234567 > 1234  'stop'",
    ]


def test_the_log_shows_every_message_of_a_world_that_forgets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock()
    world = World(clock=clock, keep=2)
    log = _log.TextLog(App(), world)
    sale = Submission(account=world.accounts["demo"], via="rest", sender="SHOP", text="Sale")
    for number in range(20):
        world.submit(sale, [f"7903{number:07}"])
        log.flush()
        clock.advance(10)
    out = capsys.readouterr().out
    assert [out.count(f"7903{number:07}") for number in range(19)] == [3] * 19


def test_of_a_bulk_the_log_shows_the_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    world = World(clock=ManualClock())
    log = _log.TextLog(App(), world)
    sale = Submission(account=world.accounts["demo"], via="rest", sender="SHOP", text="Sale " * 20)
    world.submit(sale, [f"7903{number:07}" for number in range(1_000)])
    log.flush()
    log.flush()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == _log.AT_ONCE + 1
    assert lines[-1].endswith("and 980 more")
    assert len(lines[0]) < 100


def test_the_demo_in_json_ends_every_message_as_expected() -> None:
    done = subprocess.run(
        [*DEVINO, "demo", "--json"], capture_output=True, encoding="utf-8", env=ENVIRON
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    assert {row["channel"] for row in shown["rows"]} == CHANNELS | {_demo.HANDLER}
    for row in shown["rows"]:
        assert row["state"] == row["expected"] == row["states"][-1], row
    # What goes in the place of what was lost goes by another medium.
    by = {(row["channel"], row["to"]): row["by"] for row in shown["rows"]}
    assert by["viber", "79990003910"] == by["vk", "79990003110"] == "SMS"
    assert (by["viber", "79031234567"], by["vk", "79031234567"]) == ("VIBER", "VK")
    assert {row["state"] for row in shown["rows"]} == {
        "DELIVERED",
        "UNDELIVERABLE",
        "EXPIRED",
        "REJECTED",
        "READ",
        "CLICKED",
        "BOUNCED",
    }
    assert all(texts == [ANSWER] for texts in shown["inbox"].values())
    assert shown["spent"] > 0
    assert [(one["of"], one["answer"], one["expected"]) for one in shown["answers"]] == [
        ("rest", "REACHABLE", "REACHABLE"),
        ("rest", "NONEXISTENT", "NONEXISTENT"),
        ("2fa", "WRONG", "WRONG"),
        ("2fa", "VALID", "VALID"),
    ]


@pytest.fixture
def short_demo(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``devino demo --all`` with these scenarios, and with so many seconds of patience."""

    def demo(scenarios: Sequence[Scenario], patience: float = 15.0) -> Result:
        monkeypatch.setattr(_demo, "SCENARIOS", scenarios)
        monkeypatch.setattr(_demo, "PACE", Pace.instant())
        monkeypatch.setattr(_demo, "PATIENCE", patience)
        return run("demo", "--all")

    return demo


def test_the_demo_tells_each_change_on_a_line(short_demo: Any) -> None:
    result = short_demo([SCENARIOS[0]])
    assert result.exit_code == 0
    assert "rest     SMS      79031234567  ACCEPTED      an SMS\n" in result.stdout
    assert "rest-v2  SMS      79031234567  DELIVERED     an SMS\n" in result.stdout
    assert "incoming SMS      79031234567  DELIVERED     the handler's reply" in result.stdout
    count = len(SMS_CHANNELS) + 1
    assert f"{count} of {count} messages came where they should" in result.stdout


def test_the_demo_fails_when_a_message_ends_elsewhere(short_demo: Any) -> None:
    result = short_demo([replace(SCENARIOS[0], expected=State.EXPIRED)], patience=0.0)
    assert result.exit_code == 1
    assert "rest: an SMS ended as DELIVERED, not as EXPIRED" in result.stdout
    # The handler's reply may be there by then, or not.
    assert f" of {len(SMS_CHANNELS) + 1} messages came where they should" in result.stdout


def test_the_demo_fails_when_a_question_is_answered_otherwise(
    short_demo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(_: object) -> object:
        raise Unavailable("the network is down")

    asked = [
        Question(of="rest", to="79990004001", about="a lookup", expected="REACHABLE", ask=ask),
    ]
    monkeypatch.setattr(RestService, "demo_questions", lambda _: asked)
    result = short_demo([SCENARIOS[0]])
    assert result.exit_code == 1
    line = "rest: a lookup (79990004001): Unavailable: the network is down, not REACHABLE\n"
    assert line in result.stdout
    assert "2fa: the right code (79160000002): VALID\n" in result.stdout


def test_a_demo_that_cannot_run_a_channel_is_wrong_usage() -> None:
    result = run("demo", DEVINO_DISABLED_PLUGINS="rest")
    assert result.exit_code == 2
    assert "no plugin brings a channel kind 'rest'" in result.stderr
    assert result.stdout == ""


def test_a_demo_of_nothing_is_not_in_order() -> None:
    nothing = _demo.Result(rows=[], inboxes={}, balance=Decimal(0), spent=Decimal(0))
    assert not nothing.ok


def test_on_a_terminal_the_list_is_one_table_that_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", terminal)
    message = SCENARIOS[0].message(ManualClock().now())
    row = Row(
        channel="rest",
        scenario=SCENARIOS[0],
        receipt=Receipt.of(message, Status(state=State.ACCEPTED), channel="rest"),
        states=[State.ACCEPTED],
    )
    with DemoList(App()) as view:
        view.show([row])
        row.states.append(State.DELIVERED)
        view.show([row])
    last = terminal.getvalue().rpartition("channel")[2]
    assert "ACCEPTED > DELIVERED" in last


def test_the_plugin_brings_both_commands_with_examples() -> None:
    for command in plugin.devino_commands():
        output = run(str(command.name), "--help").output
        assert f"devino {command.name}" in output.partition("Examples:")[2]
        assert "--json" in output
