"""``devino doctor``: each step, what fails, and that no secret is shown."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result

from devino_core import AuthenticationFailed, Plugins
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.clock import SYSTEM_CLOCK
from tests.core._cli import ENVIRON, Platform

SECRET = "canary-4d1f"


def doctor(*args: str, **environ: str) -> Result:
    """With the plugins that are installed."""
    app = App(plugins=Plugins(environ={}), clock=SYSTEM_CLOCK)
    result = CliRunner(env=environ).invoke(Devino(app), ["doctor", *args])
    assert SECRET not in result.output
    return result


def steps(result: Result) -> list[tuple[str | None, str, bool | None]]:
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    return [(one["name"], one["step"], one["ok"]) for one in shown]


def rest(base_url: str) -> dict[str, str]:
    return {
        "DEVINO__REST__LOGIN": "me",
        "DEVINO__REST__PASSWORD": SECRET,
        "DEVINO__REST__BASE_URL": base_url,
    }


@contextmanager
def listening(certificate: trustme.LeafCert | None = None) -> Iterator[int]:
    """A server that takes connections and says nothing but, perhaps, TLS."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                    if context is not None:
                        connection = context.wrap_socket(connection, server_side=True)
                    else:
                        # What a server of HTTP says to what it cannot read.
                        connection.recv(1)
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    connection.close()
                except OSError:
                    if server.fileno() < 0:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_a_channel_that_works() -> None:
    platform = Platform()
    result = platform.devino("doctor")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ok            settings  no file: 1 channel, 0 services",
        "ok      fake  settings  fake: token",
        "ok      fake  extra     devino[fake]",
        "ok      fake  login     accepted",
        "ok      fake  balance   20015.30",
    ]
    told = [json.loads(line) for line in platform.devino("doctor", "--json").stdout.splitlines()]
    assert told[-1] == {"name": "fake", "step": "balance", "ok": True, "said": "20015.30"}


def test_without_channels_it_says_how_to_begin() -> None:
    result = Platform().devino("doctor", environ={"DEVINO_CONFIG": ""})
    assert result.exit_code == 1
    assert result.stdout.startswith("FAILED")
    assert "`devino init` writes a file" in result.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[channel.x]\n", "there is no table [channel]"),
        ("=", "line 1"),
        (None, "cannot read"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "a.toml"
    if text is not None:
        file.write_text(text, "ascii")
    for result in (
        Platform().devino("doctor", "--config", str(file)),
        Platform().devino("doctor", "--json", "--config", str(file)),
    ):
        assert result.exit_code == 1
        assert said in result.stdout


WHOLE = "[channels.memory]\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('default = "memori"\n' + WHOLE, "default: no channel is named 'memori': did you mean"),
        (WHOLE + "[client]\nretris = 3\n", "the client has no setting 'retris': did you mean"),
        (WHOLE + '[client]\ndefault_region = "XX"\n', "the client's default_region: "),
        (WHOLE + '[outbox]\nurl = "sqlite:///x.db"\nlaes = 1\n', "[outbox] has no setting 'laes'"),
    ],
)
def test_what_concerns_all_channels_is_tried_too(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "devino.toml"
    file.write_text(text)
    result = doctor("--json", "--config", str(file))
    assert result.exit_code == 1
    assert steps(result) == [(None, "settings", False)]
    assert said in result.stdout


def test_settings_that_do_not_fit_stop_a_channel_and_no_other() -> None:
    environ = {**ENVIRON, "DEVINO__ODD__KIND": "fake", "DEVINO__ODD__TOKE": SECRET}
    result = Platform().devino("doctor", "--json", environ=environ)
    assert result.exit_code == 1
    assert steps(result) == [
        (None, "settings", True),
        ("fake", "settings", True),
        ("fake", "extra", True),
        ("fake", "login", True),
        ("fake", "balance", True),
        ("odd", "settings", False),
    ]
    assert "did you mean 'token'?" in result.stdout
    assert SECRET not in result.stdout


def test_only_the_named_one_is_tried() -> None:
    environ = {**ENVIRON, "DEVINO__ODD__KIND": "fake", "DEVINO__ODD__TOKE": "x"}
    assert Platform().devino("doctor", "--channel", "fake", environ=environ).exit_code == 0
    result = Platform().devino("doctor", "--channel", "other", environ=environ)
    assert result.exit_code == 1
    assert "no channel is named 'other': configured are fake, odd" in result.stdout


def test_a_package_that_is_missing() -> None:
    platform = Platform()
    platform.load_error = ImportError("no module", name="no_such_package")
    result = platform.devino("doctor", "--json")
    assert result.exit_code == 1
    assert steps(result)[-1] == ("fake", "extra", False)
    assert 'pip install \\"devino[fake]\\"' in result.stdout


def test_a_login_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = Platform()
    plugin: Any = platform.plugin()
    kind = Plugins(discover=False)
    kind.register(plugin, "fake")
    channel = kind.load(kind.channel_spec("fake"))

    async def balance(_: object) -> object:
        raise AuthenticationFailed("who are you?", code=4)

    monkeypatch.setattr(channel, "balance", balance)
    app = App(plugins=kind)
    result = CliRunner(env=ENVIRON).invoke(Devino(app), ["doctor"])
    assert result.exit_code == 1
    last = result.stdout.splitlines()[-1]
    assert last.startswith("FAILED  fake  login     who are you?")
    assert "check the login and password" in last


def test_a_name_that_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    result = doctor("--json", **rest("https://nowhere.invalid/rest"))
    assert result.exit_code == 1
    assert steps(result)[-1] == ("rest", "dns", False)
    assert "the name server told no address of nowhere.invalid" in result.stdout


def test_a_port_that_nobody_listens_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    result = doctor("--json", **rest(f"http://127.0.0.1:{port}/rest"))
    assert result.exit_code == 1
    assert steps(result)[-2:] == [("rest", "dns", True), ("rest", "connect", False)]
    assert f"127.0.0.1:{port}: no connection: Connection refused" in result.stdout


def test_a_certificate_that_verifies_and_one_that_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with listening(authority.issue_cert("127.0.0.1")) as port:
        result = doctor("--json", **rest(f"https://127.0.0.1:{port}/rest"))
        assert result.exit_code == 1
        assert steps(result)[-1] == ("rest", "tls", False)
        assert "a certificate that does not verify" in result.stdout
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        result = doctor("--json", **rest(f"https://127.0.0.1:{port}/rest"))
        assert ("rest", "tls", True) in steps(result)
        # The server has nothing to say to HTTP.
        assert steps(result)[-1] == ("rest", "login", False)
        assert "the certificate verifies, until " in result.stdout


def test_a_server_that_speaks_no_tls() -> None:
    with listening() as port:
        result = doctor("--json", **rest(f"https://127.0.0.1:{port}/rest"))
    assert steps(result)[-1] == ("rest", "tls", False)
    assert "is it http://" in result.stdout


def test_of_several_machines_one_is_enough(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed = gone.getsockname()[1]
    smpp: Mapping[str, str] = {
        "DEVINO__SMPP__LOGIN": "me",
        "DEVINO__SMPP__PASSWORD": SECRET[:8],
        "DEVINO__SMPP__TLS": "false",
    }
    with listening() as port:
        hosts = f"127.0.0.1:{closed}, 127.0.0.1:{port}"
        result = doctor("--json", **smpp, DEVINO__SMPP__HOSTS=hosts)
    assert result.exit_code == 1
    assert ("smpp", "connect", False) in steps(result)
    assert ("smpp", "connect", True) in steps(result)
    assert steps(result)[-1][:2] == ("smpp", "login")


def test_a_proxy_is_what_is_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    proxy = f"http://me:{SECRET}@127.0.0.1:{port}"
    environ = rest("https://integrationapi.net/rest")
    result = doctor("--json", **environ, DEVINO__REST__PROXY=proxy)
    assert steps(result)[-1] == ("rest", "connect", False)
    assert f"127.0.0.1:{port}" in result.stdout


FAILOVER = """
[channels.main]
kind = "failover"
channels = ["memory", "printed"]
[channels.memory]
[channels.printed]
kind = "console"
"""


def test_channels_without_a_wire_have_no_login(tmp_path: Path) -> None:
    file = tmp_path / "devino.toml"
    file.write_text(FAILOVER)
    result = doctor("--json", "--config", str(file))
    assert result.exit_code == 0
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    logins = {one["name"]: (one["ok"], one["said"]) for one in shown if one["step"] == "login"}
    assert logins == {
        "main": (None, "its channels log in: see what is said of each"),
        "memory": (None, "'memory' sends nothing, so it has no login"),
        "printed": (None, "'printed' sends nothing, so it has no login"),
    }


def test_a_failover_that_names_no_channel_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "devino.toml"
    file.write_text(FAILOVER.replace('"printed"]', '"print"]'))
    result = doctor("--json", "--config", str(file), "--channel", "main")
    assert result.exit_code == 1
    assert steps(result)[-1] == ("main", "settings", False)
    assert "no other channel is named 'print': did you mean 'printed'?" in result.stdout


def test_a_name_that_is_configured_nowhere() -> None:
    result = doctor("--channel", "rst", **rest("https://integrationapi.net/rest"))
    assert result.exit_code == 1
    assert "no channel is named 'rst': did you mean 'rest'?" in result.stdout
