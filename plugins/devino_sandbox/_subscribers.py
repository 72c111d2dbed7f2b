"""Who is told what happens in a World."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from ._messages import IncomingMessage, StoredMessage

__all__ = ["Subscribers"]

P = ParamSpec("P")

_log = logging.getLogger(__name__)


class Subscribers:
    """Functions that are called at once, in the order in which they came."""

    def __init__(self) -> None:
        self._recorded: list[Callable[[StoredMessage], None]] = []
        self._changed: list[Callable[[StoredMessage], None]] = []
        self._arrived: list[Callable[[IncomingMessage], None]] = []
        self._sessions_ended: list[Callable[[], None]] = []

    def add(
        self,
        recorded: Callable[[StoredMessage], None] | None,
        changed: Callable[[StoredMessage], None] | None,
        arrived: Callable[[IncomingMessage], None] | None,
        sessions_ended: Callable[[], None] | None,
    ) -> Callable[[], None]:
        """Tell these from now on. Gives a function that ends it."""
        subscriptions: Sequence[tuple[list[Any], object]] = (
            (self._recorded, recorded),
            (self._changed, changed),
            (self._arrived, arrived),
            (self._sessions_ended, sessions_ended),
        )
        for callbacks, callback in subscriptions:
            if callback is not None:
                callbacks.append(callback)

        def unsubscribe() -> None:
            for callbacks, callback in subscriptions:
                if callback in callbacks:
                    callbacks.remove(callback)

        return unsubscribe

    def recorded(self, messages: Sequence[StoredMessage]) -> None:
        """These were taken, or refused."""
        if self._recorded:
            for message in messages:
                _tell(self._recorded, message)

    def changed(self, messages: Sequence[StoredMessage]) -> None:
        """These have a new state."""
        if self._changed:
            for message in messages:
                _tell(self._changed, message)

    def arrived(self, incoming: IncomingMessage) -> None:
        """This came in."""
        _tell(self._arrived, incoming)

    def sessions_ended(self) -> None:
        """All sessions are over."""
        _tell(self._sessions_ended)


def _tell(callbacks: Sequence[Callable[P, None]], *args: P.args, **kwargs: P.kwargs) -> None:
    for callback in tuple(callbacks):
        try:
            callback(*args, **kwargs)
        except Exception:  # noqa: BLE001 - a subscriber's failure must not reach the others
            _log.exception("a subscriber of the sandbox failed")
