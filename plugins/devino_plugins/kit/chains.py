"""Messages that have another medium to go by: when a failure is not the end yet.

A wire that resends what was not delivered tells of the failure first, and of what it sent instead a
moment later. Whoever asks in between must not take the failure for the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from devino_core import Medium, State, Status
from devino_core.clock import Clock

__all__ = ["Chains"]

_MOST: Final = 100_000
_LIFE: Final = timedelta(days=6)
_NOT_YET: Final = frozenset({State.UNDELIVERABLE, State.EXPIRED, State.REJECTED})
"""Failures that are followed by the next medium. A message that was called off is not."""


class _Chain(msgspec.Struct):
    last: Medium
    """The medium that nothing comes after."""
    sent_at: datetime
    failed_at: datetime | None = None
    """When a failure without a time was seen first."""


class Chains:
    """Knows which messages have a fallback, by their ids: the latest 100,000 of the last 6 days.

    ``grace`` is in seconds: for so long a failure of a medium that is not the last one counts as
    ENROUTE. After a restart nothing is known, and what the wire says counts at once.
    """

    def __init__(self, *, grace: float, clock: Clock) -> None:
        self._grace = timedelta(seconds=grace)
        self._clock = clock
        self._chains: dict[str, _Chain] = {}

    def __len__(self) -> int:
        return len(self._chains)

    def sent(self, ids: Iterable[str], *, last: Medium) -> None:
        """These were sent, and ``last`` is what the platform tries in the end."""
        now = self._clock.now()
        for message_id in ids:
            self._chains.pop(message_id, None)
            self._chains[message_id] = _Chain(last, now)
        oldest = now - _LIFE
        while self._chains:
            first = next(iter(self._chains))
            if len(self._chains) <= _MOST and self._chains[first].sent_at >= oldest:
                break
            del self._chains[first]

    def told(self, status: Status) -> Status:
        """What the wire says about a message, with the failure of a medium before the last as
        ENROUTE within the grace. Code, description and medium stay."""
        chain = self._chains.get(status.id or "")
        if chain is None or status.medium is chain.last or status.state not in _NOT_YET:
            return status
        now = self._clock.now()
        failed_at = status.reported_at
        if failed_at is None:
            failed_at = chain.failed_at = chain.failed_at or now
        if now - failed_at >= self._grace:
            return status
        return msgspec.structs.replace(status, state=State.ENROUTE)
