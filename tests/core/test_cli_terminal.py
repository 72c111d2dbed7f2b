"""What a terminal shows instead of the columns for a pipe."""

from __future__ import annotations

import io
import re
import sys

import pytest

from devino_core import Message, Receipt, Rejected, State, Status
from devino_core.cli._tally import Tally
from devino_core.cli.toolkit import App
from devino_core.dispatch import failed_receipt

pytestmark = pytest.mark.pythons


class Terminal(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", buffer.getvalue().decode())


def attach_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Both streams on a terminal. Not a fixture, because pytest sets streams between phases."""
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def accepted(message: Message) -> Receipt:
    return Receipt.of(message, Status(state=State.ACCEPTED), channel="fake", ids=("17",))


def refused(message: Message) -> Receipt:
    return failed_receipt(message, Rejected("Unknown sender", code=6), channel="fake")


def test_a_table_shows_foreign_text_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = attach_terminal(monkeypatch)
    App().table(("sender", "text"), [{"sender": "7903", "text": "[red]stop[/]\x1b[2J"}])
    header, row = terminal.text.splitlines()
    assert header.split() == ["sender", "text"]
    assert row.split() == ["7903", r"[red]stop[/]\x1b[2J"]


@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_table_on_a_narrow_terminal_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    terminal = attach_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", str(width))
    row = {
        "id": "579700854169272358",
        "state": "UNDELIVERABLE",
        "medium": "SMS",
        "description": "Получатель не принимает",
        "reported_at": "2026-11-29 09:25:08+00:00",
        "price": "1.5",
    }
    App().table(tuple(row), [row])
    header, *lines = terminal.text.splitlines()
    assert header.split() == list(row)
    words = {word for value in row.values() for word in value.split()}
    assert {word for line in lines for word in line.split()} == words
    assert (len(lines) == 1) is (width == 200)


def test_one_receipt_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = attach_terminal(monkeypatch)
    Tally(App(), every=True).add(accepted(Message("79031234567", "a")))
    assert terminal.text == "79031234567  ACCEPTED  17\n"


def test_a_terminal_shows_only_the_failed_rows_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = attach_terminal(monkeypatch)
    tally = Tally(App(), every=False)
    with tally.progress(2):
        tally.add(accepted(Message("79031234561", "a")))
        tally.add(refused(Message("79031234562", "a")))
    tally.summarize()
    assert "79031234561" not in terminal.text
    assert "79031234562  REJECTED  Unknown sender" in terminal.text
    assert "2/2" in terminal.text
    assert terminal.text.endswith("devino: 1 accepted, 1 not sent\n")


def test_a_bar_does_not_break_into_json(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = attach_terminal(monkeypatch)
    app = App()
    app.json = True
    tally = Tally(app, every=False)
    with tally.progress(1):
        tally.add(accepted(Message("79031234561", "a")))
    assert terminal.text.startswith('{"ref":')
    assert terminal.text.count("\n") == 1
