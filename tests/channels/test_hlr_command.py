"""``devino hlr``: numbers in, a line for each when it is known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devino_core import ConnectFailed, Plugins
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.testing import ManualClock
from devino_plugins.rest import Lookup, Reachability, RestChannel

REST = {"DEVINO__REST__LOGIN": "me", "DEVINO__REST__PASSWORD": "secret"}
XML = {"DEVINO__XML__LOGIN": "me", "DEVINO__XML__PASSWORD": "secret"}
CLOCK = ManualClock()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers that a channel was asked about."""
    got: list[str] = []

    async def lookup(_: RestChannel, numbers: Iterable[str], **__: Any) -> AsyncIterator[Lookup]:
        for number in numbers:
            got.append(number)
            await asyncio.sleep(0)
            if number == "79990000000":
                raise ConnectFailed("no connection to integrationapi.net")
            yield Lookup(
                number, "7", Reachability.REACHABLE, 1, "a\tb", "Россия", "МТС", CLOCK.now()
            )

    monkeypatch.setattr(RestChannel, "lookup", lookup)
    return got


def devino(*args: str, environ: dict[str, str] = REST, given: str | None = None) -> Result:
    command = Devino(App(plugins=Plugins(environ={}), clock=CLOCK))
    runner = CliRunner(env={"DEVINO_CONFIG": "", **environ})
    return runner.invoke(command, ["hlr", *args], input=given)


HEADER = "number\treachability\toperator\tcountry\tdescription\n"


def test_each_number_is_a_line_below_the_names_of_the_columns(asked: list[str]) -> None:
    result = devino("79031234567", "79160000001")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(HEADER)
    assert result.stdout.splitlines()[1:] == [
        "79031234567\tREACHABLE\tМТС\tРоссия\ta\\tb",
        "79160000001\tREACHABLE\tМТС\tРоссия\ta\\tb",
    ]


def test_programs_get_an_object_a_line(asked: list[str]) -> None:
    (found,) = map(json.loads, devino("79031234567", "--json").stdout.splitlines())
    assert found == {
        "number": "79031234567",
        "id": "7",
        "reachability": "REACHABLE",
        "code": 1,
        "description": "a\tb",
        "country": "Россия",
        "operator": "МТС",
        "asked_at": "2026-01-01T12:00:00Z",
    }


def test_numbers_come_from_arguments_and_a_file(asked: list[str], tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    file.write_text("\ufeff79160000001\r\n\n 79160000002 \n", "utf-8")
    assert devino("79031234567", "--file", str(file)).exit_code == 0
    assert asked == ["79031234567", "79160000001", "79160000002"]
    assert devino("--file", "-", given="79160000003\n").exit_code == 0
    assert asked[3:] == ["79160000003"]


def test_a_file_that_is_not_utf_8_is_told_as_such(asked: list[str], tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    file.write_bytes("79160000001\nПривет\n".encode("cp1251"))
    result = devino("--file", str(file))
    assert result.exit_code == 2
    assert "'--file': it is not text in UTF-8" in result.stderr
    assert not asked


def test_a_file_without_a_number_is_told(asked: list[str], tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    file.write_text("\n \n")
    result = devino("--file", str(file))
    assert result.exit_code == 2
    assert "'--file': it has no number" in result.stderr


def test_without_a_number_it_says_what_to_give(asked: list[str]) -> None:
    result = devino()
    assert result.exit_code == 2
    assert "give a NUMBER, or --file FILE" in result.stderr


def test_what_is_no_number_is_told_before_any_is_asked_about(asked: list[str]) -> None:
    result = devino("79031234567", "12")
    assert result.exit_code == 2
    assert "'12' is not a phone number" in result.stderr
    assert not asked


def test_an_error_is_one_line_after_what_was_known_before(asked: list[str]) -> None:
    result = devino("79031234567", "79990000000")
    assert result.exit_code != 0
    assert result.stdout.startswith(f"{HEADER}79031234567\tREACHABLE")
    assert result.stderr.count("\n") == 1
    assert "no connection to integrationapi.net" in result.stderr


def test_the_first_channel_that_looks_numbers_up_is_asked(asked: list[str]) -> None:
    assert devino("79031234567", environ=XML | REST | {"DEVINO_DEFAULT": "xml"}).exit_code == 0
    assert asked == ["79031234567"]


@pytest.mark.parametrize(
    ("args", "environ", "said"),
    [
        ((), XML, "is a RestChannel; kinds that could, if their settings allow it: rest, rest-v2"),
        (("--channel", "xml"), XML | REST, "channel 'xml' is a XmlChannel, not a RestChannel"),
        (("--channel", "x"), REST, "no channel is named 'x'"),
    ],
)
def test_who_cannot_look_numbers_up_is_told_with_those_who_could(
    asked: list[str], args: tuple[str, ...], environ: dict[str, str], said: str
) -> None:
    result = devino("79031234567", *args, environ=environ)
    assert result.exit_code != 0
    assert said in result.stderr
    assert not asked
