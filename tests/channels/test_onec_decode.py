"""``devino decode onec``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from devino_core.cli._app import Devino


def run(*args: str, given: bytes = b"") -> Result:
    return CliRunner(env={"DEVINO_CONFIG": ""}).invoke(Devino(), args, input=given)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251"])
def test_words_are_told_with_what_they_mean(encoding: str) -> None:
    given = "Result: Операция выполнена.\nSMS_Status: Доставлено\nBalance: 98765\n"
    result = run("decode", "onec", "-", given=given.encode(encoding))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "answer:",
        "  result: OK_Operation_Completed",
        "  balance: 98765",
        "  status: Delivered_To_Recipient",
        "result means: done: done",
        "status means: DELIVERED: delivered",
    ]


def test_programs_get_the_wires_own_words() -> None:
    given = b"SMS_Status: Something_New\nServer: x\n"
    told = json.loads(run("decode", "onec", "-", "--json", given=given).stdout)
    assert told["answer"]["status"] == "Something_New"
    assert told["answer"]["other"] == {"Server": "x"}
    assert "status means" not in told


def test_what_is_no_answer_is_a_usage_error() -> None:
    for given in (b"{}", b"\x98"):
        assert run("decode", "onec", "-", given=given).exit_code == 2
