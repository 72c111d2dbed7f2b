"""What the platform tells unasked."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ._status import Status

__all__ = ["Event", "Incoming", "StatusChanged"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened on a channel."""

    id: str
    """Stable: the same happening told twice has the same id, so a set of ids de-duplicates."""
    at: datetime
    """When it happened, aware."""
    channel: str = ""
    raw: object = None
    """The codec's value that it was read from."""


class StatusChanged(Event, frozen=True, kw_only=True):
    """A message that was sent has a new state."""

    message_id: str
    """The platform's id of the message or part."""
    status: Status
    ref: str | None = None
    """The caller's id, where the channel still knows it."""


class Incoming(Event, frozen=True, kw_only=True):
    """A subscriber wrote."""

    sender: str
    """The subscriber's number."""
    to: str
    """The account's number that was written to."""
    text: str
