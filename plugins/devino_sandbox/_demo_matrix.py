"""The demo on one screen: a row for each channel, a column for each fate, a mark for each message.

Where there are more channels than lines, those of one kind share a line, and the last line stands
for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from devino_core import State

from ._demo import HANDLER, SCENARIOS, Result, Row
from ._demo_scenarios import ANSWER

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

__all__ = ["NEXT", "Marks", "matrix", "summary"]

NEXT: Sequence[tuple[str, str]] = (
    ("devino demo --all", "each of these messages, with its states"),
    ("devino sandbox", "the platform on this machine, for your own program"),
    ("devino init", "a file of settings, to send through your account"),
)
"""Commands to try, and what they show."""

_MOST_WRONG = 8
"""So many messages that ended elsewhere are named."""


class _Mark(NamedTuple):
    sign: str
    letter: str
    """What stands for the sign where the encoding has none."""
    style: str
    words: str


_MARKS: Mapping[State, _Mark] = {
    State.SCHEDULED: _Mark("◌", ".", "bright_black", "scheduled"),
    State.ACCEPTED: _Mark("○", "o", "yellow", "accepted"),
    State.ENROUTE: _Mark("◑", ">", "yellow", "on its way"),
    State.DELIVERED: _Mark("●", "D", "green", "delivered"),
    State.READ: _Mark("◉", "R", "bright_green", "read"),
    State.CLICKED: _Mark("★", "C", "bright_green", "clicked"),
    State.UNDELIVERABLE: _Mark("✗", "x", "magenta", "undeliverable"),
    State.EXPIRED: _Mark("◷", "e", "magenta", "expired"),
    State.REJECTED: _Mark("⊘", "!", "magenta", "refused"),
    State.BOUNCED: _Mark("←", "b", "magenta", "given back"),
    State.DELETED: _Mark("–", "-", "magenta", "deleted"),
    State.UNKNOWN: _Mark("?", "?", "bright_black", "unknown"),
}


class Marks:
    """The marks as an encoding can show them."""

    def __init__(self, encoding: str | None) -> None:
        try:
            "".join(mark.sign for mark in _MARKS.values()).encode(encoding or "utf-8")
        except (UnicodeEncodeError, LookupError):
            self._signs = {state: mark.letter for state, mark in _MARKS.items()}
        else:
            self._signs = {state: mark.sign for state, mark in _MARKS.items()}

    def of(self, rows: Sequence[Row], most: int) -> Text:
        """A mark for each message; of more than ``most``, one for each state that they are in."""
        from rich.text import Text

        shown = rows
        if len(rows) > most:
            shown = list({row.state: row for row in rows}.values())[:most]
        cell = Text()
        for row in shown:
            is_lost = row.state.is_final and not row.reached
            cell.append(self._signs[row.state], "bold red" if is_lost else _MARKS[row.state].style)
        return cell

    def legend(self, rows: Iterable[Row]) -> Iterator[Text]:
        """What each of the marks means that are shown."""
        from rich.text import Text

        states = {row.state for row in rows}
        for state, mark in _MARKS.items():
            if state in states:
                yield Text.assemble((self._signs[state], mark.style), f" {mark.words}")


def matrix(rows: Sequence[Row], *, width: int, height: int, marks: Marks) -> Group:
    """The channels and their messages, in at most ``height`` lines of ``width`` columns."""
    from rich.console import Group
    from rich.text import Text

    sent = [row for row in rows if row.channel != HANDLER]
    order = [scenario.fate for scenario in SCENARIOS]
    fates = sorted({row.scenario.fate for row in sent}, key=order.index)
    columns = [_Column(fate, _two_lines(fate)) for fate in fates]
    names = max((len(row.channel) for row in sent), default=0)
    below = _packed(marks.legend(sent), width, gap=3)
    if names + sum(column.width + 1 for column in columns) > width:
        columns = [_Column(fate, str(number)) for number, fate in enumerate(fates, 1)]
        named = [Text(f"{column.heading} {column.fate}", "bright_black") for column in columns]
        below = [*_packed(named, width, gap=3), *below]
    reached = sum(row.reached for row in rows)
    if reached < len(rows):
        below.append(Text(f"{reached} of {len(rows)} are where they should be"))
    head = max((column.heading.count("\n") + 1 for column in columns), default=0)
    table = _empty_table(columns, width)
    for name, of_line in _lines(sent, max(height - head - 1 - len(below), 3)):
        cells = [
            marks.of([row for row in of_line if row.scenario.fate == column.fate], column.width)
            for column in columns
        ]
        table.add_row(name, *cells)
    return Group(table, Text(), *below)


class _Column(NamedTuple):
    fate: str
    heading: str

    @property
    def width(self) -> int:
        return max(map(len, self.heading.split("\n")))


def _packed(words: Iterable[Text], width: int, *, gap: int) -> list[Text]:
    """Lines of as many words as go into each; none is cut in two."""
    from rich.text import Text

    lines: list[Text] = []
    for word in words:
        if lines and lines[-1].cell_len + gap + word.cell_len <= width:
            lines[-1].append(" " * gap).append(word)
        else:
            lines.append(Text().append(word))
    return lines


def _two_lines(fate: str) -> str:
    """A heading as narrow as it can be on two lines."""
    words = fate.split()
    cuts = (
        "\n".join([" ".join(words[:cut]), " ".join(words[cut:])]) for cut in range(1, len(words))
    )
    return min(cuts, key=lambda cut: max(map(len, cut.split("\n"))), default=fate)


def _empty_table(columns: Sequence[_Column], width: int) -> Table:
    from rich.table import Table

    left = width - sum(column.width + 1 for column in columns)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True, overflow="ellipsis", max_width=max(left, 4))
    for column in columns:
        table.add_column(column.heading, no_wrap=True, vertical="bottom")
    return table


def _lines(rows: Sequence[Row], most: int) -> Iterator[tuple[str, Sequence[Row]]]:
    """The messages of each line, and its name."""
    channels: dict[str, list[Row]] = {}
    for row in rows:
        channels.setdefault(row.channel, []).append(row)
    if len(channels) <= most:
        yield from channels.items()
        return
    kinds: dict[str, list[str]] = {}
    for name in channels:
        kinds.setdefault(name.partition(" ")[0], []).append(name)
    lines = [
        (kind if len(names) == 1 else f"{kind} ({len(names)})", names)
        for kind, names in kinds.items()
    ]
    if len(lines) > most:
        rest = [name for _, names in lines[most - 1 :] for name in names]
        lines = [*lines[: most - 1], (f"and {len(rest)} more", rest)]
    for said, names in lines:
        yield said, [row for name in names for row in channels[name]]


def summary(result: Result) -> Iterator[str]:
    """What else happened, a line each, and the sum."""
    for name, why in result.left_out.items():
        yield f"{name}: left out: {why}"
    readers = [name for name, texts in result.inboxes.items() if ANSWER in texts]
    if readers:
        yield f"incoming: {ANSWER!r} was read by {', '.join(readers)}"
    for name in [name for name in result.inboxes if name not in readers]:
        yield f"{name} did not read {ANSWER!r}"
    for row in result.rows:
        if row.channel == HANDLER:
            yield f"callback: the platform posted it to a handler, whose reply is {row.state}"
    for of in dict.fromkeys(answer.question.of for answer in result.answers):
        answers = [answer for answer in result.answers if answer.question.of == of]
        yield f"{of}: " + "; ".join(
            f"{answer.question.about}: {answer.said}"
            + ("" if answer.as_expected else f", not {answer.question.expected}")
            for answer in answers
        )
    wrong = [row for row in result.rows if not row.reached]
    for row in wrong[:_MOST_WRONG]:
        yield (
            f"{row.channel}: {row.scenario.about} ended as {row.state}, "
            f"not as {row.scenario.expected}"
        )
    if len(wrong) > _MOST_WRONG:
        yield f"and {len(wrong) - _MOST_WRONG} more ended elsewhere: `devino demo --all` names them"
    yield result.sum
