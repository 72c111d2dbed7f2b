"""``devino plugins`` and ``devino completion``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rich_click as click
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from devino_core import Plugins, hookimpl
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.hookspecs import commands_at
from tests.core._cli import ENVIRON, Platform

VARIABLE = "_DEVINO_COMPLETE"


def test_each_plugin_says_where_it_comes_from_and_what_it_brings() -> None:
    shown = json.loads(CliRunner().invoke(Devino(), ["plugins", "--json"]).stdout)
    assert shown["problems"] == []
    found = {one["name"]: one for one in shown["plugins"]}
    assert found["rest"] == {
        "name": "rest",
        "origin": "devino 0.1.0",
        "channels": ["rest", "rest-v2"],
        "services": [],
        "sources": [],
        "commands": ["hlr", "decode rest"],
    }
    assert found["verification"]["services"] == ["2fa"]
    assert found["viber"]["sources"] == ["viber", "whatsapp"]
    lines = CliRunner().invoke(Devino(), ["plugins"]).stdout.splitlines()
    assert lines[0] == "name\tfrom\tbrings"
    assert "rest\tdevino 0.1.0\tchannels rest, rest-v2; commands hlr, decode rest" in lines


def test_channels_lists_each_operation_with_a_whole_sentence() -> None:
    shown = json.loads(CliRunner(env=ENVIRON).invoke(Devino(), ["channels", "--json"]).stdout)
    operations = {
        kind["kind"]: {one["name"]: one["summary"] for one in kind["operations"]}
        for kind in (*shown["kinds"], *shown["service_kinds"])
    }
    assert {"lookup", "statistics"} <= operations["rest"].keys()
    assert {"details", "statistics"} <= operations["email"].keys()
    assert "unsubscribed" in operations["addressbook"]
    assert "ask" not in operations["addressbook"]
    for summaries in operations.values():
        assert all(said.endswith(".") for said in summaries.values()), summaries


def test_a_plugin_that_fails_is_told_once() -> None:
    @hookimpl
    def devino_channels() -> Any:
        raise RuntimeError("no room")

    def shown(*args: str) -> Any:
        plugins = Plugins(discover=False)
        plugins.register(SimpleNamespace(devino_channels=devino_channels), "odd", origin="odd 1")
        return CliRunner().invoke(Devino(App(plugins=plugins)), args)

    told = json.loads(shown("plugins", "--json").stdout)
    assert [one["name"] for one in told["plugins"]] == ["odd"]
    (problem,) = told["problems"]
    assert "odd" in problem
    assert "no room" in problem


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell: str) -> None:
    result = CliRunner().invoke(Devino(), ["completion", shell])
    assert result.exit_code == 0
    assert f"{VARIABLE}={shell}_complete" in result.stdout
    assert CliRunner().invoke(Devino(), ["completion", "csh"]).exit_code == 2
    told = CliRunner().invoke(Devino(), ["completion"]).stderr
    assert "Choose from: bash, zsh, fish; see `devino completion --help`" in told


def completed(platform: Platform, *words: str, environ: dict[str, str]) -> list[str]:
    plugins = Plugins(discover=False)
    plugins.register(platform.plugin(), "fake")
    with CliRunner(env=environ).isolation():
        complete = ShellComplete(Devino(), {"obj": App(plugins=plugins)}, "devino", VARIABLE)
        return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


def test_names_of_configured_channels_are_completed(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[channels.promo]\nkind = "fake"\n[channels.bank]\n', "utf-8")
    environ = {**ENVIRON, "DEVINO_CONFIG": str(tmp_path / "a.toml")}
    platform = Platform()
    for command in ("send", "status", "balance", "inbox", "doctor"):
        found = completed(platform, command, "--channel", "", environ=environ)
        assert found == ["promo", "bank", "fake"]
    assert completed(platform, "send", "--channel", "p", environ=environ) == ["promo"]
    path = str(tmp_path / "a.toml")
    found = completed(platform, "send", "--config", path, "--channel", "b", environ=ENVIRON)
    assert found == ["bank"]


def test_settings_that_cannot_be_read_complete_nothing_and_say_nothing(tmp_path: Path) -> None:
    environ = {**ENVIRON, "DEVINO_CONFIG": str(tmp_path / "none.toml")}
    assert completed(Platform(), "send", "--channel", "", environ=environ) == []
    done = subprocess.run(
        [sys.executable, "-m", "devino_core.cli"],
        env={
            **os.environ,
            **environ,
            "DEVINO_PLUGINS": "no_such_module",
            VARIABLE: "bash_complete",
            "COMP_WORDS": "devino bal",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("plain,balance\n", "")


@pytest.mark.parametrize(("end", "code"), [(1, 1), (3, 3), (None, 0), ("why", "why")])
def test_a_command_of_a_plugin_may_exit_as_programs_do(end: object, code: object) -> None:
    @click.command("leave")
    def leave() -> None:
        raise SystemExit(end)

    @hookimpl
    def devino_commands() -> list[click.Command]:
        return [leave]

    plugins = Plugins(discover=False)
    plugins.register(SimpleNamespace(devino_commands=devino_commands), "leaving")
    with pytest.raises(SystemExit) as left:
        Devino(App(plugins=plugins)).main(["leave"])
    assert (left.value.code or 0) == code


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "devino.toml").write_text("[channels.promo]\n[channels.bank]\n", "utf-8")
    command = tmp_path / "devino"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m devino_core.cli "$@"\n', "ascii")
    command.chmod(0o755)
    program = """
    eval "$(devino completion bash)"
    COMP_WORDS=(devino send --channel pr) COMP_CWORD=3
    _devino_completion devino
    echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("promo\n", "")


def test_commands_that_cannot_be_imported_are_one_line_on_stderr() -> None:
    plugins = Plugins(discover=False)
    plugins.register(SimpleNamespace(devino_commands=commands_at("acme_lost:ask")), "acme")
    done = CliRunner().invoke(Devino(App(plugins=plugins)), ["plugins"])
    (line,) = done.stderr.splitlines()
    assert line == (
        "devino: warning: devino_commands() of plugin 'acme' of registered in code is left out: "
        "ModuleNotFoundError: No module named 'acme_lost'"
    )
