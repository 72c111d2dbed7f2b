"""Events: what the platform tells without being asked."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ._message import Medium
from ._status import Status

__all__ = ["ConsentChanged", "Event", "Incoming", "StatusChanged"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened. A channel or a callback tells it."""

    id: str
    """Stable: an event that is told twice has the same id. The id is unique within one
    :attr:`channel`, so a set of both de-duplicates."""
    at: datetime
    """When it happened, aware. Where nothing that can be read tells it: when it was told."""
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
    """The medium that the message was sent by. If it has fallbacks, the leg that this is about."""
    ref: str | None = None
    """The caller's id, if the channel still knows it."""


class Incoming(Event, frozen=True, kw_only=True):
    """A subscriber wrote."""

    sender: str
    """The subscriber's number."""
    to: str
    """The account's number that was written to."""
    text: str
    medium: Medium = Medium.SMS
    in_reply_to: str | None = None
    """The platform's id of the message that this one answers, if the wire tells it."""


class ConsentChanged(Event, frozen=True, kw_only=True):
    """A recipient allowed or forbade further messages."""

    address: str
    """The number or mail address."""
    medium: Medium
    """The medium that the consent is about."""
    allowed: bool
