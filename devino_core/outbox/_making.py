"""From messages to entries: when they are due, until when, and in which lane."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from devino_core._content import Priority
from devino_core._message import Message
from devino_core._status import State
from devino_core._takes import Expressible
from devino_core.errors import InvalidArgument, InvalidMessage
from devino_core.zones import zone_of

from ._channels import AnyChannel, any_of
from ._codec import encode
from ._entry import Body, Entry, InDoubt, KeepText, Lane, Planned, Schedule
from ._identity import content_hash, recipient_hash
from ._life import queued_until
from ._settings import OutboxSettings

__all__ = ["Terms", "due_of", "entry_of", "entry_of_legs", "for_wire", "is_timed"]

_REALTIME = timedelta(minutes=5)


class Terms(NamedTuple):
    """How messages are to be sent; None: as the settings say."""

    channel: str | None = None
    tenant: str = ""
    in_doubt: InDoubt | None = None
    expires: timedelta | None = None
    schedule: Schedule = "here"
    keep_text: KeepText | None = None
    wanted: State = State.DELIVERED
    grace: timedelta | None = None
    """Of a cascade; see :attr:`Body.grace`."""


def entry_of(
    message: Message, terms: Terms, settings: OutboxSettings, key: bytes, now: datetime
) -> Entry:
    """The entry of one message. Raises InvalidMessage."""
    planned = Planned(terms.channel or any_of(message.medium), message)
    return entry_of_legs(message, (planned,), terms, settings, key, now)


def entry_of_legs(
    message: Message,
    legs: Sequence[Planned],
    terms: Terms,
    settings: OutboxSettings,
    key: bytes,
    now: datetime,
) -> Entry:
    """The entry of a message that goes by these legs. Its ref and its hash are the message's."""
    priority = message.priority or Priority.NORMAL
    due = now if terms.schedule == "wire" else due_of(message, now)
    deadline = _deadline(message, terms, settings, now, due)
    keep = terms.keep_text or settings.keep_text
    if keep is None:
        keep = KeepText.NONE if priority is Priority.REALTIME else KeepText.ALL
    body = Body(
        legs=tuple(legs),
        in_doubt=terms.in_doubt or settings.in_doubt,
        deadline=deadline,
        schedule=terms.schedule,
        keep_text=keep,
        wanted=terms.wanted,
        grace=terms.grace,
    )
    return Entry(
        ref=message.ref,
        hash=content_hash(message, key),
        to_hash=recipient_hash(message.to, key),
        lane=_lane(legs[0].channel, priority, terms.tenant),
        due=due,
        until=queued_until(body, 0, due),
        body=encode(body),
    )


def due_of(message: Message, now: datetime) -> datetime:
    """When a message is to be sent, in UTC.

    Raises InvalidMessage where nobody knows the recipient's clock.
    """
    at = message.send_at
    if at is None:
        return now
    if at.tzinfo is None:
        try:
            at = at.replace(tzinfo=zone_of(message.to))
        except ValueError:
            raise InvalidMessage(
                "send_at",
                "must be an aware datetime: nobody knows this recipient's wall clock",
                ref=message.ref,
            ) from None
    try:
        # In a zone of its own, hours that clocks repeat would not count in what is added to it.
        return max(at, now).astimezone(UTC)
    except OverflowError:
        raise InvalidMessage("send_at", "is out of range", ref=message.ref) from None


def _deadline(
    message: Message, terms: Terms, settings: OutboxSettings, now: datetime, due: datetime
) -> datetime | None:
    ends = []
    if terms.expires is not None:
        if terms.expires <= timedelta(0):
            raise InvalidArgument("expires", "must be longer than nothing")
        ends.append(now + terms.expires)
    elif settings.expires is not None:
        ends.append(now + timedelta(seconds=settings.expires))
    elif message.priority is Priority.REALTIME:
        ends.append(due + _REALTIME)
    if message.validity is not None and message.fallback is None:
        ends.append(due + message.validity)
    return min(ends, default=None)


_lanes: dict[tuple[str, Priority, str], Lane] = {}
_MOST_LANES = 10_000


def _lane(channel: str, priority: Priority, tenant: str) -> Lane:
    key = channel, priority, tenant
    lane = _lanes.get(key)
    if lane is None:
        if len(_lanes) >= _MOST_LANES:
            _lanes.clear()
        lane = _lanes[key] = Lane(channel, priority, tenant)
    return lane


def is_timed(body: Body, number: int) -> bool:
    """Whether a leg's validity is heeded here: when its time is over, the next one goes."""
    return body.grace is not None and number + 1 < len(body.legs)


def for_wire(
    message: Message, channel: AnyChannel, schedule: Schedule, *, is_timed: bool = False
) -> Message:
    """The message as the channel is to send it now.

    The outbox waits until ``send_at`` itself, and it heeds the priority even where the wire has no
    word for it. ``is_timed``: it heeds the validity likewise, as that of a leg.
    """
    if schedule == "here" and message.send_at is not None:
        message = replace(message, send_at=None)
    takes = channel.takes.get(message.medium)
    if takes is None:
        return message
    if message.priority is not None and Expressible.PRIORITY not in takes.expresses:
        message = replace(message, priority=None)
    if is_timed and Expressible.VALIDITY not in takes.expresses:
        message = replace(message, validity=None)
    return message
