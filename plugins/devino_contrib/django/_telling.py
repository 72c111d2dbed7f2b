"""Events of the platform become signals."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from devino_contrib._needs import needs
from devino_core import ConsentChanged, DevinoError, Event, Incoming, StatusChanged
from devino_core.observe import discreet

from . import signals

with needs("django"):
    from django.db import close_old_connections
    from django.dispatch import Signal

__all__ = ["NotTaken", "is_heard", "log_failure", "tell"]

_log = logging.getLogger("devino.django")

_SIGNALS: Mapping[type[Event], Signal] = {
    StatusChanged: signals.status_changed,
    Incoming: signals.incoming,
    ConsentChanged: signals.consent_changed,
}


class NotTaken(RuntimeError):
    """An event that no receiver of the project took."""


def tell(event: Event) -> str | None:
    """Hand an event to the receivers, and give the reply of one. Blocks; for any thread.

    Raises what a receiver raises, and NotTaken where there is none: to say that it was taken would
    lose it.
    """
    # A thread of a pool keeps its connection to the database, which may have gone meanwhile.
    close_old_connections()
    try:
        answers = _answers(event)
    finally:
        close_old_connections()
    return next((answer for answer in answers if isinstance(answer, str)), None)


def _answers(event: Event) -> list[object]:
    if not is_heard(event):
        raise NotTaken(
            f"no receiver is connected for {type(event).__name__}: connect one to the signal of "
            "devino_contrib.django.signals"
        )
    return [answer for _, answer in _SIGNALS[type(event)].send(type(event), event=event)]


def is_heard(event: Event) -> bool:
    """Whether a receiver is connected for events of this sort."""
    signal = _SIGNALS.get(type(event))
    return signal is not None and bool(signal.has_listeners(type(event)))


def log_failure(error: DevinoError) -> None:
    """Say that a message could not be sent, where nobody hears the exception."""
    words = discreet("words", error.said)
    _log.error("not sent: %s: %s [%s]", type(error).__name__, words, error.call_id)
