"""``devino segments``: what a text costs."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from devino_core import Plugins, hookimpl
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_plugins import tools


def devino(*args: str) -> Result:
    plugins = Plugins(discover=False)
    plugins.register(tools, "tools")
    return CliRunner().invoke(Devino(App(plugins=plugins)), args)


def test_latin_is_cut_by_septets() -> None:
    shown = json.loads(devino("segments", "a" * 161, "--json").stdout)
    assert shown["alphabet"] == "GSM7"
    assert (shown["parts"], shown["units"], shown["units_left"]) == (2, 161, 145)
    assert [len(text) for text in shown["texts"]] == [153, 8]
    assert shown["because_of"] is None


def test_the_character_that_forces_the_other_alphabet_is_named() -> None:
    assert json.loads(devino("segments", "code ё1", "--json").stdout)["because_of"] == "ё"
    told = devino("segments", "code ё1").stdout
    assert told.startswith("UCS2, 1 SMS, 7 16-bit units, 63 left in the last\n")
    assert "because of 'ё'" in told


def test_parts_are_shown_where_there_are_several() -> None:
    assert devino("segments", "short").stdout.count("\n") == 1
    assert devino("segments", "я" * 71).stdout.count("\n") == 4


def test_a_text_that_is_not_unicode_is_wrong_usage() -> None:
    result = devino("segments", "a\ud800")
    assert result.exit_code == 2
    assert result.stderr.startswith("devino: Invalid value for 'TEXT'")
    assert result.stderr.count("\n") == 1


def test_an_empty_group_decode_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "decode" in devino("--help").output
    brought = tools.devino_commands()
    commands = [command for command in brought if command.name != "decode onec"]
    monkeypatch.setattr(tools, "devino_commands", hookimpl(lambda: commands))
    assert "decode" not in devino("--help").output
