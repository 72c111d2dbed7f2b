"""What became of a message."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from ._message import Medium, Message
from .errors import DevinoError

__all__ = ["Receipt", "State", "Status"]


class State(enum.StrEnum):
    """The life of a message in one vocabulary: SMPP's message_state and what messengers add.

    The order of a life is :attr:`rank`; :meth:`Status.advanced_by` keeps it.
    """

    UNKNOWN = "UNKNOWN"
    """Nobody can say: too new or too old for the platform, or the answer was lost."""
    SCHEDULED = "SCHEDULED"
    """Taken, to be sent at a later time."""
    ACCEPTED = "ACCEPTED"
    """Taken by the platform, in its queue."""
    ENROUTE = "ENROUTE"
    """Handed on to the network or messenger."""
    UNDELIVERABLE = "UNDELIVERABLE"
    EXPIRED = "EXPIRED"
    """Not delivered within its validity."""
    REJECTED = "REJECTED"
    """Refused by the platform or the network."""
    DELETED = "DELETED"
    """Withdrawn before delivery."""
    DELIVERED = "DELIVERED"
    BOUNCED = "BOUNCED"
    """Given back by the recipient's mail server, also after it was taken as delivered."""
    READ = "READ"
    CLICKED = "CLICKED"
    """A link in it was followed."""

    @property
    def rank(self) -> int:
        """Place in a message's life: a later report of a lower rank is an old one.

        Delivery ranks above failure: a report that the recipient has it is evidence, a report
        that delivery was given up is a guess of some hop on the way.
        """
        return _LIFE[self].rank

    @property
    def is_final(self) -> bool:
        """No further work of the platform is to be expected (DELIVERED may yet become READ)."""
        return _LIFE[self].is_final

    @property
    def is_success(self) -> bool:
        """The recipient has it."""
        return _LIFE[self].is_success


class _Stage(NamedTuple):
    rank: int
    is_final: bool
    is_success: bool


_LIFE: Mapping[State, _Stage] = {
    State.UNKNOWN: _Stage(0, False, False),
    State.SCHEDULED: _Stage(1, False, False),
    State.ACCEPTED: _Stage(2, False, False),
    State.ENROUTE: _Stage(3, False, False),
    # Failures have one rank: the order among them decides only where reports name no time.
    State.UNDELIVERABLE: _Stage(4, True, False),
    State.EXPIRED: _Stage(4, True, False),
    State.DELETED: _Stage(4, True, False),
    State.REJECTED: _Stage(4, True, False),
    State.DELIVERED: _Stage(5, True, True),
    # It replaces DELIVERED, and is none the less a failure.
    State.BOUNCED: _Stage(6, True, False),
    State.READ: _Stage(7, True, True),
    State.CLICKED: _Stage(8, True, True),
}
_ORDER: Mapping[State, int] = {state: place for place, state in enumerate(_LIFE)}
_NEVER = datetime.min.replace(tzinfo=UTC)


class Status(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A state, and the wire's own word for it, which is never thrown away. All times are aware."""

    state: State
    id: str | None = None
    """The platform's id of what this is the status of."""
    code: int | str | None = None
    """The wire's code, as it came."""
    description: str = ""
    """The wire's text, as it came."""
    created_at: datetime | None = None
    submitted_at: datetime | None = None
    reported_at: datetime | None = None
    """When it got this state."""
    price: Decimal | None = None
    """In the account's currency."""
    medium: Medium | None = None
    """What the message goes by: of one with fallbacks, the leg that this is about."""

    def advanced_by(self, report: Status) -> Status:
        """Where a message is after a new report: a late one never moves it backwards.

        All orders of the same reports, repeated or not, end in the same state: that of the highest
        rank, of several failures that of the latest (one without a time counts as the oldest).
        A report that nothing is known leaves the state as it was, under the wire's new word.
        """
        if report._advance >= self._advance:
            return report
        if report.state is State.UNKNOWN:
            return msgspec.structs.replace(self, code=report.code, description=report.description)
        return self

    @property
    def _advance(self) -> tuple[int, datetime, int]:
        return self.state.rank, self.reported_at or _NEVER, _ORDER[self.state]

    @classmethod
    def of_legs(cls, legs: Iterable[Status]) -> Status:
        """One status for a message that went by one medium after the other, in this order.

        A success of any leg decides, the one that got furthest; else what is still under way; else
        the last leg. ``medium`` says which leg it is, ``id`` is that leg's. The price is the sum of
        those that are known.
        """
        statuses = list(legs)
        if not statuses:
            return cls(state=State.UNKNOWN)
        # Of equal ones the last.
        decisive = max(reversed(statuses), key=_decides)
        prices = [status.price for status in statuses if status.price is not None]
        return msgspec.structs.replace(decisive, price=sum(prices, Decimal(0)) if prices else None)

    @classmethod
    def combined(cls, parts: Iterable[Status]) -> Status:
        """One status for a message of several parts: it is where its slowest part is.

        A part that failed decides once all parts are final. The price is the sum, if every
        part's is known, and the time of the report the last part's.
        """
        statuses = list(parts)
        if len(statuses) == 1:
            return statuses[0]
        if not statuses:
            return cls(state=State.UNKNOWN)
        slowest = min(statuses, key=lambda status: status.state.rank)
        prices = [status.price for status in statuses if status.price is not None]
        return msgspec.structs.replace(
            slowest,
            id=None,
            price=sum(prices, Decimal(0)) if len(prices) == len(statuses) else None,
            reported_at=max(
                (status.reported_at for status in statuses if status.reported_at is not None),
                default=None,
            ),
        )


def _decides(leg: Status) -> tuple[int, int]:
    """What a leg says of the whole message: success, under way, over."""
    state = leg.state
    if state.is_success:
        return 2, state.rank
    return (0, 0) if state.is_final else (1, state.rank)


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What sending one message gave."""

    ref: str
    """The :attr:`Message.ref` that it answers."""
    to: str
    status: Status
    medium: Medium = Medium.SMS
    channel: str = ""
    """The name of the channel that sent it."""
    ids: tuple[str, ...] = ()
    """The platform's ids, one for each part, in order."""
    unassigned_ids: tuple[str, ...] = ()
    """Ids that the platform gave for a whole bulk call, when they cannot be told apart: some of
    them belong to this message, and nothing says which."""
    parts: int = 1
    """How many segments the message was charged as; 0: not known."""
    error: DevinoError | None = None
    """Why it was refused or what is not known, for a message that failed among others."""
    send_at: datetime | None = None
    """The :attr:`Message.send_at` of a message that was to be sent later."""

    @classmethod
    def of(
        cls,
        message: Message,
        status: Status,
        *,
        channel: str,
        ids: tuple[str, ...] = (),
        unassigned_ids: tuple[str, ...] = (),
        parts: int = 1,
        error: DevinoError | None = None,
    ) -> Receipt:
        """The receipt of ``message``, with what the message itself says filled in."""
        if status.medium is None:
            status = msgspec.structs.replace(status, medium=message.medium)
        return cls(
            ref=message.ref,
            to=message.to,
            medium=message.medium,
            status=status,
            channel=channel,
            ids=ids,
            unassigned_ids=unassigned_ids,
            parts=parts,
            error=error,
            send_at=message.send_at,
        )

    @property
    def refused(self) -> bool:
        """The platform said no to this message."""
        return self.status.state is State.REJECTED
