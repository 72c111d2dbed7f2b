"""Counts and shows what became of a command's messages, as receipts come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from devino_core import Receipt
from devino_core.errors import Retry

from ._exit import ExitCode, describe
from .toolkit import App, Bar, cell

__all__ = ["COLUMNS", "Tally", "receipt_row"]

# What a pipe gets, tab-separated.
COLUMNS = ("to", "state", "ids", "parts", "channel", "ref", "description")


class Tally:
    """Counts receipts and shows them. Programs and pipes get all; a terminal shows the failures.

    ``every``: a terminal shows all too, for a command that sends one message. ``repeated`` tells
    how many rows were left out because their recipient stood before.
    """

    def __init__(self, app: App, *, every: bool, repeated: Callable[[], int] | None = None) -> None:
        self.accepted = 0
        self.refused = 0
        self.unknown = 0
        self.before = 0
        """How many were accepted by an earlier run, which this one goes on with."""
        self.refused_before = 0
        self.skipped = 0
        """How many rows were left out because they cannot be sent."""
        self._app = app
        self._terminal = sys.stdout.isatty() and not app.json
        self._every = every
        self._repeated = repeated
        self._has_summarized = False
        self._bar: Bar | None = None

    @property
    def code(self) -> ExitCode:
        """The exit code that follows from the receipts so far."""
        if self.unknown:
            return ExitCode.OUTCOME_UNKNOWN
        not_sent = self.refused or self.refused_before or self.skipped
        return ExitCode.NOT_DONE if not_sent else ExitCode.DONE

    @property
    def count(self) -> int:
        """How many receipts have come."""
        return self.accepted + self.refused + self.unknown

    def add(self, receipt: Receipt) -> None:
        """Show one and count it."""
        failed = receipt.error is not None or receipt.refused
        self._show(receipt, failed=failed)
        if not failed:
            self.accepted += 1
        elif receipt.error is not None and receipt.error.retry is Retry.MAY_DUPLICATE:
            self.unknown += 1
        else:
            self.refused += 1
        if self._bar is not None:
            self._bar.advance()

    def remember(self, *, refused: bool) -> None:
        """Count a row of an earlier run, which is done with."""
        if refused:
            self.refused_before += 1
        else:
            self.before += 1
        if self._bar is not None:
            self._bar.advance()

    def note(self, text: str) -> None:
        """Print a line on stderr, above the bar if one is shown."""
        if self._bar is None:
            self._app.note(text)
        else:
            self._bar.note(text)

    def summarize(self) -> None:
        """Print the counts on stderr, once."""
        if self._has_summarized:
            return
        self._has_summarized = True
        counts = [f"{self.accepted} accepted"]
        if self.refused:
            counts.append(f"{self.refused} not sent")
        if self.unknown:
            counts.append(f"{self.unknown} with an unknown outcome")
        if self.skipped:
            counts.append(f"{self.skipped} left out that cannot be sent")
        if self._repeated is not None and (repeated := self._repeated()):
            counts.append(f"{repeated} left out as repeats of a recipient")
        if self.before or self.refused_before:
            counts.append(f"{self.before} accepted before")
        if self.refused_before:
            counts.append(f"{self.refused_before} refused before")
        self._app.note(", ".join(counts))

    @contextmanager
    def progress(self, total: int | None) -> Iterator[None]:
        """Show a progress bar on stderr if that is a terminal."""
        with self._app.progress(total) as self._bar:
            yield
        self._bar = None

    def _show(self, receipt: Receipt, *, failed: bool) -> None:
        row = receipt_row(receipt)
        if self._app.json:
            self._app.show(row)
        elif not self._terminal:
            if not self.count:
                self._app.line("\t".join(COLUMNS))
            self._app.line("\t".join(cell(row.get(column)) for column in COLUMNS))
        elif failed or self._every:
            words = (row.get(name) for name in ("to", "state", "ids", "description"))
            text = "  ".join(cell(word) for word in words if word)
            if self._bar is not None:
                self._bar.line(text)
            else:
                self._app.line(text)


def receipt_row(receipt: Receipt) -> dict[str, object]:
    """A receipt as the object that ``--json`` prints."""
    row: dict[str, object] = {
        "ref": receipt.ref,
        "to": receipt.to,
        "channel": receipt.channel,
        "medium": receipt.medium,
        "state": receipt.status.state,
        "code": receipt.status.code,
        "description": receipt.status.description,
        "ids": receipt.ids,
        "parts": receipt.parts,
        "price": receipt.status.price,
    }
    if receipt.send_at is not None:
        row["send_at"] = receipt.send_at
    if receipt.unassigned_ids:
        row["unassigned_ids"] = receipt.unassigned_ids
    if receipt.error is not None:
        row["error"] = describe(receipt.error)
        row["description"] = row["description"] or receipt.error.said
    return row
