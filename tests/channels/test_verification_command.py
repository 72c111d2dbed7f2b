"""``devino verify``: a code is sent or checked, and the exit code is the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from anyio.from_thread import start_blocking_portal
from click.testing import CliRunner, Result

from devino_core import Plugins
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_plugins import verification
from tests.channels._verification import KEY, NUMBER, said
from tests.core._peer import Peer, answer, serving

CODE = "70213"


@contextmanager
def answered(peer: Peer) -> Iterator[dict[str, str]]:
    """The environment of a service ``2fa`` whose platform answers so."""
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(serving(peer)) as (port, _),
    ):
        yield {"DEVINO__2FA__API_KEY": KEY, "DEVINO__2FA__BASE_URL": f"http://127.0.0.1:{port}"}


def devino(environ: dict[str, str], *args: str) -> Result:
    plugins = Plugins(discover=False)
    plugins.register(verification, "verification")
    command = Devino(App(plugins=plugins))
    return CliRunner(env={"DEVINO_CONFIG": "", **environ}).invoke(command, args)


@pytest.mark.parametrize(
    ("args", "code", "exit_code", "came"),
    [
        ((NUMBER,), 0, 0, "SENT"),
        ((NUMBER,), 7, 0, "ALREADY_SENT"),
        ((NUMBER,), 6, 1, "SIM_MISMATCH"),
        ((NUMBER, CODE), 0, 0, "VALID"),
        ((NUMBER, CODE), 5, 1, "WRONG"),
        ((NUMBER, CODE), 6, 1, "EXPIRED"),
    ],
)
def test_the_exit_code_is_the_answer(
    args: tuple[str, ...], code: int, exit_code: int, came: str
) -> None:
    with answered(said(code)) as environ:
        told = devino(environ, "verify", *args)
        shown = devino(environ, "verify", *args, "--json")
    assert told.exit_code == shown.exit_code == exit_code
    assert told.stdout.startswith(f"{came}: ")
    assert told.stdout.count("\n") == 1
    asked = "check" if len(args) > 1 else "sent"
    assert json.loads(shown.stdout) == {"number": NUMBER, asked: came}


@pytest.mark.parametrize(
    ("peer", "exit_code", "says"),
    [
        (said(1, "Invalid ApiKey"), 1, "Invalid ApiKey (code 1); check the login and password, or"),
        (said(2, "Invalid Phone"), 1, "Invalid Phone (code 2)"),
        (said(3, "Limit requsts by time is over"), 1, "try again in 60 s"),
        (said(4, "Internal Server Error"), 3, "Internal Server Error"),
        (answer("200 OK", b"<html>"), 3, "cannot be read"),
    ],
)
def test_an_error_is_one_line_with_what_to_do(peer: Peer, exit_code: int, says: str) -> None:
    for args in ((NUMBER,), (NUMBER, CODE)):
        with answered(peer) as environ:
            result = devino(environ, "verify", *args)
        assert result.exit_code == exit_code
        assert says in result.stderr
        assert result.stderr.count("\n") == 1
        assert CODE not in result.output


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "Missing argument 'NUMBER'"),
        (("no number", CODE), "number: not a phone number"),
        ((NUMBER, CODE * 4), "code: must be 1 to 16"),
        ((NUMBER, CODE[:2], CODE), "give one CODE, without blanks"),
        ((NUMBER, CODE, "--service", "bank"), "no service is named 'bank': configured are 2fa"),
    ],
)
def test_what_was_typed_wrong_is_named_without_the_code(args: tuple[str, ...], says: str) -> None:
    environ = {"DEVINO__2FA__API_KEY": KEY}
    for more in ((), ("--json",)):
        result = devino(environ, "verify", *args, *more)
        assert result.exit_code == 2
        assert says in result.output
        assert CODE[:2] not in result.output


def test_a_service_is_asked_by_its_name() -> None:
    with answered(said(0)) as environ:
        bank = {
            "DEVINO__BANK__KIND": "2fa",
            **{name.replace("2FA", "BANK"): value for name, value in environ.items()},
        }
        others = {"DEVINO__2FA__API_KEY": KEY, "DEVINO__2FA__BASE_URL": "http://127.0.0.1:1"}
        assert devino({**others, **bank}, "verify", NUMBER, "--service", "bank").exit_code == 0
        assert devino({**others, **bank}, "verify", NUMBER).exit_code == 1
        assert devino(bank, "verify", NUMBER).exit_code == 0


def test_without_a_service_it_says_what_to_configure() -> None:
    result = devino({}, "verify", NUMBER)
    assert result.exit_code == 2
    assert "no Verification is configured" in result.stderr
    assert "kinds of it: 2fa" in result.stderr


def test_without_a_key_it_says_which_setting_is_missing() -> None:
    result = devino({"DEVINO__2FA__BASE_URL": "http://127.0.0.1:1"}, "verify", NUMBER)
    assert result.exit_code == 2
    assert "api_key" in result.stderr
