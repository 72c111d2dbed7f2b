"""Shows what becomes of sent messages, as it is told."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from devino_core import AsyncClient, Capability, Medium, Message, Receipt, State, Unsupported

from ._exit import ExitCode
from ._tally import COLUMNS, receipt_row
from .toolkit import App, Bar, cell

__all__ = ["Following"]

_Key = tuple[str, Medium, tuple[str, ...]]


class Following:
    """Follows receipts until all is known, and counts the states at the end.

    ``interval`` and ``timeout`` are those of :meth:`AsyncClient.follow
    <devino_core.AsyncClient.follow>`. ``has_header``: the columns for a pipe were named before.
    """

    def __init__(
        self,
        app: App,
        *,
        interval: float = 5.0,
        timeout: float | None = None,
        has_header: bool = False,
    ) -> None:
        self._app = app
        self._interval = interval
        self._timeout = timeout
        self._states: dict[_Key | int, State] = {}
        self._has_header = has_header

    @property
    def code(self) -> ExitCode:
        """What the states say: all delivered, some not, or of some it is not known."""
        states = set(self._states.values())
        if not all(state.is_final for state in states):
            return ExitCode.OUTCOME_UNKNOWN
        return ExitCode.DONE if all(state.is_success for state in states) else ExitCode.NOT_DONE

    def check(self, client: AsyncClient, messages: Iterable[Message], name: str | None) -> None:
        """Raise Unsupported if nobody could be asked about these messages, once they are sent."""
        for medium in {message.medium for message in messages}:
            channel = client.channel_for(medium=medium, channel=name)
            if Capability.STATUS not in channel.capabilities:
                raise Unsupported(
                    f"channel {channel.name!r} cannot report a status on request, so nothing was "
                    "sent: send without --wait, or by another channel"
                )

    async def run(self, client: AsyncClient, receipts: Iterable[Receipt]) -> None:
        """Follow them, and print each change and, at the end, whatever ends it, the counts."""
        pending: list[Receipt] = []
        for nth, receipt in enumerate(receipts):
            known = receipt.ids and _key(receipt) in self._states
            self._states[_key(receipt) if receipt.ids else nth] = receipt.status.state
            if receipt.ids and not receipt.status.state.is_final and not known:
                pending.append(receipt)
        try:
            if pending:
                with self._app.progress(len(pending)) as bar:
                    async for changed in client.follow(
                        pending, interval=self._interval, timeout=self._timeout
                    ):
                        self._states[_key(changed)] = changed.status.state
                        self._show(changed, bar)
        finally:
            self._summarize()

    def _show(self, receipt: Receipt, bar: Bar) -> None:
        row = receipt_row(receipt)
        row["reported_at"] = receipt.status.reported_at
        if receipt.status.error is not None:
            row["error"] = receipt.status.error
            row["description"] = row["description"] or receipt.status.error.said
        if self._app.json:
            self._app.show(row)
        elif sys.stdout.isatty():
            words = (row.get(name) for name in ("to", "state", "ids", "description"))
            bar.line("  ".join(cell(word) for word in words if word))
        else:
            if not self._has_header:
                self._app.line("\t".join(COLUMNS))
                self._has_header = True
            self._app.line("\t".join(cell(row.get(column)) for column in COLUMNS))
        if receipt.status.state.is_final:
            bar.advance()

    def _summarize(self) -> None:
        counts = Counter(self._states.values())
        if self._app.json:
            self._app.show({"counts": {state: counts[state] for state in State if counts[state]}})
            return
        said = ", ".join(f"{counts[state]} {state}" for state in State if counts[state])
        self._app.note(said or "nothing to follow")


def _key(receipt: Receipt) -> _Key:
    return receipt.channel, receipt.medium, receipt.ids
