"""Events: what the platform tells without being asked."""

from __future__ import annotations

from datetime import datetime

from ._masking import Discreet, Hidden, masked_recipient
from ._message import Medium
from ._status import Status

__all__ = ["ConsentChanged", "Event", "Incoming", "StatusChanged"]


class Event(Discreet, frozen=True, kw_only=True):
    """Something happened. A channel or a callback tells it.

    A repr holds no text, and of a person's number or address the ends. Of :attr:`raw` it has the
    type.
    """

    id: str
    """Stable: an event that is told twice has the same id. The id is unique within one
    :attr:`channel`, so a set of both de-duplicates."""
    at: datetime
    """When it happened, aware. Where nothing that can be read tells it: when it was told."""
    channel: str = ""
    """The name of the channel, or of the source of the callback."""
    raw: object = None
    """The codec's value that it was read from."""

    def _masked(self, name: str, value: object) -> object:
        return Hidden(value) if name == "raw" else value


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

    def _masked(self, name: str, value: object) -> object:
        if name == "sender":
            return masked_recipient(self.sender)
        return Hidden(value) if name == "text" else super()._masked(name, value)


class ConsentChanged(Event, frozen=True, kw_only=True):
    """A recipient allowed or forbade further messages."""

    address: str
    """The number or mail address."""
    medium: Medium
    """The medium that the consent is about."""
    allowed: bool

    def _masked(self, name: str, value: object) -> object:
        return masked_recipient(self.address) if name == "address" else super()._masked(name, value)
