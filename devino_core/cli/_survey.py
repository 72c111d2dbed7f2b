"""What a dry run tells about messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from devino_core import Medium, Message
from devino_core.errors import Unsupported

from ._checking import BadRows
from .toolkit import App

__all__ = ["Survey"]


class Survey:
    """Counts messages, and the SMS that they will be charged as.

    ``price`` is that of one SMS.
    """

    def __init__(self, app: App, *, price: Decimal | None) -> None:
        self._app = app
        self._price = price
        self._messages = Counter[Medium]()
        self._alphabets = Counter[str]()
        self._parts = 0
        self._measure = lru_cache(1000)(app.plugins.measure)

    def add(self, messages: Iterable[Message]) -> None:
        """Count these."""
        for message in messages:
            self._messages[message.medium] += 1
            if message.medium is not Medium.SMS:
                continue
            try:
                measured = self._measure(message.text)
            except Unsupported:
                continue
            if measured is not None:
                self._alphabets[measured.alphabet] += 1
                self._parts += measured.parts

    def tell(self, *, bad: BadRows | None = None, repeated: int = 0, unique: bool = False) -> None:
        """Print it. Without ``bad`` it was one message, not a file's."""
        count = self._messages.total()
        cost = None if self._price is None else self._price * self._parts
        if self._app.json:
            facts: dict[str, object] = {
                "sendable": count,
                "media": dict(self._messages),
                "parts": self._parts,
                "alphabets": dict(self._alphabets),
            }
            if bad is not None:
                facts |= {"duplicates": repeated, **bad.facts}
            self._app.show(facts if cost is None else {**facts, "price": cost})
            return
        self._app.line(f"{count} can be sent; none was")
        if bad is not None and bad.count:
            self._app.line(f"{bad.count} cannot be sent")
        if len(self._messages) > 1:
            self._app.line(", ".join(f"{n} by {medium}" for medium, n in self._messages.items()))
        if self._parts:
            alphabets = ", ".join(f"{n} in {name}" for name, n in self._alphabets.items())
            self._app.line(f"{self._parts} SMS to be charged: {alphabets}")
        if repeated:
            are = "is a repeat" if repeated == 1 else "are repeats"
            said = (
                "left out as repeats of a recipient"
                if unique
                else f"of them {are} of a recipient; --unique leaves those out"
            )
            self._app.line(f"{repeated} {said}")
        if cost is not None:
            self._app.line(f"{cost} is the estimated price")
