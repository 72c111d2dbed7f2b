"""What ``devino send`` reads: files, pipes, numbers, refs, times and texts as they are spoilt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from devino_core.cli._app import Devino
from devino_core.cli._delivery import BATCH
from devino_core.cli._times import parse_past, parse_send_at
from devino_core.cli.toolkit import App
from tests.core._cli import ENVIRON, Platform, objects


@pytest.fixture
def platform() -> Platform:
    return Platform()


def rows(count: int, *, ref: Callable[[int], str]) -> str:
    lines = [f"7916{n:07};{ref(n)}" for n in range(count)]
    return "\n".join(["to;ref", *lines])


# What can be read but once


def fed(path: Path, text: str) -> threading.Thread:
    """A writer to a named pipe, which waits for its reader."""
    writer = threading.Thread(target=path.write_text, args=(text,), daemon=True)
    writer.start()
    return writer


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_named_pipe_is_read_once(platform: Platform, tmp_path: Path, *, dry_run: bool) -> None:
    pipe = tmp_path / "rows"
    os.mkfifo(pipe)
    writer = fed(pipe, rows(BATCH + 5, ref=str))
    args = ["--dry-run"] if dry_run else []
    result = platform.devino("send", "--file", str(pipe), "Hello", *args)
    writer.join(10)
    assert result.exit_code == 0
    assert len(platform.sent) == (0 if dry_run else BATCH + 5)


def test_a_pipe_of_the_shell_is_read_once(platform: Platform) -> None:
    reading, writing = os.pipe()
    os.write(writing, rows(3, ref=str).encode())
    os.close(writing)
    result = platform.devino("send", "--file", f"/dev/fd/{reading}", "Hello")
    os.close(reading)
    assert result.exit_code == 0
    assert len(platform.sent) == 3


def test_a_bad_row_of_a_pipe_says_what_was_sent_before(platform: Platform, tmp_path: Path) -> None:
    pipe = tmp_path / "rows"
    os.mkfifo(pipe)
    writer = fed(pipe, rows(BATCH + 3, ref=str) + "\n123;x")
    result = platform.devino("send", "--file", str(pipe), "Hello", "--json")
    writer.join(10)
    (*receipts, error) = objects(result.stdout)
    assert len(receipts) == len(platform.sent) == BATCH
    assert error["error"]["line"] == BATCH + 5


def test_a_missing_file_is_named_once(platform: Platform) -> None:
    result = platform.devino("send", "--file", "no/such.csv", "Hello")
    assert result.exit_code == 2
    assert "cannot read no/such.csv: No such file" in result.stderr


# Refs


@pytest.mark.parametrize("apart", [1, 5, BATCH - 1, BATCH, BATCH + 1, BATCH * 3])
def test_a_ref_that_stands_twice_is_found_however_far_apart(
    platform: Platform, tmp_path: Path, apart: int
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(rows(BATCH * 3 + 2, ref=lambda n: "first" if n in (0, apart) else str(n)))
    result = platform.devino("send", "--file", str(file), "Hello", "--json")
    assert result.exit_code == 2
    (error,) = objects(result.stdout)
    assert error["error"]["field"] == "ref"
    assert error["error"]["line"] == apart + 2
    assert platform.sent == []


def test_rows_without_a_ref_have_refs_of_their_own(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(rows(BATCH + 2, ref=lambda n: "one" if n == 1 else ""))
    assert platform.devino("send", "--file", str(file), "Hello").exit_code == 0
    assert len({message.ref for message in platform.sent}) == BATCH + 2


# Numbers


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("79161234567.0", "fraction"),
        ("9161234567", "lack the country code"),
        ("791612345678", "ten digits"),
        ("8 495 123-45-67", "trunk prefix"),
    ],
)
def test_a_spoilt_number_of_a_file_is_refused_before_anything_is_sent(
    platform: Platform, tmp_path: Path, cell: str, reason: str
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"to;ref\n79031234567;a\n{cell};b\n")
    result = platform.devino("send", "--file", str(file), "Hello")
    assert result.exit_code == 2
    assert "line 3: to: not a phone number" in result.stderr
    assert reason in result.stderr
    assert platform.sent == []


# Times


@pytest.mark.parametrize("text", ["2030-01-31", "20300131", "2030-W05-4", " 2030-01-31 "])
def test_a_time_of_sending_has_a_time_of_day(platform: Platform, tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="names no time of day, as 2030-01-31T12:30 does"):
        parse_send_at(text)
    result = platform.devino("send", "79031234567", "Hello", "--at", text)
    assert result.exit_code == 2
    assert "time of day" in result.stderr
    file = tmp_path / "rows.csv"
    file.write_text(f"to,at\n79031234567,{text}\n")
    result = platform.devino("send", "--file", str(file), "Hello")
    assert "line 2: at: " in result.stderr
    assert platform.sent == []
    # Of a period it is the beginning.
    assert parse_past(text) is not None


# Words


def test_a_text_that_begins_with_a_dash_is_told_how_it_goes(platform: Platform) -> None:
    result = platform.devino("send", "79031234567", "-10% sale")
    assert result.exit_code == 2
    assert "No such option '-1'; write -- before" in result.stderr
    assert result.stderr.count("\n") == 1
    assert platform.devino("send", "79031234567", "--", "-10% sale").exit_code == 0
    assert platform.sent[0].text == "-10% sale"


def test_a_text_in_another_encoding_is_told_so(platform: Platform) -> None:
    text = "Привет".encode("cp1251").decode("utf-8", "surrogateescape")
    for args in (
        ["79031234567", text],
        [text, "Hello"],
        ["79031234567", "Hello", "--sender", text],
        ["79031234567", "Hello", "--ref", text],
        ["--file", "-", text],
    ):
        result = platform.devino("send", *args)
        assert result.exit_code == 2
        assert f"not in {sys.getfilesystemencoding()}, this terminal's encoding" in result.stderr
    assert platform.sent == []


ODD = "\x7f\x9b\xad\u200b\u200e\u061c\u2028\u202e\u2066\ufeff\U000e0041"
FINE = "Привет, 😀 \u00a0\u2009✓"


def test_json_holds_no_character_that_acts_on_a_terminal() -> None:
    line = App().encoded({"text": ODD + FINE}).decode()
    assert not set(ODD) & set(line)
    assert FINE in line
    assert json.loads(line) == {"text": ODD + FINE}


# Streams that are closed


def run(*args: str, closed: int, **more: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import os, sys; "
        f"os.close({closed}); "
        f"os.execv(sys.executable, [sys.executable, '-m', 'devino_core.cli', *{list(args)!r}])"
    )
    environ = {**os.environ, **ENVIRON, "DEVINO__REST__LOGIN": "a", "DEVINO__REST__PASSWORD": "b"}
    del environ["DEVINO__FAKE__TOKEN"]
    environ |= more
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60
    )


def test_a_closed_output_is_said_before_anything_is_done() -> None:
    done = run("segments", "Hello", closed=1)
    assert done.returncode == 2
    assert done.stderr == (
        "devino: standard output is closed: send it to /dev/null if nobody reads it\n"
    )


def test_a_closed_input_is_said() -> None:
    done = run("send", "--file", "-", "Hello", closed=0)
    assert done.returncode == 2
    assert "cannot read -: standard input is closed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("send", "79031234567", "-"),
        ("follow", "-"),
        ("status", "-"),
        ("hlr", "--file", "-"),
        ("decode", "smpp", "-"),
        ("decode", "xml", "-"),
        ("decode", "rest", "Sms/State", "-"),
        ("outbox", "import", "-"),
        ("send", "--file", "-", "Hello", "--dry-run"),
    ],
    ids=" ".join,
)
def test_a_closed_input_is_one_line_of_every_command_that_reads_it(
    args: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(*args, closed=0, DEVINO__OUTBOX__URL=f"sqlite:{tmp_path / 'outbox.db'}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "devino: cannot read -: standard input is closed\n"


def test_a_question_that_nobody_can_answer_says_so(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'outbox.db'}"
    done = run("outbox", "cancel", "--all", closed=0, DEVINO__OUTBOX__URL=url)
    assert done.returncode == 2
    assert "devino: nobody answers the question: give --yes" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_a_place_for_errors_they_are_not_kept_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A command may serve for months."""
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit):
        Devino().main(["--version"])
    with sys.stderr as place:
        place.write("x" * 100_000)
        place.flush()
        assert Path(place.name) == Path(os.devnull)


def test_without_a_place_for_errors_the_result_is_printed_all_the_same() -> None:
    done = run("segments", "Hello", closed=2)
    assert done.returncode == 0
    assert done.stdout.startswith("GSM7, 1 SMS")
