"""What a session machine tells its owner."""

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
    "Late",
    "NeverSent",
    "Reason",
    "Received",
    "Refused",
    "SessionEvent",
    "Unanswered",
    "Unmatched",
]

C = TypeVar("C")
"""What the owner gave with a request, to know it again."""


class Reason(Enum):
    """Why a request or a session ended."""

    TIMEOUT = "no answer in time"
    CANCELLED = "cancelled by the caller"
    UNBOUND = "unbound by this end"
    PEER_UNBOUND = "unbound by the peer"
    PEER_CLOSED = "the peer closed the connection"
    ABORTED = "closed by this end without unbinding"
    LINK_DEAD = "an enquire_link stayed unanswered"
    NOT_BOUND = "nobody bound in time"
    FRAMING_LOST = "the stream's framing is lost"
    FLOODED = "the peer sent too many PDUs that say nothing"


class Answered(msgspec.Struct, Generic[C], frozen=True, gc=False):
    """Outcome of a request: its answer, with any status, or a ``generic_nack``."""

    context: C
    answer: Pdu


class Unanswered(msgspec.Struct, Generic[C], frozen=True):
    """Outcome of a request: it was written and not answered. Nobody knows what became of it."""

    context: C
    reason: Reason


class NeverSent(msgspec.Struct, Generic[C], frozen=True):
    """Outcome of a request: not one octet of it was written. It is safe to send it elsewhere."""

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
    """A request of the peer. If it has an answer, give both to ``SessionMachine.reply``."""

    pdu: Pdu


class Refused(msgspec.Struct, frozen=True):
    """A request that the peer may not send now, or that is unknown."""

    pdu: AnyPdu
    command_status: int | None
    """How it was answered; None if it was not."""


class Broken(msgspec.Struct, frozen=True):
    """A PDU whose body cannot be read whole.

    An answer ends its request all the same: another event gives it, with its ``defect``. So it is
    with a delivery, if the settings say so.
    """

    error: PduError
    octets: bytes
    """The whole PDU. The ``repr`` leaves it out, because a bind holds the password."""
    command_status: int | None
    """How it was answered; None if it was not."""

    def __repr__(self) -> str:
        return f"Broken({self.error!r}, command_status={self.command_status})"


class Closed(msgspec.Struct, frozen=True):
    """The session is over. This is its last event: write what is left, then close."""

    reason: Reason


SessionEvent = (
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
