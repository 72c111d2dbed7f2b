"""What becomes of messages about which nobody knows whether they were taken: first the platform is
asked, then the message's policy decides, and what it leaves is for a person."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from devino_core._channel import Capability
from devino_core._message import Message
from devino_core._status import Receipt, State
from devino_core.dispatch import bug_ended
from devino_core.errors import DevinoError, Retry

from ._changes import EventKind, Move
from ._channels import AnyChannel
from ._context import Context
from ._entry import Body, Entry, InDoubt, Leg
from ._life import (
    begin,
    finished,
    further,
    leg_over,
    queued_until,
    readable,
    requeued,
    sent,
    stalled,
    time_of,
    with_leg,
)
from ._making import for_wire, is_timed
from ._phases import Phase
from ._store import Query
from ._times import NEVER

__all__ = ["resolve_due"]

_log = logging.getLogger(__name__)
_PAGE = 1000
_CRASHES = 2
_ASK_AGAIN = timedelta(seconds=60)


async def resolve_due(context: Context) -> int:
    """Look at what is in doubt and due to be looked at. Gives how many."""
    now = await context.store.now()
    query = Query(phase=Phase.DOUBT, due_before=now + timedelta(microseconds=1))
    entries = await context.store.find(query, "", _PAGE)
    told = await _asked(context, entries)
    moves = [_resolved(context, entry, told, now) for entry in entries]
    await context.move([move for move in moves if move is not None])
    return len(entries)


_Told = dict[int, Receipt | DevinoError | None]


async def _asked(context: Context, entries: Sequence[Entry]) -> _Told:
    """What the platform says of those whose channel can be asked by ref."""
    groups: defaultdict[str, list[tuple[Entry, Message]]] = defaultdict(list)
    channels: dict[str, AnyChannel] = {}
    now = context.outbox.now()
    for entry in entries:
        body = readable(entry)
        if body is None or entry.receipt is not None:
            continue
        leg = begin(entry, body)
        channel = context.channel(leg.channel)
        began = leg.began_at or now
        # Older than that the platform says no of everything.
        if (
            channel is not None
            and Capability.RECALL in channel.capabilities
            and now - began < channel.remembers
        ):
            channels[channel.name] = channel
            message = for_wire(
                body.legs[entry.leg].message,
                channel,
                body.schedule,
                is_timed=is_timed(body, entry.leg),
            )
            groups[channel.name].append((entry, message))
    told: _Told = {}
    for name, asked in groups.items():
        numbers = [entry.id for entry, _ in asked]
        try:
            receipts = await channels[name].recall([message for _, message in asked])
        except DevinoError as error:
            told.update(dict.fromkeys(numbers, error))
            continue
        except Exception as error:  # noqa: BLE001 - a plugin's bug says nothing of the messages
            _log.exception("outbox: channel %r has a bug: it does not tell of refs", name)
            told.update(dict.fromkeys(numbers, bug_ended(error)))
            continue
        told.update(zip(numbers, receipts, strict=True))
    return told


def _resolved(context: Context, entry: Entry, told: _Told, now: datetime) -> Move | None:
    body = readable(entry)
    if body is None:
        return stalled(entry, Phase.DEAD, "it is in doubt, and its body cannot be read")
    if entry.crashes >= _CRASHES:
        return stalled(entry, Phase.DEAD, f"{entry.crashes} workers ended while it was on its way")
    leg = begin(entry, body)
    if entry.id in told:
        answer = told[entry.id]
        channel = context.channel(leg.channel)
        if isinstance(answer, DevinoError) or _is_untold(answer):
            return _ask_later(entry, leg, now + _ASK_AGAIN)
        if answer is not None:
            remembers = timedelta(hours=48) if channel is None else channel.remembers
            return _named(sent(entry, body, answer, now, remembers), "the platform has it")
        if leg.is_last:
            return finished(entry, body, with_leg(entry, leg), State.DELETED, now)
        settled_at = (leg.began_at or now) + timedelta(seconds=context.settings.settle)
        if now < settled_at:
            return _ask_later(entry, leg, settled_at)
        return requeued(
            entry,
            now,
            until=queued_until(body, entry.leg, now),
            kind=EventKind.RESOLVED,
            reason="the platform does not have it",
        )
    return _by_policy(context, entry, body, leg, now)


def _is_untold(answer: Receipt | None) -> bool:
    return answer is not None and answer.error is not None and answer.error.retry is Retry.SAFE


def _ask_later(entry: Entry, leg: Leg, at: datetime) -> Move:
    return Move(entry.fence, Phase.DOUBT, due=at, legs=with_leg(entry, leg))


def _named(move: Move, reason: str) -> Move:
    if move.news is None or move.to is Phase.DONE:
        return move
    return replace(move, news=replace(move.news, kind=EventKind.RESOLVED, reason=reason))


def _by_policy(context: Context, entry: Entry, body: Body, leg: Leg, now: datetime) -> Move | None:
    legs = with_leg(entry, leg)
    if entry.failures > context.settings.max_doubts:
        return stalled(entry, Phase.DEAD, f"its channel failed over it {entry.failures} times")
    if body.in_doubt is InDoubt.RESEND and not leg.is_last:
        doubts = entry.doubts + 1
        if doubts > context.settings.max_doubts:
            return stalled(entry, Phase.DEAD, f"it was in doubt {doubts} times")
        move = requeued(
            entry,
            now,
            until=queued_until(body, entry.leg, now),
            kind=EventKind.RESOLVED,
            reason="sent again, as its policy says",
        )
        return replace(move, doubts=doubts)
    if body.in_doubt is InDoubt.END or leg.is_last:
        # It counts as silent, and silence is a failure only when the leg's time is over.
        time = time_of(body, entry.leg)
        over = now
        if time is not None and further(entry, body, now):
            over = (leg.began_at or now) + time
        if now < over:
            return Move(entry.fence, Phase.DOUBT, due=over, legs=legs)
        return leg_over(entry, body, legs, State.UNKNOWN, now)
    return Move(entry.fence, Phase.DOUBT, due=NEVER, legs=legs)
