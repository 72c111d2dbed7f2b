"""Who is told what happens in a World."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, ParamSpec

from ._consents import ConsentGiven
from ._messages import IncomingMessage, StoredMessage

__all__ = ["Subscribers"]

P = ParamSpec("P")

_log = logging.getLogger(__name__)


class _Event(Generic[P]):
    """Something that happens, and the functions that are called then, in the order they came."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[P, None]] = []

    def __bool__(self) -> bool:
        """Somebody wants to know."""
        return bool(self._callbacks)

    def add(self, callback: Callable[P, None] | None) -> Callable[[], None]:
        """Tell this one, too. Gives a function that ends it, and may be called again."""
        if callback is None:
            return lambda: None
        self._callbacks.append(callback)

        def remove() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return remove

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for callback in tuple(self._callbacks):
            try:
                callback(*args, **kwargs)
            except Exception:  # noqa: BLE001 - a subscriber's failure must not reach the others
                _log.exception("a subscriber of the sandbox failed")


class Subscribers:
    """The events of a World."""

    def __init__(self) -> None:
        self.recorded: _Event[[StoredMessage]] = _Event()
        self.changed: _Event[[StoredMessage]] = _Event()
        self.arrived: _Event[[IncomingMessage]] = _Event()
        self.consented: _Event[[ConsentGiven]] = _Event()
        self.sessions_ended: _Event[[]] = _Event()
        self.forgotten: _Event[[]] = _Event()
        self.was_reset: _Event[[]] = _Event()
