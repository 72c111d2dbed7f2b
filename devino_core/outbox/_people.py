"""What a person, or an application on its own, does to an entry: pure functions, as in _life."""

from __future__ import annotations

import enum
from datetime import datetime

from msgspec.structs import replace

from devino_core._status import Receipt, State, Status

from ._changes import EventKind, Move
from ._entry import Entry
from ._life import (
    begin,
    finished,
    further,
    queued_until,
    readable,
    requeued,
    sent_by_hand,
    stalled,
    with_leg,
    without_recipient,
)
from ._phases import Phase

__all__ = [
    "Resolution",
    "cancelled",
    "doubted",
    "forgotten",
    "postponed",
    "resolved",
    "retried",
    "stopped",
]


class Resolution(enum.StrEnum):
    """What a person found out about a message in doubt."""

    SENT = "sent"
    """The platform took it."""
    NOT_SENT = "not-sent"
    """It did not: send it."""
    GIVE_UP = "give-up"
    """Nobody will know: it ends as UNKNOWN."""


def cancelled(entry: Entry, now: datetime) -> Move | None:
    """It is not to be sent; None: it is too late."""
    if entry.phase not in (Phase.QUEUED, Phase.DEAD):
        return None
    body = readable(entry)
    legs = with_leg(entry, begin(entry, body))
    return finished(entry, body, legs, State.DELETED, now, reason="cancelled")


def stopped(entry: Entry, now: datetime) -> Move | None:
    """No further leg goes; None: none would, or one is on its way to the wire."""
    if entry.phase in (Phase.QUEUED, Phase.DEAD):
        return cancelled(entry, now)
    body = readable(entry)
    if entry.phase not in (Phase.SENT, Phase.DOUBT) or body is None:
        return None
    if not further(entry, body, now):
        return None
    leg = replace(begin(entry, body), is_last=True)
    return Move(entry.fence, entry.phase, legs=with_leg(entry, leg))


def retried(entry: Entry, at: datetime) -> Move | None:
    """A dead one is sent after all, as if it had never failed."""
    if entry.phase is not Phase.DEAD:
        return None
    body = readable(entry)
    if body is None:
        return None
    fresh = replace(entry, crashes=0)
    until = queued_until(body, entry.leg, at)
    move = requeued(fresh, at, until=until, kind=EventKind.RETRIED, reason="by a person")
    return replace(move, doubts=0, failures=0, crashes=0)


def resolved(entry: Entry, how: Resolution, message_id: str | None, now: datetime) -> Move | None:
    """A doubt is over."""
    if entry.phase is not Phase.DOUBT:
        return None
    body = readable(entry)
    leg = begin(entry, body)
    if how is Resolution.GIVE_UP or body is None:
        return finished(entry, body, with_leg(entry, leg), State.UNKNOWN, now, reason="given up")
    if how is Resolution.NOT_SENT:
        fresh = replace(entry, crashes=0)
        move = requeued(
            fresh,
            now,
            until=queued_until(body, entry.leg, now),
            kind=EventKind.RESOLVED,
            reason="by a person: not sent",
        )
        return replace(move, doubts=0, crashes=0)
    message = body.legs[entry.leg].message
    receipt = Receipt.of(
        message,
        Status(state=State.ACCEPTED),
        channel=leg.channel,
        ids=() if message_id is None else (message_id,),
    )
    return sent_by_hand(entry, body, replace(leg, receipt=receipt, error=None), now)


def postponed(entry: Entry, due: datetime) -> Move | None:
    """A queued one gets another time."""
    if entry.phase is not Phase.QUEUED:
        return None
    return Move(entry.fence, Phase.QUEUED, due=due)


def forgotten(entry: Entry, now: datetime) -> Move | None:
    """Its text and number go. What waits is over; what is under way keeps its ids."""
    if entry.phase in (Phase.QUEUED, Phase.DEAD, Phase.DOUBT):
        body = readable(entry)
        state = State.UNKNOWN if entry.phase is Phase.DOUBT else State.DELETED
        legs = without_recipient(with_leg(entry, begin(entry, body)))
        move = finished(entry, body, legs, state, now, reason="forgotten")
        return replace(move, drop_body=True, drop_to=True)
    if entry.phase is Phase.INTENDED:
        return None
    return Move(
        entry.fence,
        entry.phase,
        legs=without_recipient(entry.legs),
        drop_body=True,
        drop_to=True,
    )


def doubted(entry: Entry, now: datetime) -> Move | None:
    """It may have been sent since a backup."""
    if entry.phase is Phase.SENT:
        body = readable(entry)
        if body is None or entry.leg + 1 >= len(body.legs):
            return None
    if entry.phase in (Phase.DOUBT, Phase.DONE):
        return None
    return replace(stalled(entry, Phase.DOUBT, "a backup was restored"), due=now)
