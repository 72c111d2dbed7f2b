"""Sends rows, and reports how far it came when something ends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from devino_core import AsyncClient, Message, Receipt
from devino_core.dispatch import Brake, NotBegun
from devino_core.errors import DevinoError, InvalidMessage, Retry, Unsupported

from ._checking import SHOWN, BadRows, Part
from ._csv import Row
from ._exit import ExitCode, Interrupted, JournalFailed, OutputFailed, exit_code
from ._following import Following
from ._pace import Pace
from ._resuming import Logged
from ._stop import Stop
from ._table import InvalidRow
from ._tally import Tally
from .toolkit import App

__all__ = ["BATCH", "GRACE", "Delivery"]

BATCH = 500
"""How many messages are taken up at once."""

GRACE = 10.0
"""For how many seconds the first Ctrl-C lets the calls under way go on."""


class Delivery:
    """Sends rows through a client. Line 0 means that the message is not from a file.

    ``skips`` leaves out rows that cannot be sent; otherwise the first part with one ends it.
    """

    def __init__(
        self,
        app: App,
        client: AsyncClient,
        tally: Tally,
        *,
        channel: str | None,
        grace: float = GRACE,
        pace: Pace | None = None,
        logged: Logged | None = None,
        following: Following | None = None,
        skips: bool = False,
    ) -> None:
        self._app = app
        self._client = client
        self._tally = tally
        self._channel = channel
        self._grace = grace
        self._pace = pace
        self._logged = logged
        self._following = following
        self._skips = skips
        self._bad = BadRows()
        self._stop = Stop()
        self._is_stopped = False
        # Around the rows that are being sent.
        self._brake: Brake | None = None
        # What keeps the log from being written. It is raised when the calls have ended.
        self._unwritten: JournalFailed | None = None
        # The lines of messages that are under way and not reported, by ref.
        self._under_way: dict[str, int] = {}
        # What became of those of them whose calls have ended.
        self._ended: dict[str, Receipt] = {}
        # The first line of which it is certain that it was not sent. None: there is none.
        self._unsent_from: int | None = None
        # The first line after the part that was taken up last. None: there is none.
        self._after: int | None = None

    def check(self, messages: Sequence[Message]) -> None:
        """Raise InvalidMessage or Unsupported for the first that cannot be sent."""
        self._client.check(messages, channel=self._channel)

    def run(
        self, parts: Iterable[Part], *, bar: AbstractContextManager[None] | None = None
    ) -> ExitCode:
        """Send all, tally the receipts, and give the exit code. SIGTERM counts as Ctrl-C.

        The bar is shown while it sends.
        """
        try:
            with self._stop:
                self._app.run(self._send(iter(parts), bar or nullcontext()))
            if self._is_stopped and self._unsent_from is not None:
                return self._stopped()
        except KeyboardInterrupt:
            if not self._under_way and self._unsent_from is None:
                raise
            if not self._under_way:
                return self._stopped()
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
            self._say_how_far()
            raise
        code = self._tally.code
        return code if self._following is None else max(code, self._following.code)

    async def _send(self, parts: Iterator[Part], bar: AbstractContextManager[None]) -> None:
        import asyncio

        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        stopped = asyncio.get_running_loop().create_future()
        graces: list[asyncio.Task[None]] = []

        def cut() -> None:
            if self._brake is None or not self._brake.cut():
                task.cancel()

        async def be_patient() -> None:
            await self._app.clock.sleep(self._grace)
            cut()

        def pull() -> None:
            self._is_stopped = True
            stopped.set_result(None)
            if self._brake is not None:
                self._brake.pull()
            if self._brake is not None and self._grace:
                self._tally.note(
                    f"waiting up to {self._grace:g} s for what is under way; "
                    "once more, and it is cut off"
                )
            graces.append(asyncio.create_task(be_patient()))

        self._stop.takes_steps(pull, cut)
        followed: list[Receipt] = []
        try:
            async with self._client as client:
                with bar:
                    while not self._is_stopped and (rows := self._next(parts)) is not None:
                        if self._logged is not None:
                            rows = await self._logged.left(client, rows, self._tally, self._channel)
                        if rows and self._pace is not None:
                            await self._pace.turn(len(rows), stopped)
                        if rows and not self._is_stopped:
                            receipts = await self._send_rows(client, rows)
                            if self._following is not None:
                                followed += receipts
                if self._following is not None and not self._is_stopped:
                    if self._tally.count > 1:
                        self._tally.summarize()
                    self._stop.cancels_this_task()
                    await self._following.run(client, followed)
        finally:
            for grace in graces:
                grace.cancel()

    def _next(self, parts: Iterator[Part]) -> list[Row] | None:
        """The rows of the next part. Raises InvalidRow for one that cannot be sent."""
        self._unsent_from = self._after
        with self._stop.blocking():
            part = next(parts, None)
        if part is None:
            self._unsent_from = None
            return None
        self._unsent_from = part.first
        self._after = part.after
        if part.bad and not self._skips:
            self._bad.add(part.bad)
            raise part.bad[0]
        for row in part.bad:
            self._tally.skipped += 1
            if self._app.json:
                self._app.tell(row)
            elif self._tally.skipped <= SHOWN:
                self._tally.note(str(row))
        return part.rows

    async def _send_rows(self, client: AsyncClient, rows: list[Row]) -> list[Receipt]:
        import asyncio

        messages = [row.message for row in rows]
        if self._following is not None:
            self._following.check(client, messages, self._channel)
        if self._logged is not None:
            self._logged.begin(rows, self._app.clock)
        self._under_way = {row.message.ref: row.line for row in rows}
        self._ended.clear()
        self._unsent_from = self._after
        try:
            with Brake(self._told) as self._brake:
                receipts = await client.send_many(messages, channel=self._channel)
        except NotBegun as error:
            receipts = []
            for message in messages:
                self._told_one(message, error)
        except DevinoError as error:
            for message in messages:
                self._told_one(message, error)
            if error.retry is not Retry.MAY_DUPLICATE:
                self._unsent_from = rows[0].line
            raise
        except asyncio.CancelledError:
            # The channel does not heed the brake.
            self._report(list(self._ended.values()))
            raise
        finally:
            self._brake = None
        for message, receipt in zip(messages, receipts, strict=False):
            self._told_one(message, receipt)
        while receipts and isinstance(receipts[-1].error, NotBegun):
            receipts.pop()
        if len(receipts) < len(rows):
            self._unsent_from = rows[len(receipts)].line
            for row in rows[len(receipts) :]:
                del self._under_way[row.message.ref]
        self._report(receipts)
        if self._unwritten is not None:
            raise self._unwritten
        return receipts

    def _report(self, receipts: Iterable[Receipt]) -> None:
        for receipt in receipts:
            with self._stop.blocking():
                self._tally.add(receipt)
            del self._under_way[receipt.ref]

    def _told(self, messages: Sequence[Message], outcome: Sequence[Receipt] | DevinoError) -> None:
        """Heed what a call ended with, before the others have ended."""
        for nth, message in enumerate(messages):
            if isinstance(outcome, DevinoError):
                self._told_one(message, outcome)
            elif nth < len(outcome):
                self._told_one(message, outcome[nth])
                self._ended[message.ref] = outcome[nth]

    def _told_one(self, message: Message, outcome: Receipt | DevinoError) -> None:
        if self._logged is None or self._unwritten is not None:
            return
        try:
            self._logged.end(message, outcome)
        except JournalFailed as error:
            self._unwritten = error
            if self._brake is not None:
                self._brake.pull()

    def _unknown(self, kind: type[DevinoError], said: str) -> DevinoError:
        error = kind(f"{said}: look before you send it again")
        error.refs = tuple(self._under_way)
        return error

    def _stopped(self) -> ExitCode:
        """A signal ended it, and nothing is in doubt but what was reported so."""
        error = Interrupted("interrupted")
        error.retry = Retry.MAY_DUPLICATE if self._tally.unknown else Retry.SAFE
        return self._ended_by(error)

    def _ended_by(self, error: DevinoError) -> ExitCode:
        if isinstance(error, InvalidMessage) and (line := self._under_way.get(error.ref or "")):
            error = _at(line, error)
        where, facts = "", dict[str, object]()
        lines = self._lines()
        if lines or self._unsent_from:
            facts["unsent_from"] = self._unsent_from or None
        if lines and error.refs:
            first, last = lines
            where = f"lines {first} to {last}: " if first < last else f"line {first}: "
            facts["lines"] = lines
            # Generated refs of a file's rows mean nothing to its owner.
            error.refs = ()
        if self._bad.count:
            self._bad.tell(
                self._app, done="and nothing after the lines before them was", facts=facts
            )
        else:
            self._app.tell(error, where=where, **facts)
        if not self._app.json:
            self._say_how_far()
        code = exit_code(error)
        if code is ExitCode.USAGE and self._tally.count:
            code = ExitCode.NOT_DONE
        return max(code, self._tally.code)

    def _say_how_far(self) -> None:
        lines = self._lines()
        first = lines[0] if lines else self._unsent_from
        if not first:
            return
        said = [f"the lines before {first} are reported"] if self._tally.count else []
        if self._unsent_from:
            said.append(f"nothing from line {self._unsent_from} on was sent")
        if said:
            self._app.note(", ".join(said))
        if self._logged is not None:
            self._app.note("the same command with --resume goes on")

    def _lines(self) -> tuple[int, int] | None:
        """The first and the last line under way."""
        lines = list(self._under_way.values())
        return (min(lines), max(lines)) if any(lines) else None


def _at(line: int, error: InvalidMessage | Unsupported) -> DevinoError:
    if not line:
        return error
    if isinstance(error, InvalidMessage):
        return InvalidRow(line, error.field, error.reason)
    return InvalidRow(line, "row", str(error))
