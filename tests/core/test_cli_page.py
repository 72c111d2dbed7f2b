"""What docs/cli.md shows of commands that look something up."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from devino_core.cli._app import Devino
from tests.channels.test_smpp_written import BEFORE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
ENQUIRE_LINK = bytes.fromhex("00000010000000150000000000000001")


def test_the_shown_frame_is_read_as_shown() -> None:
    (shown,) = re.findall(r"decode smpp -\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    frame = BEFORE[14:] + ENQUIRE_LINK
    assert CliRunner().invoke(Devino(), ["decode", "smpp", "-"], input=frame).output == shown


def test_the_shown_codes_are_explained() -> None:
    shown = re.findall(r"`devino (explain [^`]+)`", PAGE.read_text("utf-8"))
    assert len(shown) >= 3
    for command in shown:
        assert CliRunner().invoke(Devino(), shlex.split(command)).exit_code == 0
