"""``devino decode xml``."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from devino_core.cli._app import Devino
from tests._vectors import VECTORS


def run(*args: str, given: bytes = b"") -> Result:
    return CliRunner(env={"DEVINO_CONFIG": ""}).invoke(Devino(), args, input=given)


def test_a_package_is_told_without_its_credentials() -> None:
    result = run("decode", "xml", str(VECTORS["06-002"].file))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "kind: request",
        "package:",
        "  login: ***",
        "  password: ***",
        "  default:",
        "    sender: SMSINFO",
        "  messages[0]:",
        "    id: 1234",
        "    recipient: +79021234567",
        "    sender: SMSINFO",
        "    date_beg: 2008-12-27T15:55:00",
        "    date_end: 2008-12-28T15:55:00",
        "    type: 0 TEXT",
        "    text: text",
        "  messages[1]:",
        "    recipient: +79021234568",
        "    text: text",
    ]


def test_a_code_is_told_with_its_name_and_to_programs_as_a_number() -> None:
    answer = VECTORS["06-005"].data
    assert "    code: 102 DELIVERED" in run("decode", "xml", "-", given=answer).stdout.splitlines()
    told = json.loads(run("decode", "xml", "-", "--json", given=answer).stdout)
    assert told["kind"] == "answer"
    assert [status["code"] for status in told["package"]["statuses"]] == [102, 1]


def test_a_refused_package_is_told() -> None:
    told = json.loads(run("decode", "xml", "--json", str(VECTORS["06-006"].file)).stdout)
    assert told == {"kind": "answer", "package": {"error": {"code": 201}}}


def test_what_is_no_package_is_a_usage_error_that_quotes_nothing() -> None:
    for given in (b"", b'<package login="canary" password="canary"', b"<canary/>"):
        result = run("decode", "xml", "-", given=given)
        assert result.exit_code == 2
        assert "canary" not in result.output
