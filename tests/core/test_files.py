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
    ],
    ids=" ".join,
)
def test_a_file_without_an_end_is_one_line_and_code_2(
    args: tuple[str, ...], tmp_path: Path
) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    environ = {
        "DEVINO_CONFIG": os.devnull,
        "DEVINO__REST__LOGIN": "me",
        "DEVINO__REST__PASSWORD": "x",
        "DEVINO__REST__SENDER": "X",
        "DEVINO__OUTBOX__URL": f"sqlite:{tmp_path / 'outbox.db'}",
    }
    with ENDLESS.open("rb") as endless:
        ended = subprocess.run(
            [sys.executable, "-m", "devino", *args],
            stdin=endless,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            preexec_fn=limit,
            env={**os.environ, **environ},
        )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert "than 16,777,216 bytes" in ended.stderr


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
