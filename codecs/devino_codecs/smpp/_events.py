"""What a session tells its owner."""

from __future__ import annotations

from enum import Enum
from typing import Generic, TypeVar

import msgspec

from ._errors import PduError
from ._pdus import AnyPdu, Pdu

__all__ = [
    "Answered",
    "Broken",
    "Closed",
    "Event",
    "Late",
    "NeverSent",
    "Reason",
    "Received",
    "Refused",
    "Unanswered",
    "Unmatched",
]

C = TypeVar("C")
"""Whatever the owner gave with a request, to know it again."""


class Reason(Enum):
    """Why a request or a session ended."""

    TIMEOUT = "no answer in time"
    CANCELLED = "cancelled by the caller"
    BROKEN_ANSWER = "the answer could not be read"
    UNBOUND = "unbound by this end"
    PEER_UNBOUND = "unbound by the peer"
    PEER_CLOSED = "the peer closed the connection"
    ABORTED = "closed by this end without unbinding"
    LINK_DEAD = "an enquire_link stayed unanswered"
    NOT_BOUND = "nobody bound in time"
    FRAMING_LOST = "the stream's framing is lost"


class Answered(msgspec.Struct, Generic[C], frozen=True, gc=False):
    """Outcome of a request: its answer, with any status, or a ``generic_nack``."""

    context: C
    answer: Pdu


class Unanswered(msgspec.Struct, Generic[C], frozen=True):
    """Outcome of a request: it was written and there is no answer, so what became of it is open."""

    context: C
    reason: Reason


class NeverSent(msgspec.Struct, Generic[C], frozen=True):
    """Outcome of a request: not an octet of it was written. It is safe to send it elsewhere."""

    context: C
    reason: Reason


class Late(msgspec.Struct, Generic[C], frozen=True):
    """An answer to a request that already ended :class:`Unanswered`."""

    context: C
    answer: Pdu


class Unmatched(msgspec.Struct, frozen=True):
    """An answer to nothing: a duplicate, a foreign number, an answer of another kind."""

    answer: AnyPdu


class Received(msgspec.Struct, frozen=True, gc=False):
    """A request of the peer: give it to ``Session.reply`` with its answer, if it has one."""

    pdu: Pdu


class Refused(msgspec.Struct, frozen=True):
    """A request that the peer may not send now, or that is unknown, and the status it was answered.

    None where it was not answered.
    """

    pdu: AnyPdu
    command_status: int | None


class Broken(msgspec.Struct, frozen=True):
    """A PDU whose body cannot be read, and the status that it was answered, None if it was not."""

    error: PduError
    octets: bytes
    """The whole PDU; not in the ``repr``, for that of a bind holds the password."""
    command_status: int | None

    def __repr__(self) -> str:
        return f"Broken({self.error!r}, command_status={self.command_status})"


class Closed(msgspec.Struct, frozen=True):
    """The session is over, and this is its last event: write what is left, then close."""

    reason: Reason


Event = (
    Answered[C]
    | Unanswered[C]
    | NeverSent[C]
    | Late[C]
    | Unmatched
    | Received
    | Refused
    | Broken
    | Closed
)
