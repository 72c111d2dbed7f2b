"""What became of a message."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import repeat

import msgspec

from ._masking import Discreet, masked_recipient
from ._message import Medium, Message
from ._portable import Portable
from .errors import DevinoError

__all__ = ["Receipt", "State", "Status"]


class State(enum.StrEnum):
    """The state of a message, in one vocabulary: SMPP's message_state and what messengers add.

    :attr:`rank` orders the states; :meth:`Status.advanced_by` keeps that order.
    """

    UNKNOWN = "UNKNOWN"
    """Nobody knows: too new or too old for the platform, or the answer was lost."""
    SCHEDULED = "SCHEDULED"
    """Taken by the platform, which will send it at the scheduled time."""
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
    """Returned by the recipient's mail server, perhaps after it was reported as delivered."""
    READ = "READ"
    CLICKED = "CLICKED"
    """The recipient followed a link in it."""

    @property
    def rank(self) -> int:
        """Place in a message's life: a later report of a lower rank is out of date.

        Delivery ranks above failure. A report of delivery is evidence. A report of failure is a
        guess of some hop on the way.
        """
        return _LIFE[self].rank

    @property
    def is_final(self) -> bool:
        """Whether the platform has finished with it (DELIVERED may still become READ)."""
        return _LIFE[self].is_final

    @property
    def is_success(self) -> bool:
        """Whether the recipient has it."""
        return _LIFE[self].is_success


class _Stage(msgspec.Struct, frozen=True):
    rank: int
    is_final: bool
    is_success: bool


_LIFE: Mapping[State, _Stage] = {
    State.UNKNOWN: _Stage(0, False, False),
    State.SCHEDULED: _Stage(1, False, False),
    State.ACCEPTED: _Stage(2, False, False),
    State.ENROUTE: _Stage(3, False, False),
    # All failures have one rank. Their order counts only for reports that name no time.
    State.UNDELIVERABLE: _Stage(4, True, False),
    State.EXPIRED: _Stage(4, True, False),
    State.DELETED: _Stage(4, True, False),
    State.REJECTED: _Stage(4, True, False),
    State.DELIVERED: _Stage(5, True, True),
    # It ranks above DELIVERED, and is still a failure.
    State.BOUNCED: _Stage(6, True, False),
    State.READ: _Stage(7, True, True),
    State.CLICKED: _Stage(8, True, True),
}
_ORDER: Mapping[State, int] = {state: place for place, state in enumerate(_LIFE)}
_NEVER = datetime.min.replace(tzinfo=UTC)


class Status(Portable, frozen=True, kw_only=True, omit_defaults=True):
    """A state, and the wire's own word for it, which is always kept. All times are aware."""

    state: State
    id: str | None = None
    """The platform's id of the message or part that this is about."""
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
    """The medium of the message. If it has fallbacks: the medium of the leg that this is about."""
    legs: tuple[Status, ...] = ()
    """If the message went by several media: what each said, in order, with its own code, times and
    price."""
    error: DevinoError | None = None
    """Why the platform could not be asked about it, or gave no answer that can be read."""

    def advanced_by(self, report: Status) -> Status:
        """The status after a new report. A late report never moves it backwards.

        The same reports end in the same state, in any order, repeated or not: the state with the
        highest rank. Of several failures the latest counts; one without a time is the oldest. An
        UNKNOWN report keeps the state and takes the wire's new word, or the error.
        """
        if report._advance >= self._advance:
            return report
        if report.state is State.UNKNOWN:
            return msgspec.structs.replace(
                self, code=report.code, description=report.description, error=report.error
            )
        return self

    @property
    def _advance(self) -> tuple[int, datetime, int]:
        return self.state.rank, self.reported_at or _NEVER, _ORDER[self.state]

    @classmethod
    def of_legs(cls, legs: Iterable[Status]) -> Status:
        """One status for a message that went by one medium after the other, in this order.

        A successful leg decides: if there are several, the one that got furthest, and of equals the
        first. Else a leg that is still under way decides, else the last leg. ``medium`` and ``id``
        are those of the deciding leg. The price is the sum of the known prices. :attr:`legs` keeps
        them all.
        """
        statuses = list(legs)
        if not statuses:
            return cls(state=State.UNKNOWN)
        if len(statuses) == 1 and not statuses[0].legs:
            return statuses[0]
        decisive = max(enumerate(statuses), key=_decides)[1]
        prices = [status.price for status in statuses if status.price is not None]
        return msgspec.structs.replace(
            decisive,
            price=sum(prices, Decimal(0)) if prices else None,
            legs=tuple(statuses) if len(statuses) > 1 else (),
        )

    @classmethod
    def combined(cls, parts: Iterable[Status]) -> Status:
        """One status for a message of several parts: that of its slowest part.

        A failed part decides once all parts are final. The price is the sum if every part's price
        is known. The time is that of the last report.
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


def _decides(leg: tuple[int, Status]) -> tuple[int, int, int]:
    """What a leg says about the whole message: success, under way, over. Of equal successes the
    first counts, else the last."""
    place, status = leg
    state = status.state
    if state.is_success:
        return 2, state.rank, -place
    return (0, 0, place) if state.is_final else (1, state.rank, place)


class Receipt(Discreet, Portable, frozen=True, kw_only=True, omit_defaults=True):
    """The result of sending one message. A repr shows :attr:`to` without its middle."""

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
    """Ids that the platform gave for a whole bulk call. Some of them belong to this message, and
    nothing says which."""
    parts: int = 1
    """How many segments the message was charged for; 0: not known."""
    error: DevinoError | None = None
    """Why it was refused, or what is not known: for a message that failed in a call of several."""
    send_at: datetime | None = None
    """The message's :attr:`Message.send_at`, if it was scheduled for later."""

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
        """The receipt of ``message``, with the message's own fields filled in."""
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

    @classmethod
    def of_each(
        cls,
        messages: Sequence[Message],
        status: Status,
        *,
        channel: str,
        ids: Iterable[tuple[str, ...]],
        parts: Iterable[int] | None = None,
    ) -> list[Receipt]:
        """The receipts of messages of one medium that the platform took alike, in order, each with
        its ids; ``parts`` are those of each, one unless given."""
        if not messages:
            return []
        first = cls.of(messages[0], status, channel=channel)
        replace = msgspec.structs.replace
        # Of a bulk there are thousands. By :meth:`of` each takes three times as long.
        return [
            replace(
                first,
                ref=message.ref,
                to=message.to,
                ids=own,
                parts=segments,
                send_at=message.send_at,
            )
            for message, own, segments in zip(
                messages, ids, repeat(1, len(messages)) if parts is None else parts, strict=True
            )
        ]

    @property
    def refused(self) -> bool:
        """Whether the platform refused this message."""
        return self.status.state is State.REJECTED

    def _masked(self, name: str, value: object) -> object:
        return masked_recipient(self.to) if name == "to" and self.to else value

    def _repr_html_(self) -> str:
        # Without the middle of the number: notebooks are passed on with their outputs.
        from ._html import table

        return table(
            {
                "to": masked_recipient(self.to),
                "state": self.status.state,
                "medium": self.medium,
                "channel": self.channel,
                "ids": ", ".join(self.ids),
                "parts": self.parts or None,
                "code": self.status.code,
                "description": self.status.description,
                "price": self.status.price,
                "error": self.error and type(self.error).__name__,
                "ref": self.ref,
            }
        )
