"""What a person sees of the demo: a table that changes, or lines where none can."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from devino_core.cli.toolkit import App, one_line

from ._demo import Result, Row

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

__all__ = ["DemoView"]


class DemoView:
    """Shows rows as they change: live on a terminal, a line a change elsewhere, not in JSON."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._live: Live | None = None
        self._told: dict[int, int] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if sys.stdout.isatty() and not self._app.json:
            from rich.live import Live

            self._live = self._open.enter_context(Live(console=self._app.console()))
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def show(self, rows: Sequence[Row]) -> None:
        """The rows as they are now."""
        if self._app.json:
            return
        if self._live is not None:
            self._live.update(_table(rows))
            return
        for number, row in enumerate(rows):
            for state in row.states[self._told.get(number, 0) :]:
                self._app.line(
                    f"{row.channel:8} {row.scenario.medium:8} {row.scenario.to}  {state:13} "
                    f"{row.scenario.about}"
                )
            self._told[number] = len(row.states)

    def conclude(self, result: Result) -> None:
        """The sum of it."""
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
            return
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
        reached = sum(row.reached for row in result.rows)
        self._app.line(
            f"{reached} of {len(result.rows)} messages came where they should; "
            f"{result.spent} spent, {result.balance} left"
        )


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
