"""What a person sees of the demo: one screen that changes, or a list; or JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from devino_core.cli.toolkit import App, one_line

from ._demo import Result, Row

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.table import Table

__all__ = ["DemoList", "DemoScreen", "DemoView"]

_WIDTH, _ROOM = 100, 40
"""The screen where there is none: that of a pipe or a file."""
_BELOW = 12
"""Lines that the summary and the shell need below the matrix."""


class DemoView:
    """Shows the messages as their states change: live on a terminal, and never in JSON."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._live: Live | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if sys.stdout.isatty() and not self._app.json:
            from rich.live import Live

            begun = "starting the platform on this machine ..."
            self._live = self._open.enter_context(Live(begun, console=self._app.console()))
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def show(self, rows: Sequence[Row]) -> None:
        """The messages as they are now."""
        if self._live is not None:
            self._live.update(self._shown(rows, self._live.console))
        elif not self._app.json:
            self._tell(rows)

    def conclude(self, result: Result) -> None:
        """How it ended."""
        if self._app.json:
            self._app.show(
                {
                    "rows": [row.as_json() for row in result.rows],
                    "answers": [answer.as_json() for answer in result.answers],
                    "inbox": result.inboxes,
                    "balance": result.balance,
                    "spent": result.spent,
                    "left_out": result.left_out,
                }
            )
        else:
            self._sum_up(result)

    def _shown(self, rows: Sequence[Row], console: Console) -> RenderableType:
        """What the terminal shows."""
        raise NotImplementedError

    def _tell(self, rows: Sequence[Row]) -> None:
        """Tell of the messages where nothing that was printed can change."""

    def _sum_up(self, result: Result) -> None:
        """Tell people how it ended."""
        raise NotImplementedError


class DemoScreen(DemoView):
    """All on one screen: a row for each channel, a column for each fate."""

    def _shown(self, rows: Sequence[Row], console: Console) -> RenderableType:
        from ._demo_matrix import Marks, matrix

        lines = console.height
        # A low screen scrolls when the summary comes; until then all of it is there.
        height = max(lines - _BELOW, min(lines - 2, 20))
        marks = Marks(console.encoding)
        return matrix(rows, width=console.width, height=height, marks=marks)

    def _sum_up(self, result: Result) -> None:
        from ._demo_matrix import NEXT, summary

        if self._live is None:
            for line in printed(result):
                self._app.line(line)
        self._app.line()
        for line in summary(result):
            self._app.line(one_line(line))
        if self._live is not None:
            self._app.line("\ntry next:")
            for command, shows in NEXT:
                self._app.line(f"  {command:18}  {shows}")


def printed(result: Result) -> list[str]:
    """The matrix as lines of text, without a terminal."""
    from io import StringIO

    from rich.console import Console

    from ._demo_matrix import Marks, matrix

    page = StringIO()
    console = Console(file=page, width=_WIDTH, color_system=None, force_terminal=False)
    marks = Marks(sys.stdout.encoding)
    console.print(matrix(result.rows, width=_WIDTH, height=_ROOM - _BELOW, marks=marks))
    return [line.rstrip() for line in page.getvalue().splitlines()]


class DemoList(DemoView):
    """Every message: a table on a terminal, a line for each change elsewhere."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._told: dict[int, int] = {}

    def _shown(self, rows: Sequence[Row], console: Console) -> RenderableType:
        return _table(rows)

    def _tell(self, rows: Sequence[Row]) -> None:
        for row in rows:
            for state in row.states[self._told.get(id(row), 0) :]:
                self._app.line(
                    f"{row.channel:8} {row.scenario.medium:8} {row.scenario.to}  {state:13} "
                    f"{row.scenario.about}"
                )
            self._told[id(row)] = len(row.states)

    def _sum_up(self, result: Result) -> None:
        for name, why in result.left_out.items():
            self._app.line(f"{name}: left out: {one_line(why)}")
        for channel, texts in result.inboxes.items():
            for text in texts:
                self._app.line(f"{channel} received: {one_line(text)}")
        for answer in result.answers:
            asked = answer.question
            otherwise = "" if answer.as_expected else f", not {asked.expected}"
            self._app.line(f"{asked.of}: {asked.about} ({asked.to}): {answer.said}{otherwise}")
        for row in result.rows:
            if not row.reached:
                self._app.line(
                    f"{row.channel}: {row.scenario.about} ended as {row.state}, "
                    f"not as {row.scenario.expected}"
                )
        self._app.line(result.sum)


def _table(rows: Sequence[Row]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("channel", "message", "to", "parts", "states"):
        table.add_column(name, justify="right" if name == "parts" else "left")
    previous = ""
    for row in rows:
        if previous and row.channel != previous:
            table.add_section()
        path = Text(" > ").join(Text(state) for state in row.states)
        path.stylize("green" if row.reached else "yellow")
        table.add_row(
            row.channel if row.channel != previous else "",
            f"{row.scenario.about}",
            row.scenario.to,
            str(row.receipt.parts or ""),
            path,
        )
        previous = row.channel
    return table
