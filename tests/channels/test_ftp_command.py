"""``devino upload``: a file of people in, a line for each archive out."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devino_core import Plugins
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.testing import ManualClock
from devino_sandbox import AnswerError, Drop, DropAnswer, Hang
from tests.channels._ftp import ftp_of, lying, order, served, taken, until
from tests.channels._sandboxed import PASSWORD, Wired

TO, OTHER = "79031234567", "79031234568"
NAME = "demo_20260101120000.zip"
PEOPLE = f"Phone;Имя;Город\n{TO};Анна;Тверь\n\n+7 (903) 123-45-68;Борис;Псков\n"
COLUMNS = ("--column", "to=Phone", "--column", "name=Имя")


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with served() as wire:
        yield wire


@pytest.fixture
def people(tmp_path: Path) -> str:
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    return str(file)


def environ(wire: Wired, **more: str) -> dict[str, str]:
    settings = ftp_of(wire).settings
    given = {
        "HOST": settings.host,
        "PORT": str(settings.port),
        "LOGIN": "demo",
        "PASSWORD": PASSWORD,
        "SENDER": "DEVINO",
        "TLS": "none",
        "TIMEOUT": "0.5",
        **more,
    }
    return {"DEVINO_CONFIG": "", **{f"DEVINO__FTP__{key}": value for key, value in given.items()}}


async def devino(wire: Wired, *args: str, given: bytes | None = None, **more: str) -> Result:
    command = Devino(App(plugins=Plugins(environ={}), clock=ManualClock()))
    runner = CliRunner(env=environ(wire, **more))
    # The sandbox works in this thread meanwhile.
    return await asyncio.to_thread(runner.invoke, command, ["upload", *args], given)


def shown(result: Result) -> Any:
    return json.loads(result.stdout)


async def test_each_gets_the_text_with_his_own_values(wire: Wired, people: str) -> None:
    result = await devino(wire, people, "Dear {name}, {{hi}}", *COLUMNS)
    assert result.exit_code == 0, result.output
    head, line = result.stdout.splitlines()
    assert head.split("\t") == ["name", "contacts", "size", "state", "description"]
    assert line.split("\t")[:2] == [NAME, "2"]
    assert await taken(wire) == [(TO, "Dear Анна, {hi}"), (OTHER, "Dear Борис, {hi}")]


async def test_a_text_without_fields_needs_the_numbers_alone(wire: Wired) -> None:
    result = await devino(wire, "-", "Sale {{today}}", given=f"to\n{TO}\n".encode())
    assert result.exit_code == 0, result.output
    assert await taken(wire) == [(TO, "Sale {today}")]


async def test_options_hold_for_all(wire: Wired, people: str) -> None:
    options = ("--sender", "SHOP", "--validity", "15m", "--at", "2030-01-31T09:00")
    result = await devino(wire, people, "Hi", *COLUMNS[:2], *options, "--json")
    assert result.exit_code == 0, result.output
    (upload,) = shown(result)
    assert (upload["name"], upload["contacts"], upload["error"]) == (NAME, 2, None)
    await taken(wire)
    for stored in wire.world.messages():
        order_ = stored.submission
        assert order_.sender == "SHOP"
        assert order_.validity is not None
        assert order_.validity.total_seconds() == 900
        assert order_.send_at is not None
        assert order_.send_at.hour == 9


@pytest.mark.parametrize(
    ("file", "text", "options", "word"),
    [
        (PEOPLE, "Dear {nmae}", COLUMNS[:2], "no column of this name"),
        (PEOPLE, "Dear {name}", (), "--column to=Phone"),
        (PEOPLE, "Hi", COLUMNS, "TEXT has no field {name}"),
        (PEOPLE, "Hi {", COLUMNS[:2], "brace"),
        (PEOPLE, "Hi", ("--column", "Phone"), "is not NAME=COLUMN"),
        (PEOPLE, "Hi", ("--column", "to=Phone", "--column", "to=Имя"), "given twice"),
        (PEOPLE, "Hi", ("--column", "to=Phnoe"), "did you mean 'Phone'"),
        (PEOPLE.replace("Борис", '"Бо;рис"'), "{name}", COLUMNS, "line 4: name: may not hold ';'"),
        (PEOPLE.replace("+7 (903) 123-45-68", "7.9E+10"), "Hi", COLUMNS[:2], "line 4: to: not a"),
        (PEOPLE.replace("+7 (903) 123-45-68", "7,9E+10"), "Hi", COLUMNS[:2], "powers of ten"),
        (PEOPLE.replace("Псков", "Псков;x"), "Hi", COLUMNS[:2], "line 4: row: has 4 cells"),
        (PEOPLE, "", COLUMNS[:2], "text: is empty"),
        (PEOPLE, "one\ntwo", COLUMNS[:2], "text: may not hold U+000A: set `line_break`"),
        (PEOPLE, "{name}\n", COLUMNS, "text: may not hold U+000A: set `line_break`"),
        (PEOPLE.replace("Борис", '"a\nb"'), "{name}", COLUMNS, "name: may not hold U+000A: set"),
    ],
)
async def test_what_is_wrong_is_said_before_anything_is_sent(
    wire: Wired, file: str, text: str, options: tuple[str, ...], word: str
) -> None:
    order(wire, "CONNECT", Drop(), times=None)
    result = await devino(wire, "-", text, *options, given=file.encode())
    assert result.exit_code == 2
    assert word in result.stderr
    assert result.stderr.count("\n") == 1


async def test_what_no_setting_allows_names_none(wire: Wired) -> None:
    result = await devino(wire, "-", "a\tb", given=f"to\n{TO}\n".encode())
    assert result.stderr == "devino: text: may not hold U+0009\n"


async def test_an_error_is_an_object_for_programs(wire: Wired) -> None:
    result = await devino(wire, "-", "Hi", "--json", given=f"to\n{TO}\nx\n".encode())
    assert result.exit_code == 2
    error = shown(result)["error"]
    assert (error["line"], error["field"]) == (3, "to")


async def test_a_file_without_rows_is_said_to_be_so(wire: Wired) -> None:
    result = await devino(wire, "-", "Hi", given=b"to\n")
    assert result.exit_code == 0
    assert "no rows" in result.stderr


async def test_a_row_far_behind_blank_lines_is_found(wire: Wired) -> None:
    rows = "".join(f"7903{n:07}\n\n" for n in range(9_000))
    result = await devino(wire, "-", "Hi", given=f"to\n{rows}x\n".encode())
    assert "line 18002: to:" in result.stderr


@pytest.mark.parametrize(
    ("operation", "action", "code"),
    [
        ("PASS", AnswerError(530), 1),
        ("STOR", AnswerError(553), 1),
        ("data", Drop(), 1),
        ("RNTO", DropAnswer(), 3),
    ],
)
async def test_the_exit_code_says_what_is_known(
    wire: Wired, people: str, operation: str, action: Any, code: int
) -> None:
    order(wire, operation, action, times=None)
    if operation == "RNTO":
        order(wire, "CONNECT", Drop(), nth=2, times=None)
    result = await devino(wire, people, "Hi", *COLUMNS[:2])
    assert result.exit_code == code, result.output


async def test_some_archives_of_several_fail(
    wire: Wired, people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devino_codecs.ftp._writing.MAX_ROWS", 1)
    order(wire, "STOR", AnswerError(553), nth=2)
    result = await devino(wire, people, "Hi", *COLUMNS[:2], "--json")
    assert result.exit_code == 1
    first, second = shown(result)
    assert first["error"] is None
    assert (second["state"], second["error"]["type"]) == ("REJECTED", "Rejected")
    assert [to for to, _ in await taken(wire)] == [TO]


async def test_without_a_channel_that_uploads_it_says_which_could(people: str) -> None:
    command = Devino(App(plugins=Plugins(environ={})))
    given = {"DEVINO_CONFIG": "", "DEVINO__REST__LOGIN": "a", "DEVINO__REST__PASSWORD": "b"}
    result = await asyncio.to_thread(
        CliRunner(env=given).invoke, command, ["upload", people, "Hi", *COLUMNS[:2]]
    )
    assert result.exit_code == 2
    assert "ftp" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_during_the_transfer_says_that_it_may_be_there(
    wire: Wired, people: str, number: signal.Signals
) -> None:
    order(wire, "RNTO", Hang())
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "devino_core.cli", "upload", people, "Hi", *COLUMNS[:2]),
        env={**os.environ, **environ(wire, TIMEOUT="30")},
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    await until(lambda: not wire.world.faults)
    program.send_signal(number)
    _, said = await program.communicate()
    assert program.returncode == 130
    assert b"look whether the server has the archives" in said
    assert lying(wire) == [f"{NAME}.part"] or len(lying(wire)) == 1


async def test_a_signal_while_it_reads_ends_it(wire: Wired, tmp_path: Path) -> None:
    pipe = tmp_path / "people"
    os.mkfifo(pipe)
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "devino_core.cli", "upload", str(pipe), "Hi"),
        env={**os.environ, **environ(wire)},
        stderr=asyncio.subprocess.PIPE,
    )
    # It can be opened once somebody reads.
    with await asyncio.to_thread(pipe.open, "w") as rows:
        rows.write("to\n79031234567\n")
        rows.flush()
        program.send_signal(signal.SIGTERM)
        _, said = await program.communicate()
    assert (program.returncode, said.strip()) == (130, b"devino: interrupted")
    assert lying(wire) == []
