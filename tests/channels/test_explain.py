"""``devino explain``: any code of any codec, by number, name, word or text."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

import devino_codecs
from devino_codecs.http import Coded, CodedInt, CodedStr, NumberedStr
from devino_core.cli._app import Devino
from devino_plugins.tools import _explain


def explain(*args: str) -> Result:
    return CliRunner().invoke(Devino(), ["explain", *args])


def told(*args: str) -> list[dict[str, Any]]:
    outcome = explain(*args, "--json")
    assert outcome.exit_code == 0, outcome.output
    found: list[dict[str, Any]] = json.loads(outcome.output)
    return found


def tables() -> Iterator[Any]:
    """Every table that a codec has, wherever it stands."""
    for module in pkgutil.walk_packages(devino_codecs.__path__, "devino_codecs."):
        importlib.import_module(module.name)
    waiting: list[Any] = [Coded]
    while waiting:
        table = waiting.pop()
        waiting += table.__subclasses__()
        is_table = table not in {Coded, CodedInt, CodedStr, NumberedStr} and issubclass(
            table, CodedInt | CodedStr
        )
        if is_table and table.__module__.startswith("devino_codecs.") and list(table):
            yield table


@pytest.mark.parametrize("table", list(tables()), ids=lambda table: table.__qualname__)
def test_every_row_of_every_table_is_found_by_its_value_and_its_name(table: Any) -> None:
    rows = list(_explain._rows())
    for code in table:
        for asked in (str(code.value), code.name):
            found = [row.member for row in rows if row.is_named(asked)]
            assert any(member is code for member in found)


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (("rest", "255"), "NOT_FOUND"),
        (("rest", "-98"), "STOPPED"),
        (("rest-v2", "-98"), "STOPPED"),
        (("smpp", "0x58"), "ESME_RTHROTTLED"),
        (("SMPP", "88"), "ESME_RTHROTTLED"),
        (("smpp", "0X58"), "ESME_RTHROTTLED"),
        (("esme_rthrottled",), "ESME_RTHROTTLED"),
        (("xml", "203"), "ERR_RECIPIENT"),
        (("DELIVRD",), "DELIVERED"),
        (("smpp", "0x80000004"), "SUBMIT_SM_RESP"),
        (("rest", "доставлено"), "DELIVERED"),
        (("rest", "Доставлено."), "DELIVERED"),
        (("rest", "Invalid user login or password"), "INVALID_LOGIN"),
        (("rest", "SessionID expired at 12:00"), "SESSION_EXPIRED"),
        (("rest", "error_system"), "SYSTEM"),
    ],
)
def test_what_people_have_at_hand_is_found(args: tuple[str, ...], name: str) -> None:
    assert [row["name"] for row in told(*args)] == [name]


def test_one_number_means_something_in_several_places() -> None:
    assert {row["protocol"] for row in told("255")} == {"rest", "smpp", "soap"}
    assert [row["table"] for row in told("xml", "201")] == ["MessageError", "PackageErrorCode"]


def test_people_see_a_row_for_each_and_statuses_of_smpp_as_its_documents_write_them() -> None:
    header, row = explain("smpp", "88").output.splitlines()
    assert header == "protocol\ttable\tcode\tname\tmeans\tdescription"
    assert row.startswith("smpp\tCommandStatus\t0x58\tESME_RTHROTTLED\tbusy\tthrottling error")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "give a CODE"),
        (("a", "b", "c"), "give a CODE"),
        (("rset", "4"), "'rset' has no codes: did you mean 'rest'?"),
        (("zzzzzz", "4"), "known are 2fa, addressbook, email, http, onec, rest, smpp, soap"),
        (("ESME_RTHROTLED",), "is no code of any protocol: did you mean 'ESME_RTHROTTLED'?"),
        (("rest", "12345"), "'12345' is no code of rest"),
        (("",), "'' is no code"),
    ],
)
def test_what_is_no_code_is_told(args: tuple[str, ...], said: str) -> None:
    outcome = explain(*args)
    assert outcome.exit_code == 2
    assert said in outcome.stderr


def test_protocols_are_completed() -> None:
    complete = ShellComplete(Devino(), {}, "devino", "_DEVINO_COMPLETE")
    assert {item.value for item in complete.get_completions(["explain"], "s")} == {"smpp", "soap"}
