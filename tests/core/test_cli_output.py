"""An output that cannot be written, of every command: one line and code 74."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
DEVINO = (sys.executable, "-m", "devino")

COMMANDS = [
    ("--help",),
    ("--version",),
    ("send", "--help"),
    ("outbox",),
    ("channels",),
    ("plugins",),
    ("plugins", "--json"),
    ("completion", "bash"),
    ("init", "--file", "-"),
    ("segments", "hello"),
    ("explain", "rest", "1"),
]


def run(args: tuple[str, ...], output: int) -> tuple[int, str]:
    ended = subprocess.run(
        [*DEVINO, *args],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "DEVINO_CONFIG": os.devnull},
    )
    return ended.returncode, ended.stderr


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_a_full_disk_is_one_line_and_code_74(args: tuple[str, ...]) -> None:
    with FULL.open("wb") as output:
        code, said = run(args, output.fileno())
    assert said == "devino: the output cannot be written: No space left on device\n"
    assert code == 74


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_a_reader_that_is_gone_is_one_line_and_code_74(args: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        code, said = run(args, writer)
    finally:
        os.close(writer)
    assert said == "devino: the output cannot be written: Broken pipe\n"
    assert code == 74


def test_a_group_without_a_command_shows_its_help() -> None:
    with Path(os.devnull).open("wb") as output:
        assert run(("outbox",), output.fileno()) == (2, "")


def test_half_a_file_of_settings_is_closed_before_it_is_deleted(tmp_path: Path) -> None:
    """Windows deletes no file that is open."""
    code = (
        "import io, os, sys, devino_core.cli\n"
        "opened = []\n"
        "class Full(io.StringIO):\n"
        "    def write(self, text): raise KeyboardInterrupt\n"
        "def open(path, *_, **__):\n"
        "    io.open(path, 'x').close(); opened.append(Full()); return opened[0]\n"
        "def unlink(path, *_, **__):\n"
        "    print(opened[0].closed); remove(path)\n"
        "from devino_core.cli import _files\n"
        "_files.open = open\n"
        "remove, os.unlink = os.unlink, unlink\n"
        "devino_core.cli.main()\n"
    )
    path = tmp_path / "devino.toml"
    ended = subprocess.run(
        [sys.executable, "-c", code, "init", "--file", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (130, "True\n")
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file")
def test_a_file_of_settings_that_cannot_be_written_whole_is_none(tmp_path: Path) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    path = tmp_path / "devino.toml"
    command = [*DEVINO, "init", "rest", "--file", str(path)]
    ended = subprocess.run(
        command, preexec_fn=limit, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 2
    assert f"cannot write {path}: File too large" in ended.stderr
    assert not path.exists()


_UNFLUSHED = """
import click
from devino_core import hookimpl

@hookimpl
def devino_commands():
    @click.command()
    @click.option("--exits", is_flag=True)
    def leave(exits):
        print("left in the buffer")
        if exits:
            raise SystemExit(3)
    return [leave]
"""


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("args", [(), ("--exits",)], ids=["returns", "exits"])
def test_what_a_command_left_in_the_buffer_is_not_lost_in_silence(
    args: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaving.py").write_text(_UNFLUSHED)
    monkeypatch.setenv("DEVINO_PLUGINS", "leaving")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    with FULL.open("wb") as output:
        code, said = run(("leave", *args), output.fileno())
    assert said == "devino: the output cannot be written: No space left on device\n"
    assert code == 74
