"""A run that is written down as it goes, and what an earlier one has left of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from devino_core import AsyncClient, Capability, Message, Receipt, State
from devino_core.clock import Clock
from devino_core.dispatch import failed_receipt, fails_the_call
from devino_core.errors import DevinoError, OutcomeUnknown, Retry

from ._csv import Row
from ._journal import Journal, Standing
from ._tally import Tally, receipt_row
from .toolkit import App

__all__ = ["Logged"]


class Logged:
    """Writes into a journal what is sent, and leaves out what it says was sent before.

    With ``asks`` it asks the channel about lines whose outcome is unknown, where the channel can be
    asked by ref.
    """

    def __init__(self, app: App, journal: Journal, *, asks: bool) -> None:
        self._app = app
        self._journal = journal
        self._asks = asks
        self._has_said = False
        # Of the rows that are under way.
        self._lines: dict[str, int] = {}

    async def left(
        self, client: AsyncClient, rows: Sequence[Row], tally: Tally, channel: str | None
    ) -> list[Row]:
        """Those rows that are to be sent. The others are counted, or reported as unknown."""
        todo: list[Row] = []
        doubtful: list[Row] = []
        for row in rows:
            standing = self._journal.standing(row.line)
            if standing.may_be_sent:
                todo.append(row)
            elif standing.is_doubtful:
                doubtful.append(row)
            else:
                tally.remember(refused=standing is Standing.REFUSED)
        if not doubtful:
            return todo
        answers = await self._asked(client, doubtful, tally, channel) if self._asks else {}
        for row in doubtful:
            answer = answers.get(row.line, _DOUBT)
            if answer is None:
                todo.append(row)
                continue
            if isinstance(answer, Receipt):
                self._journal.end(row.line, row.message.ref, receipt_row(answer))
                tally.add(answer)
            else:
                tally.add(failed_receipt(row.message, answer, channel=channel or ""))
        return sorted(todo, key=lambda row: row.line)

    def begin(self, rows: Iterable[Row], clock: Clock) -> None:
        """Write that these are about to be sent. Raises JournalFailed."""
        self._lines = {row.message.ref: row.line for row in rows}
        self._journal.intend([(line, ref) for ref, line in self._lines.items()], clock.now())

    def end(self, message: Message, outcome: Receipt | DevinoError) -> None:
        """Write what became of a message, once. Raises JournalFailed."""
        line = self._lines.pop(message.ref, None)
        if line is None:
            return
        error = outcome if isinstance(outcome, DevinoError) else outcome.error
        if error is not None and error.retry is not Retry.MAY_DUPLICATE and fails_the_call(error):
            self._journal.not_sent(line, message.ref, f"{type(error).__name__}: {error}")
            return
        if isinstance(outcome, DevinoError):
            outcome = failed_receipt(message, outcome, channel="")
        self._journal.end(line, message.ref, receipt_row(outcome))

    def close(self) -> None:
        """Have all of it on the disk."""
        self._journal.close()

    async def _asked(
        self, client: AsyncClient, rows: Sequence[Row], tally: Tally, channel: str | None
    ) -> dict[int, Receipt | OutcomeUnknown | None]:
        """By line: what was told about it. None: it was not sent."""
        answers: dict[int, Receipt | OutcomeUnknown | None] = {}
        for medium in {row.message.medium for row in rows}:
            asked = [row for row in rows if row.message.medium is medium]
            chosen = client.channel_for(medium=medium, channel=channel)
            if Capability.RECALL not in chosen.capabilities:
                self._say(tally, f"--ask: channel {chosen.name!r} cannot be asked by ref")
                continue
            try:
                receipts = await chosen.recall([row.message for row in asked])
            except DevinoError as error:
                self._say(tally, f"--ask: {error}")
                continue
            oldest = self._app.clock.now() - chosen.remembers
            for row, receipt in zip(asked, receipts, strict=True):
                at = self._journal.intended(row.line)
                forgotten = at is None or at <= oldest
                answers[row.line] = _answer(receipt, forgotten=forgotten)
        return answers

    def _say(self, tally: Tally, text: str) -> None:
        if not self._has_said:
            tally.note(text)
        self._has_said = True


_DOUBT = OutcomeUnknown("an earlier run ended while this was under way")


def _answer(receipt: Receipt | None, *, forgotten: bool) -> Receipt | OutcomeUnknown | None:
    if receipt is None:
        return _DOUBT if forgotten else None
    return _DOUBT if receipt.status.state is State.UNKNOWN else receipt
