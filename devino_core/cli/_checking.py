"""Finds every row that cannot be sent, before any is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from devino_core import Message
from devino_core.errors import InvalidMessage, Unsupported

from ._csv import Row
from ._table import InvalidRow
from .toolkit import App

__all__ = ["SHOWN", "BadRows", "Part", "parts_of"]

SHOWN = 20
"""How many bad rows people are shown."""

Check = Callable[[Sequence[Message]], None]
"""Raises InvalidMessage or Unsupported for the first message that cannot be sent."""


class Part(NamedTuple):
    """Rows that are sent together, and those among them that cannot be sent."""

    rows: list[Row]
    bad: list[InvalidRow]
    first: int
    """The line of the first."""
    after: int | None
    """The first line after it; None if it is known to be the last part."""


def parts_of(
    rows: Iterable[Row | InvalidRow], size: int, check: Check | None = None
) -> Iterator[Part]:
    """The rows, ``size`` at a time. Without ``check`` only those are bad that are no messages.

    Raises what a message alone is not to blame for.
    """
    waiting = iter(rows)
    while taken := list(islice(waiting, size)):
        good = [row for row in taken if isinstance(row, Row)]
        bad = [row for row in taken if isinstance(row, InvalidRow)]
        if check is not None:
            good, refused = _sifted(good, check)
            bad = sorted([*bad, *refused], key=lambda row: row.line)
        after = taken[-1].line + 1 if len(taken) == size else None
        yield Part(good, bad, taken[0].line, after)


def _sifted(rows: list[Row], check: Check) -> tuple[list[Row], list[InvalidRow]]:
    try:
        check([row.message for row in rows])
    except (InvalidMessage, Unsupported) as error:
        good, bad = list[Row](), list[InvalidRow]()
        for row in rows:
            try:
                check([row.message])
            except InvalidMessage as own:
                bad.append(InvalidRow(row.line, own.field, own.reason))
            except Unsupported as own:
                bad.append(InvalidRow(row.line, "row", str(own)))
            else:
                good.append(row)
        if not bad:
            raise error from None
        return good, bad
    return rows, []


class BadRows:
    """Counts the rows that cannot be sent, and keeps the first to show them."""

    def __init__(self) -> None:
        self.first: list[InvalidRow] = []
        self.count = 0

    def add(self, rows: Sequence[InvalidRow]) -> None:
        """Count these."""
        self.count += len(rows)
        self.first += rows[: SHOWN - len(self.first)]

    @property
    def facts(self) -> dict[str, object]:
        """What an error, or the result of a dry run, says about them to programs."""
        return {
            "invalid": [
                {"line": row.line, "field": row.field, "message": str(row)} for row in self.first
            ],
            "invalid_count": self.count,
        }

    def tell(self, app: App, *, done: str, facts: Mapping[str, object] = {}) -> None:
        """Show them: with ``--json`` an object, which is the first one's and has all facts."""
        if app.json:
            app.tell(self.first[0], where="", **{**self.facts, **facts})
            return
        for row in self.first:
            app.tell(row)
        if self.count > 1:
            more = self.count - len(self.first)
            said = f"and {more} more: " if more else ""
            app.note(f"{said}{self.count} rows cannot be sent, {done}")
