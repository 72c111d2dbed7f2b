"""What a store is told to change, and the events that tell of it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from devino_core._status import Status

from ._entry import Fence, Lane, Leg
from ._phases import TRANSITIONS, Phase

__all__ = [
    "Change",
    "Early",
    "EventKind",
    "Move",
    "News",
    "Note",
    "OutboxEvent",
    "ids_of",
    "is_of",
]


class EventKind(enum.StrEnum):
    """What an event tells."""

    SENT = "sent"
    """The platform took it."""
    STATUS = "status"
    """A report, which is not the end."""
    DONE = "done"
    """It is over: the status says how."""
    IN_DOUBT = "in-doubt"
    """Nobody knows whether it was taken."""
    RESOLVED = "resolved"
    """A doubt is over: the reason says by whom."""
    LATE_RECEIPT = "late-receipt"
    """A receipt came for a message that was resolved otherwise: it was perhaps sent twice."""
    DEAD = "dead"
    """It needs a person."""
    RETRIED = "retried"
    """A person sent it again."""
    CHANNEL_HELD = "channel-held"
    """A channel is held until a person resumes it: the reason says why. It has no entry."""
    CHANNEL_RESUMED = "channel-resumed"


class News(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event says. It holds no text and no recipient."""

    kind: EventKind
    ref: str = ""
    channel: str = ""
    leg: int = 0
    status: Status | None = None
    reason: str = ""


class OutboxEvent(News, frozen=True, kw_only=True):
    """Something happened to an entry. Events have one order, that of the commits."""

    cursor: str
    """Read on after this one: the argument ``after`` of :meth:`Store.events`."""
    at: datetime
    """When it was stored, aware."""
    entry: int = 0
    id: str = ""
    """The event's name, where its cursor may differ from one reading to the next; empty: the cursor
    names it."""


# It stays with the collector, as all that holds errors does: their tracebacks hold the frames, and
# the frames hold it.
class Move(msgspec.Struct, frozen=True):
    """Compare and set: an entry that is still as it was read goes to another phase.

    It is done if the entry has the fence's phase and attempt, and, where ``legs`` change, its
    revision. A move from INTENDED is also done from DOUBT of the same attempt: late evidence from a
    worker that was thought dead. The event is written in the same commit. Raises ValueError for a
    way that :data:`TRANSITIONS` does not have.
    """

    fence: Fence
    to: Phase
    due: datetime | None = None
    """None: unchanged. Where it leads to QUEUED, the store writes no time before its own now."""
    until: datetime | UnsetType | None = UNSET
    lane: Lane | None = None
    leg: int | None = None
    legs: tuple[Leg, ...] | None = None
    """All legs, if they change. The ids of their receipts find the entry until it is DONE."""
    doubts: int | None = None
    failures: int | None = None
    crashes: int | None = None
    drop_body: bool = False
    """Forget the text."""
    drop_to: bool = False
    """Forget the recipient's hash."""
    took_up: bool = False
    """It took up reports that came before it."""
    news: News | None = None

    def __post_init__(self) -> None:
        start = self.fence.phase
        if self.to not in TRANSITIONS[start] or (start, self.to) == _CLAIM:
            raise ValueError(f"nothing moves from {start.name} to {self.to.name}")

    @property
    def writes(self) -> int:
        """What it adds to the revision of the legs.

        Who sent a message may know the platform's answer, and not whether it was stored. So what
        else may be stored in its place counts as written twice: an answer with the reports that
        came before it, and the end of a doubt.
        """
        if self.legs is None:
            return 0
        return 2 if self.took_up or self.fence.phase is Phase.DOUBT else 1


_CLAIM = (Phase.QUEUED, Phase.INTENDED)


class Early(msgspec.Struct, frozen=True, kw_only=True):
    """A report about an id of the platform that no entry has yet: its receipt is on the way.

    The move that brings the id takes it up, in the same commit. It is done (True) if it was kept;
    False: an entry has the id by now, so find that.
    """

    id: str
    status: Status
    channel: str | None = None
    """None: of whichever channel, as with callbacks. See :func:`is_of` for the ids it is about."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """An event without a move. It is always done."""

    entry: int = 0
    news: News


Change: TypeAlias = Move | Early | Note


def ids_of(legs: Sequence[Leg]) -> list[tuple[str, str]]:
    """The channel and the platform's id of each part of each leg."""
    return [
        (leg.receipt.channel or leg.channel, one)
        for leg in legs
        if leg.receipt is not None
        for one in leg.receipt.ids
    ]


def is_of(held: str, asked: str | None) -> bool:
    """Whether an id that an entry holds for one channel is meant by what names another.

    None asks for whichever channel. An id that a person gave may be held for a medium (``@SMS``),
    as nobody knows which channel sent it: then every channel's reports are about it.
    """
    return asked is None or held == asked or held.startswith("@")
