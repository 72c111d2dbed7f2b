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

from .recent import Recent

__all__ = ["Chains"]

_MOST: Final = 100_000
_LIFE: Final = timedelta(days=6)
_NOT_YET: Final = frozenset({State.UNDELIVERABLE, State.EXPIRED, State.REJECTED})
"""Failures that are followed by the next medium. A message that was called off is not."""


class _Chain(msgspec.Struct):
    last: Medium
    """The medium that nothing comes after."""
    failed: Medium | None = None
    """The medium whose failure was seen last."""
    seen_at: datetime | None = None
    """When that failure was seen first."""


class Chains:
    """Knows which messages have a fallback, by their ids: the latest 100,000 of the last 6 days.

    ``grace`` is in seconds: for so long a failure of a medium that is not the last one counts as
    ENROUTE. After a restart nothing is known, and what the wire says counts at once.
    """

    def __init__(self, *, grace: float, clock: Clock) -> None:
        self._grace = timedelta(seconds=grace)
        self._clock = clock
        self._chains: Recent[str, _Chain] = Recent(most=_MOST, age=_LIFE, clock=clock)

    def sent(self, ids: Iterable[str], *, last: Medium) -> None:
        """These were sent, and ``last`` is what the platform tries in the end."""
        for message_id in ids:
            self._chains[message_id] = _Chain(last)

    def told(self, status: Status) -> Status:
        """What the wire says about a message, with the failure of a medium before the last as
        ENROUTE within the grace. Code, description and medium stay."""
        if status.state not in _NOT_YET or status.id is None:
            return status
        chain = self._chains.get(status.id)
        if chain is None or status.medium is chain.last:
            return status
        now = self._clock.now()
        if chain.seen_at is None or chain.failed is not status.medium:
            chain.failed, chain.seen_at = status.medium, now
        # The platform's clock may be ahead: its time alone would keep a message open for long.
        failed_at = min(chain.seen_at, status.reported_at or chain.seen_at)
        if now - failed_at >= self._grace:
            return status
        return msgspec.structs.replace(status, state=State.ENROUTE)
