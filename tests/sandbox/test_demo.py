"""The demo on one screen: what it shows as states change, in any size, and what the docs show."""

from __future__ import annotations

import html
import io
import re
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from itertools import product

import pytest
from rich.console import Console

from devino_core import Receipt, State, Status
from devino_core.cli.toolkit import App
from devino_core.testing import ManualClock
from devino_sandbox._demo import HANDLER, SCENARIOS, Result, Row
from devino_sandbox._demo_matrix import NEXT, Marks, matrix, summary
from devino_sandbox._demo_view import DemoScreen
from devino_sandbox._questions import Answered, Question
from tests.make_demo_picture import PICTURE, READMES
from tests.sandbox.test_commands import DEVINO, ENVIRON

NOW = ManualClock().now()


def row(channel: str = "rest", scenario: int = 0, state: State | None = None) -> Row:
    """One message, at its end unless a state is given."""
    shown = SCENARIOS[scenario]
    reached = shown.expected if state is None else state
    receipt = Receipt.of(shown.message(NOW), Status(state=reached), channel=channel)
    return Row(channel=channel, scenario=shown, receipt=receipt, states=[reached])


def lines(rows: Sequence[Row], *, width: int = 100, height: int = 28, **more: object) -> list[str]:
    page = io.StringIO()
    options: dict[str, object] = {"color_system": None, "force_terminal": False, **more}
    console = Console(file=page, width=width, **options)  # type: ignore[arg-type]
    console.print(matrix(rows, width=width, height=height, marks=Marks("utf-8")))
    return [line.rstrip() for line in page.getvalue().splitlines()]


def many(count: int) -> list[Row]:
    """The messages of so many channels, each of all fates; three of a kind."""
    names = [f"kind{number // 3} way{number % 3}" for number in range(count)]
    return [row(name, place) for name, place in product(names, range(len(SCENARIOS)))]


def test_a_channel_has_a_row_and_a_fate_a_column() -> None:
    shown = lines([row("rest"), row("rest", 3), row("smpp", 0, State.ENROUTE)])
    assert shown[:4] == [
        "         out of",
        "     SMS service",
        "rest ●   ✗",
        "smpp ◑",
    ]
    assert shown[5] == "◑ on its way   ● delivered   ✗ undeliverable"
    assert shown[6] == "2 of 3 are where they should be"


def test_a_cell_fills_as_the_states_of_its_message_change() -> None:
    signs = {
        state: lines([row(state=state)])[1].split()[-1]
        for state in (State.SCHEDULED, State.ACCEPTED, State.ENROUTE, State.DELIVERED)
    }
    assert "".join(signs.values()) == "◌○◑●"


def test_each_state_has_a_mark_of_its_own_also_without_colours_and_signs() -> None:
    for encoding in ("utf-8", "ascii", "cp1251", None, "nonsense"):
        marks = Marks(encoding)
        signs = {marks.of([row(state=state)], 9).plain for state in State}
        assert len(signs) == len(State)
        if encoding == "ascii":
            assert all(sign.isascii() for sign in signs)


def test_messages_of_one_fate_share_a_cell_and_what_has_no_room_is_folded() -> None:
    marks = Marks("utf-8")
    there, on_its_way = row(), row(state=State.ENROUTE)
    assert marks.of([there, there], 3).plain == "●●"
    assert marks.of([there] * 4, 3).plain == "●"
    assert marks.of([there, on_its_way] * 4, 3).plain == "●◑"


def test_what_ended_elsewhere_is_red() -> None:
    lost, there = row(state=State.EXPIRED), row()
    marks = Marks("utf-8")
    assert "red" in str(marks.of([lost], 3).spans[0].style)
    assert "red" not in str(marks.of([there], 3).spans[0].style)
    assert "\x1b[1;31m" in "\n".join(lines([lost], color_system="standard", force_terminal=True))


@pytest.mark.parametrize("count", [1, 17, 30, 200])
@pytest.mark.parametrize(("width", "height"), [(100, 28), (80, 20), (60, 12), (200, 60)])
def test_it_fits_whatever_the_number_of_channels(count: int, width: int, height: int) -> None:
    shown = lines(many(count), width=width, height=height)
    assert len(shown) <= height
    assert max(map(len, shown)) <= width
    assert all("…" not in line for line in shown if width >= 80)


def test_of_too_many_channels_those_of_a_kind_share_a_line_and_the_last_is_for_the_rest() -> None:
    shown = lines(many(30), height=20)
    assert shown[2].startswith("kind0 (3)")
    assert not [line for line in shown if "more" in line]
    shown = lines(many(90), height=20)
    assert shown[2].startswith("kind0 (3)")
    (rest,) = [line for line in shown if "more" in line]
    named = sum(line.startswith("kind") for line in shown)
    assert rest.startswith(f"and {90 - 3 * named} more")


def test_a_narrow_screen_numbers_the_fates() -> None:
    shown = lines([row("smpp payload", place) for place in range(len(SCENARIOS))], width=60)
    assert shown[0].split() == [str(number) for number in range(1, 13)]
    assert "1 SMS   2 long   3 later   4 out of service" in "\n".join(shown)


def result(*rows: Row, answers: Sequence[Answered] = ()) -> Result:
    return Result(
        rows=rows,
        inboxes={"rest": ["Yes, I am coming"], "soap": []},
        balance=Decimal(5),
        spent=Decimal("1.5"),
        answers=answers,
    )


async def unasked(_: object) -> object:
    raise AssertionError


def question(of: str, about: str) -> Question:
    return Question(of=of, to="7", about=about, expected="YES", ask=unasked)


def test_what_else_happened_is_a_line_each_and_the_sum() -> None:
    handled = Row(
        channel=HANDLER, scenario=SCENARIOS[0], receipt=row().receipt, states=[State.DELIVERED]
    )
    answers = [
        Answered(question=question("rest", "one"), said="YES"),
        Answered(question=question("2fa", "a code"), said="NO"),
        Answered(question=question("rest", "another"), said="YES"),
    ]
    assert list(summary(result(row(), handled, answers=answers))) == [
        "incoming: 'Yes, I am coming' was read by rest",
        "soap did not read 'Yes, I am coming'",
        "callback: the platform posted it to a handler, whose reply is DELIVERED",
        "rest: one: YES; another: YES",
        "2fa: a code: NO, not YES",
        "2 of 2 messages came where they should; 1.5 spent, 5 left",
    ]


def test_what_ended_elsewhere_is_named_and_of_much_the_rest_is_counted() -> None:
    lost = [row(f"way{number}", state=State.EXPIRED) for number in range(20)]
    said = list(summary(result(*lost)))
    assert "way0: an SMS ended as EXPIRED, not as DELIVERED" in said
    assert "and 12 more ended elsewhere: `devino demo --all` names them" in said
    assert len(said) < 14


def test_on_a_terminal_it_changes_in_place_and_ends_with_three_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "40")
    monkeypatch.setattr(sys, "stdout", terminal)
    shown = row(state=State.ACCEPTED)
    with DemoScreen(App()) as view:
        view.show([shown])
        shown.receipt = row().receipt
        view.show([shown])
    view.conclude(result(shown))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert "starting the platform" in text
    assert "●" in text.rpartition("SMS")[2]
    assert [line.split("  ")[1] for line in text.splitlines()[-3:]] == [
        command for command, _ in NEXT
    ]


def test_each_command_to_try_is_one() -> None:
    for command, _ in NEXT:
        words = command.split()[1:]
        done = subprocess.run([*DEVINO, *words, "--help"], capture_output=True, env=ENVIRON)
        assert done.returncode == 0


def test_the_readme_and_the_picture_show_what_the_demo_prints() -> None:
    """After a change: `python tests/make_demo_picture.py`."""
    done = subprocess.run([*DEVINO, "demo"], capture_output=True, encoding="utf-8", env=ENVIRON)
    assert (done.returncode, done.stderr) == (0, "")
    for readme in READMES:
        assert f"```text\n{done.stdout}```" in readme.read_text("utf-8")
    assert "messages came where they should" in done.stdout.splitlines()[-1]
    picture = PICTURE.read_text("utf-8")
    # Blanks are left out where nothing has a colour.
    drawn = html.unescape("".join(re.findall(r"<text [^>]*>([^<]*)</text>", picture)))
    assert "".join(drawn.split()) == "".join(f"devino demo {done.stdout}".split())
    assert set(re.findall(r"https?://[^\"\s)]*", picture)) == {
        "http://www.w3.org/2000/svg",
        "https://www.textualize.io",
    }
