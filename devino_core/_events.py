"""What the platform tells unasked."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ._message import Medium
from ._status import Status

__all__ = ["ConsentChanged", "Event", "Incoming", "StatusChanged"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened: on a channel, or told by a callback."""

    id: str
    """Stable: what is told twice has the same id. With :attr:`channel` it is unique, so a set of
    both de-duplicates."""
    at: datetime
    """When it happened, aware."""
    channel: str = ""
    """The name of the channel, or of the source of the callback."""
    raw: object = None
    """The codec's value that it was read from."""


class StatusChanged(Event, frozen=True, kw_only=True):
    """A message that was sent has a new state."""

    message_id: str
    """The platform's id of the message or part."""
    status: Status
    medium: Medium = Medium.SMS
    """What it was sent by. Of a message with fallbacks, the one that this is about."""
    ref: str | None = None
    """The caller's id, where the channel still knows it."""


class Incoming(Event, frozen=True, kw_only=True):
    """A subscriber wrote."""

    sender: str
    """The subscriber's number."""
    to: str
    """The account's number that was written to."""
    text: str
    medium: Medium = Medium.SMS
    in_reply_to: str | None = None
    """The platform's id of the message that it answers, where the wire tells."""


class ConsentChanged(Event, frozen=True, kw_only=True):
    """A recipient allowed or forbade further messages."""

    address: str
    """The number or mail address."""
    medium: Medium
    """What it is about."""
    allowed: bool
