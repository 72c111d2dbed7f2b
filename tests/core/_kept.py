"""An observer that remembers what it was told."""

from __future__ import annotations

from collections.abc import Callable

from devino_core import Event, Message, Receipt
from devino_core.observe import Call, Observer, Outcome

__all__ = ["Kept"]


class Kept(Observer):
    """What it was told: each call with its outcomes, messages with their receipts, events."""

    def __init__(self) -> None:
        self.calls: list[tuple[Call, list[Outcome]]] = []
        self.receipts: list[tuple[Message, Receipt]] = []
        self.events: list[Event] = []

    def call_started(self, call: Call) -> Callable[[Outcome], None]:
        outcomes: list[Outcome] = []
        self.calls.append((call, outcomes))
        return outcomes.append

    def message_done(self, message: Message, receipt: Receipt) -> None:
        self.receipts.append((message, receipt))

    def event(self, event: Event) -> None:
        self.events.append(event)
