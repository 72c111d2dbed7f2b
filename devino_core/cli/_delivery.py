"""Sends rows, and reports how far it came when something ends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from devino_core import AsyncClient, Message
from devino_core.errors import DevinoError, InvalidMessage, Retry, Unsupported

from ._csv import Row
from ._exit import ExitCode, Interrupted, OutputFailed, exit_code
from ._stop import Stop
from ._table import InvalidRow
from ._tally import Tally
from .toolkit import App

__all__ = ["BATCH", "Delivery"]

BATCH = 500
"""How many messages are under way at once, and how many outcomes Ctrl-C can leave unknown."""


class Delivery:
    """Sends rows through a client. Line 0 means that the message is not from a file."""

    def __init__(self, app: App, client: AsyncClient, tally: Tally, *, channel: str | None) -> None:
        self._app = app
        self._client = client
        self._tally = tally
        self._channel = channel
        # The lines of messages that are under way and not reported, by ref.
        self._under_way: dict[str, int] = {}
        self._all_taken_up = False
        self._stop = Stop()

    def check(self, rows: Iterator[Row]) -> int:
        """Check all rows and count them. Raises InvalidRow for the first that cannot be sent."""
        count = 0
        while part := list(islice(rows, BATCH)):
            count += len(part)
            try:
                self._client.check([row.message for row in part], channel=self._channel)
            except (InvalidMessage, Unsupported) as error:
                raise self._blamed(part, error) from None
        return count

    def run(self, rows: Iterable[Row]) -> ExitCode:
        """Send all, tally the receipts, and give the exit code. SIGTERM counts as Ctrl-C."""
        try:
            with self._stop:
                self._app.run(self._send(rows))
        except KeyboardInterrupt:
            if not self._under_way:
                raise
            return self._ended_by(
                self._unknown(Interrupted, "interrupted; this may have been sent")
            )
        except OutputFailed as error:
            return self._ended_by(self._unknown(OutputFailed, f"{error}; this was sent"))
        except DevinoError as error:
            return self._ended_by(error)
        except Exception:
            # A bug, which is reported further up. Only here is it known which messages it leaves in
            # doubt.
            self._say_how_far(unknown=True)
            raise
        return self._tally.code

    async def _send(self, rows: Iterable[Row]) -> None:
        self._stop.cancels_this_task()
        async with self._client as client:
            messages = self._taken_up(rows)
            async for receipt in client.send_stream(messages, channel=self._channel, batch=BATCH):
                with self._stop.blocking():
                    self._tally.add(receipt)
                del self._under_way[receipt.ref]

    def _taken_up(self, rows: Iterable[Row]) -> Iterator[Message]:
        waiting = iter(rows)
        try:
            while True:
                with self._stop.blocking():
                    row = next(waiting, None)
                if row is None:
                    break
                self._under_way[row.message.ref] = row.line
                yield row.message
        except InvalidRow as error:
            self._under_way[""] = error.line
            raise
        self._all_taken_up = True

    def _blamed(self, part: Sequence[Row], error: InvalidMessage | Unsupported) -> DevinoError:
        for row in reversed(part):
            if row.message.ref == getattr(error, "ref", None):
                return _at(row.line, error)
        # The error does not say which message it is about.
        for row in part:
            try:
                self._client.check([row.message], channel=self._channel)
            except (InvalidMessage, Unsupported) as own:
                return _at(row.line, own)
        return error

    def _unknown(self, kind: type[DevinoError], said: str) -> DevinoError:
        error = kind(f"{said}: look before you send it again")
        error.refs = tuple(self._under_way)
        return error

    def _ended_by(self, error: DevinoError) -> ExitCode:
        if isinstance(error, InvalidMessage) and (line := self._under_way.get(error.ref or "")):
            error = _at(line, error)
        unknown = error.retry is Retry.MAY_DUPLICATE
        where, facts = "", dict[str, object]()
        if lines := self._lines():
            facts["unsent_from"] = self._unsent_from(lines, unknown=unknown)
            if error.refs:
                first, last = lines
                where = f"lines {first} to {last}: " if first < last else f"line {first}: "
                facts["lines"] = lines
                # Generated refs of a file's rows mean nothing to its owner.
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
        """The first and the last line under way."""
        lines = list(self._under_way.values())
        return (min(lines), max(lines)) if any(lines) else None

    def _unsent_from(self, lines: tuple[int, int], *, unknown: bool) -> int | None:
        if not unknown:
            return lines[0]
        return None if self._all_taken_up else lines[1] + 1


def _at(line: int, error: InvalidMessage | Unsupported) -> DevinoError:
    if not line:
        return error
    if isinstance(error, InvalidMessage):
        return InvalidRow(line, error.field, error.reason)
    return InvalidRow(line, "row", str(error))
