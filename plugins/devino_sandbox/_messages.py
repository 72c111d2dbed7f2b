"""What the World keeps of each message."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from decimal import Decimal
from sys import intern

import msgspec

from devino_core import Medium, State

from ._accounts import Account
from ._fates import Fate, Step, Way

__all__ = ["IncomingMessage", "RefusalReason", "Refused", "StoredMessage", "Submission"]


_LAST = 2**62
"""The place of what was taken, behind all that was refused before it."""


class Submission(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a service hands to the World: one content for any number of recipients."""

    account: Account
    via: str
    """The protocol that it came by, as the channel kinds name it: ``rest``, ``rest-v2``, ..."""
    sender: str
    text: str
    content: object = None
    """What the message holds beside its text, as the inspection API is to show it: anything that
    msgspec writes as JSON."""
    medium: Medium = Medium.SMS
    priority: str | None = None
    """``LOW``, ``NORMAL``, ``HIGH`` or ``REALTIME``, where the protocol has priorities."""
    send_at: datetime | None = None
    """Aware: that instant. Naive: the recipient's wall clock. None or past: now."""
    validity: timedelta | None = None
    """How long delivery is tried, counted from the sending time."""
    fallback: Submission | None = None
    """What goes if this one fails."""
    to: str | None = None
    """Of a fallback: who gets it. None: the recipient of what has failed."""
    fate: Fate | None = None
    """What becomes of it, whatever the number says."""
    sender_checked: bool = False
    """The service has found the sender to be in order, by rules of its own."""
    parts: int | None = None
    """Segments to charge, if the protocol says how many; None: by the text."""
    part_of: StoredMessage | None = None
    """The message of which this is a further segment, where segments come one by one.

    Each segment has its own id, price and life; the World lists it with its message.
    """
    task_id: int = 0
    """The campaign that it is part of; 0: none."""
    ref: str | None = None
    """The client's own id of the message, where the protocol reports it."""
    campaign: str | None = None
    """The client's own name of the campaign, likewise."""
    context: object = None
    """Whatever the service needs again when the message changes."""

    def __post_init__(self) -> None:
        # A hundred thousand messages have few senders: those share one string each.
        msgspec.structs.force_setattr(self, "sender", intern(self.sender))


class StoredMessage(msgspec.Struct, kw_only=True, eq=False, weakref=True):
    """One message to one recipient: what was asked, and where it is now.

    All times are aware, in UTC. :meth:`World.advance <devino_sandbox.World.advance>` brings the
    state up to date. A refused message has a ``reason``, the state REJECTED and no ids.
    """

    submission: Submission
    to: str
    first_id: int
    """Of a refused one: that of the next message that was taken, as it takes none."""
    parts: int
    """How many segments were charged under its own ids, which begin at ``first_id``."""
    price: Decimal
    """Of one segment."""
    created_at: datetime
    step: Step
    """Where it is, and why."""
    send_at: datetime | None = None
    """The instant for which it was scheduled, if it was."""
    submitted_at: datetime | None = None
    reported_at: datetime | None = None
    found: bool = True
    """State requests know it."""
    reason: str | None = None
    """Why it was refused, as a sentence."""
    resent: StoredMessage | None = None
    """The fallback that went in its place."""
    way: object = None
    """What of the timeline moves it; None when no step is left."""
    refusal: int = 0
    """Which of the messages that were refused before that one it is, counted from 1."""
    further: tuple[StoredMessage, ...] = ()
    """Segments that came later, one by one."""
    plan: Way = ()
    """All its steps, as they were planned; many messages share one."""
    began: datetime | None = None
    """The time from which these count."""
    taken: int = 0
    """How many of them it has taken."""
    before: tuple[tuple[Step, datetime], ...] = ()
    """Where it was before the first of them, and since when."""
    after: tuple[tuple[Step, datetime], ...] = ()
    """Where it got beside the plan, after the last that it took."""
    call: int = 0
    """The call of the journal that brought it; 0: none."""
    instead_of: int = 0
    """The ``first_id`` of the message in whose place it went; 0: of none."""

    @property
    def state(self) -> State:
        """Where it is, in the kernel's word."""
        return self.step.state

    @property
    def ids(self) -> tuple[str, ...]:
        """The platform's ids, one for each segment."""
        own = tuple([str(self.first_id + part) for part in range(self.parts)])
        return own + tuple([given for part in self.further for given in part.ids])

    @property
    def life(self) -> tuple[tuple[Step, datetime], ...]:
        """Where it has been, and since when; the last is where it is."""
        began = self.began or self.created_at
        planned = [(step, began + delay) for delay, step in self.plan[: self.taken]]
        return (*self.before, *planned, *self.after)

    @property
    def cost(self) -> Decimal:
        """What its own segments cost."""
        return self.price * self.parts

    @property
    def handle(self) -> str:
        """Tells it from all others, refused ones too: ``579700854169272358``, ``...358-1``."""
        return f"{self.first_id}-{self.refusal}" if self.refusal else str(self.first_id)

    @property
    def place(self) -> tuple[int, int]:
        """Its place in the order of all."""
        return self.first_id, self.refusal or _LAST

    @property
    def listed(self) -> bool:
        """It is shown as a message, not among another's ``further``."""
        return self.submission.part_of is None or self.reason is not None

    @property
    def whole(self) -> StoredMessage:
        """The message that is shown: itself, or the one of which this is a further segment."""
        part_of = self.submission.part_of
        return self if part_of is None or self.reason is not None else part_of

    @property
    def sending_at(self) -> datetime:
        """When it was, or is to be, sent."""
        return self.send_at or self.created_at


class IncomingMessage(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A message from a subscriber to a number of the account, or to its name in a messenger."""

    id: int
    account: Account
    sender: str
    to: str
    text: str
    """Without the prefix."""
    at: datetime
    prefix: str = ""
    """The word by which several accounts share one number."""
    medium: Medium = Medium.SMS
    in_reply_to: str | None = None
    """The id of the message that it answers, where the medium tells."""


class RefusalReason(enum.Enum):
    """Why the World takes no submission; each protocol has its own code for it."""

    SENDER_MALFORMED = enum.auto()
    SENDER_UNKNOWN = enum.auto()
    """Well-formed, but not approved for the account."""
    DESTINATION = enum.auto()
    TEXT = enum.auto()
    SEND_AT = enum.auto()
    BALANCE = enum.auto()


class Refused(Exception):
    """The World does not take a submission; nothing was charged or sent, and it is on record."""

    def __init__(self, refusal: RefusalReason, reason: str) -> None:
        super().__init__(reason)
        self.refusal = refusal
        self.reason = reason
