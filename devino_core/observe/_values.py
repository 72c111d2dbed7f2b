"""What an observer is told, and the observer itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from devino_core._events import Event
from devino_core._message import Message
from devino_core._status import Receipt
from devino_core.errors import DevinoError

__all__ = ["Call", "Figure", "Observer", "Outcome"]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the platform, at the moment when it is made. It names no person."""

    id: str
    """16 hexadecimal digits: those of the log's lines, of :attr:`DevinoError.call_id
    <devino_core.DevinoError.call_id>`, and of the header ``X-Request-Id`` over HTTP."""
    channel: str
    """The name of the channel or service, as configured."""
    kind: str
    """Its kind, such as ``rest``."""
    operation: str
    """In the wire's words: ``Sms/Send``, ``submit_sm``, ``DATA``, ``STOR``."""
    peer: str
    """``host:port``, never a URL."""
    messages: int = 0
    """How many messages it carries."""
    attempt: int = 1
    """The how manieth call this is for the same thing, as far as the transport counts."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended."""

    seconds: float
    """From its start, by the channel's clock."""
    http_status: int | None = None
    wire_code: int | str | None = None
    """The protocol's own code: of a refusal, an SMPP answer, a reply of a mail or FTP server."""
    message_id: str | None = None
    """Of a call that carried one message: the platform's id of it, or of its first part, where the
    answer has one. Some platforms make it of the number: mask it by ``discreet("shown", ...)``."""
    error: DevinoError | None = None
    """What the call raised, None if it did what was asked."""
    cancelled: bool = False
    """The caller gave up, or a bug ended the call: nobody knows what became of it."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of something that works in the background, such as the outbox. It names no person.

    What the figures of the outbox are stands in :mod:`devino_core.outbox`.
    """

    name: str
    """Such as ``outbox_depth``; a duration ends in ``_seconds``."""
    value: float
    sort: Literal["gauge", "counter", "duration"] = "gauge"
    """How it stands now; how many more there are; how long one took."""
    labels: Mapping[str, str] = {}


class Observer(Protocol):
    """Whoever wants to know what a client does. Inherit it, and override what you need.

    The methods run within the call, in the client's event loop: they must not block. They change no
    call. A method that raises is logged once, and its observer is told nothing more.
    """

    def call_started(self, call: Call) -> Callable[[Outcome], None] | None:
        """A request is made now. What this returns is called once, when the call has ended."""
        return None

    def message_done(self, message: Message, receipt: Receipt) -> None:
        """A message was handed to a channel, which gave this receipt."""
        # Without it, the method of a Protocol is abstract.
        return

    def event(self, event: Event) -> None:
        """The platform told this, by a connection, or by a callback that was taken."""
        return

    def figure(self, figure: Figure) -> None:
        """How much there is of something, or how much more. Only asked for if it is overridden."""
        return
