"""What the SMSC delivers to one account, until it is acknowledged."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from devino_codecs.smpp import DeliverSm

__all__ = ["Deliveries", "Receiver"]

_log = logging.getLogger(__name__)


class Receiver(Protocol):
    """A session that is bound to receive."""

    def has_room(self) -> bool:
        """Whether it can take another delivery now."""
        ...

    def deliver(self, delivery: DeliverSm) -> None:
        """Send it. What comes to nothing goes to :meth:`Deliveries.returned`."""
        ...

    def flush(self) -> None:
        """Write what was delivered."""
        ...


class Deliveries:
    """Deliveries wait in order, and sessions get them in turn.

    At most ``size`` wait. Beyond that the oldest are lost.
    """

    def __init__(self, size: int) -> None:
        self.receivers: deque[Receiver] = deque()
        self._waiting: deque[DeliverSm] = deque()
        self._size = size
        self._full = False

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, deliveries: Iterable[DeliverSm]) -> None:
        """Deliver these after all others."""
        self._waiting.extend(deliveries)
        self._trim()

    def returned(self, deliveries: Iterable[DeliverSm]) -> None:
        """Deliver these again, before all others."""
        self._waiting.extendleft(reversed(list(deliveries)))
        self._trim()

    def clear(self) -> None:
        """Deliver none of those that wait."""
        self._waiting.clear()

    def hand_out(self) -> None:
        """Give each session as much as it has room for."""
        busy = 0
        while self._waiting and busy < len(self.receivers):
            receiver = self.receivers[0]
            self.receivers.rotate(-1)
            if receiver.has_room():
                busy = 0
                receiver.deliver(self._waiting.popleft())
            else:
                busy += 1
        for receiver in tuple(self.receivers):
            receiver.flush()

    def _trim(self) -> None:
        if len(self._waiting) <= self._size:
            self._full = False
            return
        if not self._full:
            self._full = True
            _log.warning("more than %s deliveries wait: the oldest are lost", self._size)
        while len(self._waiting) > self._size:
            self._waiting.popleft()
