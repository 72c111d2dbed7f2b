"""An entry of the outbox: a message, what is to be done about it, and what became of it."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from devino_core._content import Priority
from devino_core._message import Medium, Message
from devino_core._status import Receipt, State, Status
from devino_core.errors import DevinoError, InvalidArgument, InvalidMessage

from ._codec import decode
from ._phases import Phase

__all__ = [
    "VERSION",
    "Body",
    "Entry",
    "Fence",
    "InDoubt",
    "KeepText",
    "Lane",
    "Leg",
    "Planned",
    "RefTaken",
    "Unreadable",
]

VERSION = 1
"""The newest form of :class:`Body` that this code reads."""

Schedule: TypeAlias = Literal["here", "wire"]


class RefTaken(InvalidMessage):
    """The outbox has another message under this ref; nothing was stored."""

    def __init__(self, ref: str) -> None:
        super().__init__(
            "ref", f"{ref!r} is that of another message in the outbox: choose another", ref=ref
        )
        # Whoever copies it by a call with its args, as Celery does, gets the same.
        self.args = (ref,)


class Unreadable(DevinoError):
    """The body of an entry cannot be read."""


class InDoubt(enum.StrEnum):
    """What becomes of a message when nobody knows whether it was taken."""

    PARK = "park"
    """It waits for a person or a report: never sent twice."""
    END = "end"
    """It ends as UNKNOWN. In a cascade the leg counts as silent: never sent twice."""
    RESEND = "resend"
    """It is sent again, a few times at most: never lost."""


class KeepText(enum.StrEnum):
    """What stays of a message's text and number when it is over."""

    NONE = "none"
    """Nothing; the text goes, and the number cannot be searched for."""
    HASH = "hash"
    """A keyed hash of the number, so that it can be searched for."""
    ALL = "all"


class Lane(msgspec.Struct, frozen=True, gc=False):
    """What waits in one line: one channel, one priority, one tenant."""

    channel: str
    """A channel's name. ``@SMS``: whichever channel the worker has for this medium."""
    priority: Priority = Priority.NORMAL
    tenant: str = ""
    suspect: bool = False
    """A worker died with it once: it goes alone."""

    def __post_init__(self) -> None:
        for field in ("channel", "tenant"):
            text: str = getattr(self, field)
            if not text.isprintable():
                raise InvalidArgument(field, "must not hold control characters")

    @property
    def text(self) -> str:
        """The lane as databases hold it: channel, priority and tenant, with tabs between."""
        parts = [self.channel, self.priority, self.tenant]
        return "\t".join([*parts, "suspect"] if self.suspect else parts)

    @classmethod
    def of(cls, text: str) -> Lane:
        """The lane of a :attr:`text`. Raises ValueError."""
        channel, priority, tenant, *rest = text.split("\t")
        return cls(channel, Priority(priority), tenant, rest == ["suspect"])


class Planned(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One leg that is to be sent: a message with the fallbacks that the wire itself carries."""

    channel: str
    """As :attr:`Lane.channel`."""
    message: Message


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is to be done. It does not change while the entry lives."""

    legs: tuple[Planned, ...]
    """One for a message; several for a cascade, in the order of sending."""
    in_doubt: InDoubt = InDoubt.PARK
    deadline: datetime | None = None
    """Nothing is sent after it."""
    schedule: Schedule = "here"
    """Who waits for ``send_at``: the outbox, or the wire, which gets it handed."""
    wanted: State = State.DELIVERED
    """In a cascade: how far a leg must get, so that no further one goes."""
    grace: timedelta | None = None
    """In a cascade: how long after a leg's validity its silence is taken for a failure. None: it is
    no cascade, and is followed for as long as the platform remembers."""
    keep_text: KeepText = KeepText.ALL


class Leg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one leg that was begun."""

    ref: str
    channel: str
    medium: Medium
    receipt: Receipt | None = None
    """None: it may be on the wire, or nobody knows."""
    began_at: datetime | None = None
    """When it was sent; aware."""
    ended: State | None = None
    """None: it is under way."""
    parts: tuple[Status, ...] = ()
    """What was reported of each id of the receipt, where a message has several parts."""
    error: DevinoError | None = None
    """Why the last try failed, or is in doubt."""
    is_last: bool = False
    """Somebody stopped the cascade: no further leg goes."""

    @property
    def status(self) -> Status:
        """What is known of it. A leg that was silent to its end is UNKNOWN."""
        if self.receipt is None:
            return Status(state=self.ended or State.UNKNOWN, medium=self.medium)
        status = self.receipt.status
        if self.ended is State.UNKNOWN and not status.state.is_final:
            return replace(status, state=State.UNKNOWN)
        return status


class Fence(msgspec.Struct, frozen=True, gc=False):
    """What an entry was like when it was read."""

    id: int
    phase: Phase
    attempt: int
    revision: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the outbox. All times are aware."""

    id: int = 0
    """The store's number of it; 0: not stored yet."""
    ref: str
    hash: int
    """Of the message's content, keyed and signed, 64 bits: the same ref with another is refused."""
    to_hash: int | None = None
    """Of the recipient, keyed likewise; None: forgotten."""
    lane: Lane
    phase: Phase = Phase.QUEUED
    due: datetime
    """QUEUED: when to send. INTENDED and DOUBT: when it was claimed, or is to be asked about.
    SENT: when to ask. DONE and DEAD: since when."""
    until: datetime | None = None
    """QUEUED: not sent after it. SENT: when the leg ends, known or not."""
    attempt: int = 0
    """How often it was claimed."""
    crashes: int = 0
    """How many workers died with it."""
    doubts: int = 0
    """How often it was in doubt since a person looked at it."""
    failures: int = 0
    """How often it failed for a reason of its own."""
    leg: int = 0
    """Which of the body's legs it is at."""
    worker: int | None = None
    """Who holds it."""
    revision: int = 0
    """Grows whenever :attr:`legs` is written."""
    version: int = VERSION
    """The form of the body."""
    body: str | None = None
    """A :class:`Body` as JSON; None: forgotten."""
    legs: tuple[Leg, ...] = ()
    """What became of each leg that was begun, in order."""

    def __repr__(self) -> str:
        # The body holds a text and a number.
        return f"Entry(id={self.id}, ref={self.ref!r}, lane={self.lane.text!r}, {self.phase.name})"

    def read(self) -> Body:
        """What is to be done. Raises Unreadable, also when the body was forgotten."""
        if self.body is None:
            raise Unreadable(f"the text of {self.ref!r} was forgotten")
        if self.version > VERSION:
            raise Unreadable(f"{self.ref!r} was written by a newer devino: install that one")
        try:
            return decode(self.body, Body)
        except (ValueError, DevinoError) as error:
            raise Unreadable(f"the body of {self.ref!r} cannot be read: {error}") from error

    @property
    def fence(self) -> Fence:
        """What must still be true of it when it is moved."""
        return Fence(self.id, self.phase, self.attempt, self.revision)

    @property
    def current(self) -> Leg | None:
        """The leg that it is at, if it was begun."""
        return self.legs[self.leg] if self.leg < len(self.legs) else None

    @property
    def receipt(self) -> Receipt | None:
        """The receipt of the leg that it is at."""
        return None if (leg := self.current) is None else leg.receipt

    @property
    def status(self) -> Status:
        """The status over all legs."""
        return Status.of_legs(leg.status for leg in self.legs)
