"""Sending rows, and saying how far that came when something ends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from devino_core import AsyncClient, Message
from devino_core.errors import DevinoError, InvalidMessage, Retry, Unsupported

from ._csv import InvalidRow, Row
from ._exit import ExitCode, Interrupted, OutputFailed, exit_code
from ._tally import Tally
from .toolkit import App

__all__ = ["BATCH", "Delivery"]

BATCH = 500
"""So many messages are under way at once, and so many outcomes does Ctrl-C leave unknown."""


class Delivery:
    """Rows on their way through a client. Line 0 is of no file."""

    def __init__(self, app: App, client: AsyncClient, tally: Tally, *, channel: str | None) -> None:
        self._app = app
        self._client = client
        self._tally = tally
        self._channel = channel
        # By ref: the lines that are taken up and not reported.
        self._under_way: dict[str, int] = {}
        self._all_taken_up = False

    def check(self, rows: Iterator[Row]) -> int:
        """How many there are. Raises InvalidRow for the first that cannot be sent."""
        count = 0
        while part := list(islice(rows, BATCH)):
            count += len(part)
            try:
                self._client.check([row.message for row in part], channel=self._channel)
            except (InvalidMessage, Unsupported):
                for row in part:
                    self._check_one(row)
                raise
        return count

    def run(self, rows: Iterable[Row]) -> ExitCode:
        """Send all, tally the receipts, and say how that ended."""
        try:
            self._app.run(self._send(rows))
        except KeyboardInterrupt:
            return self._ended_by(
                self._unknown(Interrupted, "interrupted; this may have been sent")
            )
        except OutputFailed as error:
            return self._ended_by(self._unknown(OutputFailed, f"{error}; this was sent"))
        except DevinoError as error:
            return self._ended_by(error)
        except Exception:
            self._say_how_far(unknown=True)
            raise
        return self._tally.code

    async def _send(self, rows: Iterable[Row]) -> None:
        async with self._client as client:
            messages = self._taken_up(rows)
            async for receipt in client.send_stream(messages, channel=self._channel, batch=BATCH):
                self._tally.add(receipt)
                del self._under_way[receipt.ref]

    def _taken_up(self, rows: Iterable[Row]) -> Iterator[Message]:
        try:
            for line, message in rows:
                self._under_way[message.ref] = line
                yield message
        except InvalidRow as error:
            self._under_way[""] = error.line
            raise
        self._all_taken_up = True

    def _check_one(self, row: Row) -> None:
        try:
            self._client.check([row.message], channel=self._channel)
        except InvalidMessage as error:
            raise InvalidRow(row.line, error.field, error.reason) from None
        except Unsupported as error:
            raise InvalidRow(row.line, "row", str(error)) from None

    def _unknown(self, kind: type[DevinoError], said: str) -> DevinoError:
        error = kind(f"{said}: look before you send it again")
        error.refs = tuple(self._under_way)
        return error

    def _ended_by(self, error: DevinoError) -> ExitCode:
        if isinstance(error, InvalidMessage) and (line := self._under_way.get(error.ref or "")):
            error = InvalidRow(line, error.field, error.reason)
        unknown = error.retry is Retry.MAY_DUPLICATE
        where, facts = "", dict[str, object]()
        if lines := self._lines():
            facts["unsent_from"] = self._unsent_from(lines, unknown=unknown)
            if error.refs:
                where = f"lines {lines[0]} to {lines[1]}: "
                facts["lines"] = lines
                # Those that were made up for the rows of a file mean nothing to its owner.
                error.refs = ()
        self._app.tell(error, where=where, **facts)
        if not self._app.json:
            self._say_how_far(unknown=unknown)
        code = exit_code(error)
        if code is ExitCode.USAGE and self._tally.count:
            code = ExitCode.NOT_DONE
        return max(code, self._tally.code)

    def _say_how_far(self, *, unknown: bool) -> None:
        lines = self._lines()
        if lines is None:
            return
        said = [f"the lines before {lines[0]} are reported"] if self._tally.count else []
        if unsent := self._unsent_from(lines, unknown=unknown):
            said.append(f"nothing from line {unsent} on was sent")
        if said:
            self._app.note(", ".join(said))

    def _lines(self) -> tuple[int, int] | None:
        """The first and the last that are under way."""
        lines = list(self._under_way.values())
        return (lines[0], lines[-1]) if any(lines) else None

    def _unsent_from(self, lines: tuple[int, int], *, unknown: bool) -> int | None:
        if not unknown:
            return lines[0]
        return None if self._all_taken_up else lines[1] + 1
