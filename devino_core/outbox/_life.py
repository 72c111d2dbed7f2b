"""What follows from what is known about an entry: pure functions from an entry to its next move.

The stores and the worker share them, so every kind of store gives an entry the same life.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from devino_core._message import Medium, Message
from devino_core._status import Receipt, State, Status
from devino_core.errors import DevinoError

from ._changes import EventKind, Move, News, is_of
from ._entry import Body, Entry, KeepText, Leg, Unreadable
from ._phases import Phase

__all__ = [
    "begin",
    "finished",
    "further",
    "is_chain",
    "lapsed",
    "late",
    "leg_over",
    "orphaned",
    "queued_until",
    "readable",
    "reported",
    "requeued",
    "sent",
    "sent_by_hand",
    "settled",
    "stalled",
    "time_of",
    "with_leg",
    "with_reports",
    "without_recipient",
]

FIRST_POLL = timedelta(seconds=5)


def begin(entry: Entry, body: Body | None) -> Leg:
    """The leg that an entry is at, made if it was not begun."""
    if (leg := entry.current) is not None:
        return leg
    if body is None:
        return Leg(ref=entry.ref, channel=entry.lane.channel, medium=Medium.SMS)
    planned = body.legs[entry.leg]
    return Leg(
        ref=planned.message.ref,
        channel=planned.channel,
        medium=planned.message.medium,
        began_at=entry.due if entry.phase in (Phase.INTENDED, Phase.DOUBT) else None,
    )


def with_leg(entry: Entry, leg: Leg) -> tuple[Leg, ...]:
    """The legs of an entry, with the one that it is at written anew."""
    return (*entry.legs[: entry.leg], leg)


def readable(entry: Entry) -> Body | None:
    """The body, where it can be read."""
    try:
        return entry.read()
    except Unreadable:
        return None


def sent(entry: Entry, body: Body, receipt: Receipt, now: datetime, remembers: timedelta) -> Move:
    """The platform took it, or refused it: what a receipt says.

    ``remembers`` is how long the channel can tell of it.
    """
    leg = replace(begin(entry, body), receipt=receipt, channel=receipt.channel, error=receipt.error)
    start = now
    if receipt.send_at is not None and receipt.send_at.tzinfo is not None:
        start = max(now, receipt.send_at.astimezone(UTC))
    time = time_of(body, entry.leg)
    until = start + (remembers if time is None else time)
    return settled(entry, body, with_leg(entry, leg), now, until=until, kind=EventKind.SENT)


def sent_by_hand(entry: Entry, body: Body, leg: Leg, now: datetime) -> Move:
    """A person says that it was taken. Without an id it is over: nobody can ask about it."""
    legs = with_leg(entry, leg)
    if leg.receipt is None or not leg.receipt.ids:
        return finished(entry, body, legs, State.UNKNOWN, now, reason="by a person: sent")
    until = now + timedelta(hours=48)
    return settled(
        entry, body, legs, now, until=until, kind=EventKind.RESOLVED, reason="by a person: sent"
    )


def settled(
    entry: Entry,
    body: Body | None,
    legs: tuple[Leg, ...],
    now: datetime,
    *,
    until: datetime | None = None,
    due: datetime | None = None,
    kind: EventKind = EventKind.STATUS,
    reason: str = "",
) -> Move:
    """The move that new legs ask for: it is over, the next leg goes, or it is followed on.

    ``until`` and ``due`` are for the case that it is followed; None: as before.
    """
    leg = legs[entry.leg]
    status = leg.receipt.status if leg.receipt is not None else Status(state=State.UNKNOWN)
    wanted = State.DELIVERED if body is None else body.wanted
    if status.state.is_final and not status.state.is_success:
        return leg_over(entry, body, legs, status.state, now)
    if status.state.is_success and status.state.rank >= wanted.rank:
        return finished(entry, body, legs, status.state, now)
    following = entry.phase is Phase.SENT
    return Move(
        entry.fence,
        Phase.SENT,
        due=due if due is not None else (None if following else now + FIRST_POLL),
        until=until if until is not None else entry.until,
        legs=legs,
        news=_news(entry, legs, kind, reason),
    )


def leg_over(
    entry: Entry, body: Body | None, legs: tuple[Leg, ...], state: State, now: datetime
) -> Move:
    """A leg ended without what was wanted: the next one goes, or all is over."""
    legs = (*legs[: entry.leg], replace(legs[entry.leg], ended=state))
    if body is None or not further(entry, body, now):
        return finished(entry, body, legs, state, now)
    number = entry.leg + 1
    return Move(
        entry.fence,
        Phase.QUEUED,
        due=now,
        until=queued_until(body, number, now),
        lane=replace(entry.lane, channel=body.legs[number].channel, suspect=False),
        leg=number,
        legs=legs,
        doubts=0,
        failures=0,
        crashes=0,
        news=_news(entry, legs, EventKind.STATUS, "the next leg goes"),
    )


def further(entry: Entry, body: Body, now: datetime) -> bool:
    """Whether another leg may go."""
    if entry.current is not None and entry.current.is_last:
        return False
    return entry.leg + 1 < len(body.legs) and (body.deadline is None or now < body.deadline)


def time_of(body: Body, number: int) -> timedelta | None:
    """How long a leg of a cascade may take, the grace included; None: until it is forgotten.

    The validities of a chain that the wire carries add up.
    """
    time = body.grace
    message: Message | None = body.legs[number].message
    while time is not None and message is not None:
        time = None if message.validity is None else time + message.validity
        message = message.fallback
    return time


def queued_until(body: Body, number: int, due: datetime) -> datetime | None:
    """Until when a leg is tried that is due then."""
    time = time_of(body, number)
    if time is None:
        return body.deadline
    return due + time if body.deadline is None else min(due + time, body.deadline)


def is_chain(entry: Entry, body: Body | None) -> bool:
    """Whether the wire itself goes on to another medium: then only an answer to a question tells
    the end, for events tell of one medium alone."""
    return body is not None and body.legs[entry.leg].message.fallback is not None


def finished(
    entry: Entry,
    body: Body | None,
    legs: tuple[Leg, ...],
    state: State,
    now: datetime,
    *,
    reason: str = "",
) -> Move:
    """It is over, and ``state`` is what its last leg came to."""
    legs = (*legs[: entry.leg], replace(legs[entry.leg], ended=state), *legs[entry.leg + 1 :])
    keep = KeepText.ALL if body is None else body.keep_text
    if keep is not KeepText.ALL:
        legs = without_recipient(legs)
    return Move(
        entry.fence,
        Phase.DONE,
        due=now,
        until=None,
        legs=legs,
        drop_body=keep is not KeepText.ALL,
        drop_to=keep is KeepText.NONE,
        news=_news(entry, legs, EventKind.DONE, reason),
    )


def without_recipient(legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
    """The legs without the number that their receipts hold."""
    return tuple(
        leg if leg.receipt is None else replace(leg, receipt=replace(leg.receipt, to=""))
        for leg in legs
    )


def lapsed(entry: Entry, now: datetime) -> Move:
    """QUEUED, and its time has passed: it is never sent late."""
    body = readable(entry)
    legs = with_leg(entry, begin(entry, body))
    return leg_over(entry, body, legs, State.EXPIRED, now)


def orphaned(entry: Entry) -> Move:
    """INTENDED, and its worker is gone."""
    move = stalled(entry, Phase.DOUBT, "its worker ended while it was on its way")
    return replace(move, crashes=entry.crashes + 1)


def stalled(entry: Entry, to: Phase, reason: str) -> Move:
    """It goes no further for now, and what its legs say stays: it is in doubt, or dead."""
    kind = EventKind.DEAD if to is Phase.DEAD else EventKind.IN_DOUBT
    channel = entry.lane.channel
    news = News(kind=kind, ref=entry.ref, channel=channel, leg=entry.leg, reason=reason)
    return Move(entry.fence, to, news=news)


def requeued(
    entry: Entry,
    due: datetime,
    *,
    until: datetime | None,
    kind: EventKind | None = None,
    reason: str = "",
) -> Move:
    """It was not sent, or is to be sent again: it waits until ``due``. One that a worker died with
    goes alone."""
    return Move(
        entry.fence,
        Phase.QUEUED,
        due=due,
        until=until,
        lane=replace(entry.lane, suspect=entry.crashes > 0),
        legs=entry.legs[: entry.leg],
        news=None if kind is None else _news(entry, entry.legs, kind, reason),
    )


def reported(
    legs: tuple[Leg, ...], channel: str | None, message_id: str, report: Status
) -> tuple[Leg, ...] | None:
    """The legs after a report about an id of the platform; None: no leg has it, or nothing new."""
    for number, leg in enumerate(legs):
        receipt = leg.receipt
        if receipt is None or message_id not in receipt.ids:
            continue
        if not is_of(receipt.channel, channel):
            continue
        parts = leg.parts
        if len(receipt.ids) == 1:
            told = report
        else:
            at = receipt.ids.index(message_id)
            known = list(parts or [receipt.status] * len(receipt.ids))
            known[at] = known[at].advanced_by(report)
            parts = tuple(known)
            told = Status.combined(parts)
        status = receipt.status.advanced_by(told)
        if status == receipt.status and parts == leg.parts:
            return None
        changed = replace(leg, receipt=replace(receipt, status=status), parts=parts)
        return (*legs[:number], changed, *legs[number + 1 :])
    return None


def with_reports(
    entry: Entry, move: Move, reports: Iterable[tuple[str, Status]], now: datetime
) -> Move:
    """A move that brings ids of the platform, and what was reported of these ids before it."""
    body = readable(entry)
    if is_chain(entry, body) and any(True for _ in reports):
        return replace(move, due=now)
    legs = move.legs or entry.legs
    for message_id, status in reports:
        legs = reported(legs, None, message_id, status) or legs
    if legs == move.legs or move.to is not Phase.SENT:
        return move
    until = move.until if isinstance(move.until, datetime) else None
    after = settled(entry, body, legs, now, until=until, due=move.due, kind=EventKind.SENT)
    return replace(after, took_up=True)


def late(entry: Entry, legs: tuple[Leg, ...]) -> Move:
    """A report of an earlier leg changes what is known, and not the course."""
    at = next(n for n, (new, old) in enumerate(zip(legs, entry.legs, strict=True)) if new != old)
    leg = legs[at]
    news = News(
        kind=EventKind.STATUS,
        ref=entry.ref,
        channel=leg.channel,
        leg=at,
        status=leg.status,
        reason="of an earlier leg",
    )
    return Move(entry.fence, entry.phase, legs=legs, news=news)


def _news(entry: Entry, legs: tuple[Leg, ...], kind: EventKind, reason: str) -> News:
    leg = legs[entry.leg] if entry.leg < len(legs) else None
    status: Status | None = None
    error: DevinoError | None = None
    if leg is not None:
        error = leg.error
        if leg.receipt is not None:
            status = leg.receipt.status
        elif leg.ended is not None:
            status = Status(state=leg.ended, medium=leg.medium)
    if kind is EventKind.DONE:
        status = Status.of_legs(one.status for one in legs)
    return News(
        kind=kind,
        ref=entry.ref,
        channel=entry.lane.channel if leg is None else leg.channel,
        leg=entry.leg,
        status=status,
        reason=reason or ("" if error is None else str(error)),
    )
