"""``devino decode email2sms``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devino_codecs.email2sms import Base64, Semicolon, Submission, Template, encode
from devino_core.cli._app import Devino
from tests._vectors import VECTORS

SECRETS = {"login": "canary-login", "password": "canary-password"}


def run(*args: str, given: bytes = b"") -> Result:
    return CliRunner(env={"DEVINO_CONFIG": ""}).invoke(Devino(), args, input=given)


def mail(kind: type[Submission]) -> bytes:
    value = kind(**SECRETS, sender="DEVINO", numbers=("79031234567", "79031234568"), text="Привет")
    return encode(value, from_addr="service@example.org")


@pytest.mark.parametrize("kind", [Template, Semicolon, Base64])
def test_a_mail_of_each_format_is_told_without_its_credentials(
    kind: type[Submission], tmp_path: Path
) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(mail(kind))
    result = run("decode", "email2sms", str(file))
    assert result.exit_code == 0
    assert "canary" not in result.output
    assert result.stdout.splitlines() == [
        f"format: {kind.__name__.lower()}",
        "message:",
        "  login: ***",
        "  password: ***",
        "  sender: DEVINO",
        "  numbers: 79031234567 79031234568",
        "  text: Привет",
    ]


def test_standard_input_to_json() -> None:
    result = run("decode", "email2sms", "-", "--json", given=mail(Base64))
    assert json.loads(result.stdout) == {
        "format": "base64",
        "message": {
            "login": "***",
            "password": "***",
            "sender": "DEVINO",
            "numbers": ["79031234567", "79031234568"],
            "text": "Привет",
        },
    }


@pytest.mark.parametrize("example", ["04-003", "04-006"])
def test_a_body_alone_will_do(example: str) -> None:
    assert run("decode", "email2sms", "-", given=VECTORS[example].data).exit_code == 0


def test_what_is_no_such_mail_is_one_line_and_code_2() -> None:
    result = run("decode", "email2sms", "-", given=b"Subject: hi\r\n\r\ncanary")
    assert result.exit_code == 2
    assert "UserLogin=" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "canary" not in result.stderr
