"""What each id was used for: a second message under it would pass for a repeat of the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from devino_codecs import xmlpackage as xml
from devino_core import InvalidMessage, Message, Receipt, Retry
from devino_core.clock import Clock
from devino_plugins.kit.recent import Recent

__all__ = ["UsedIds"]


class UsedIds:
    """Remembers what the latest 100,000 ids were used for, as long as the platform does.

    Every message that the channel has prepared has an id.
    """

    def __init__(self, age: timedelta, clock: Clock) -> None:
        self._used: Recent[int | None, int] = Recent(most=100_000, age=age, clock=clock)

    def check(self, messages: Sequence[Message], wires: Sequence[xml.Message]) -> None:
        """Raise InvalidMessage for an id that another message was sent under."""
        for place, used in enumerate(self._used.get_all([wire.id for wire in wires])):
            if used is not None and used != _content(wires[place]):
                raise InvalidMessage(
                    "ref",
                    "was used for a message to another number or with another content: the "
                    "platform would take this one for a repeat of that",
                    ref=messages[place].ref,
                )

    def use(self, wires: Sequence[xml.Message]) -> list[int | None]:
        """Remember these. Gives an id for each: None if it was used before."""
        ids = [wire.id for wire in wires]
        used = self._used.get_all(ids)
        self._used.set_all(zip(ids, map(_content, wires), strict=True))
        return [one if before is None else None for one, before in zip(ids, used, strict=True)]

    def free(self, taken: Iterable[int | None]) -> None:
        """These were not sent: their ids may be used for others."""
        for one in taken:
            if one is not None:
                self._used.forget(one)

    def settle(self, taken: Iterable[int | None], receipts: Iterable[Receipt]) -> None:
        """Free the ids of those that were certainly not sent."""
        self.free(
            one
            for one, receipt in zip(taken, receipts, strict=True)
            if receipt.error is not None and receipt.error.retry is not Retry.MAY_DUPLICATE
        )


def _content(wire: xml.Message) -> int:
    return hash((wire.recipient, wire.sender, wire.text, wire.type, wire.url))
