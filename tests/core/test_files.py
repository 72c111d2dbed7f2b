"""Files that have no end, and commands that are given one."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest

from devino_core.files import lines_of, read_whole

ENDLESS = Path("/dev/zero")


def test_a_file_is_read_up_to_its_bound() -> None:
    assert read_whole(BytesIO(b"12345"), 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_whole(BytesIO(b"12345"), 4)


def test_a_line_is_read_up_to_its_bound() -> None:
    assert list(lines_of(BytesIO(b"123\n\n45"), 4)) == [b"123\n", b"\n", b"45"]
    lines = lines_of(BytesIO(b"1\n12345\n"), 4)
    assert next(lines) == b"1\n"
    with pytest.raises(OSError, match="a line is longer than 4 bytes"):
        next(lines)


@pytest.mark.skipif(not ENDLESS.exists(), reason="only Unix has a file without an end")
@pytest.mark.parametrize(
    "args",
    [
        ("--config", "/dev/zero", "balance"),
        ("sandbox", "--config", "/dev/zero"),
        ("listen", "--secret-file", "/dev/zero"),
        ("decode", "xml", "/dev/zero"),
        ("decode", "rest", "Sms/State", "/dev/zero"),
        ("decode", "smpp", "-"),
        ("follow", "/dev/zero"),
        ("hlr", "--file", "/dev/zero"),
        ("outbox", "import", "/dev/zero"),
        ("send", "79031234567", "-"),
        ("send", "ivan@example.com", "--subject", "Hi", "--html", "/dev/zero"),
        ("send", "--file", "/dev/zero", "Hi", "--dry-run"),
        ("send", "--file", "-", "Hi", "--journal", "JOURNAL"),
        ("book", "import", "1", "/dev/zero"),
        ("upload", "/dev/zero", "Hi"),
    ],
    ids=" ".join,
)
def test_a_file_without_an_end_is_one_line_and_code_2(
    args: tuple[str, ...], tmp_path: Path
) -> None:
    args = tuple(str(tmp_path / "run.jsonl") if arg == "JOURNAL" else arg for arg in args)
    ended = given_endless(*args, outbox=tmp_path / "outbox.db")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert "than 16,777,216 bytes" in ended.stderr


@pytest.mark.skipif(not ENDLESS.exists(), reason="only Unix has a file without an end")
@pytest.mark.parametrize("file", ["/dev/zero", "-"])
def test_a_row_without_an_end_is_told_after_what_was_sent(file: str, tmp_path: Path) -> None:
    ended = given_endless("send", "--file", file, "Hi", outbox=tmp_path / "outbox.db")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"devino: 0 accepted\ndevino: cannot read {file}: a line is longer than 16,777,216 bytes\n"
    )


def given_endless(*args: str, outbox: Path) -> subprocess.CompletedProcess[str]:
    """A command that ended; its standard input has no end, and neither may have what it takes."""
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    environ = {
        "DEVINO_CONFIG": os.devnull,
        "DEVINO__REST__LOGIN": "me",
        "DEVINO__REST__PASSWORD": "x",
        "DEVINO__REST__SENDER": "X",
        "DEVINO__ADDRESSBOOK__LOGIN": "me",
        "DEVINO__ADDRESSBOOK__PASSWORD": "x",
        "DEVINO__OUTBOX__URL": f"sqlite:{outbox}",
    }
    with ENDLESS.open("rb") as endless:
        return subprocess.run(
            [sys.executable, "-m", "devino", *args],
            stdin=endless,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            preexec_fn=limit,
            env={**os.environ, **environ},
        )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells of a folder in other words")
def test_a_folder_is_no_id(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "devino", "follow", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "DEVINO__REST__LOGIN": "me", "DEVINO__REST__PASSWORD": "x"},
    )
    assert ended.returncode == 2
    assert ended.stderr == f"devino: cannot read {tmp_path}: Is a directory\n"
