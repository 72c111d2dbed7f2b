"""What became of what was sent: by questions, and by what the platform tells."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from msgspec.structs import replace

from devino_core._channel import Capability
from devino_core._events import Event, StatusChanged
from devino_core._message import Medium
from devino_core._status import Receipt, State, Status
from devino_core.errors import DevinoError, Retry

from ._changes import Change, Early, Move, ids_of, is_of
from ._context import Context
from ._entry import Body, Entry, Leg
from ._figures import tell_changes
from ._life import (
    begin,
    is_chain,
    late,
    leg_over,
    readable,
    reported,
    sent,
    settled,
    with_leg,
)
from ._phases import Phase
from ._recent import Key
from ._store import PlatformId, Query

__all__ = ["feed", "follow_due"]

_log = logging.getLogger(__name__)
_PAGE = 1000
_FIRST = timedelta(seconds=5)
_LONGEST = timedelta(minutes=10)
_LONGEST_OF_LEG = timedelta(seconds=60)
_TRIES = 5
_CHAIN = timedelta(seconds=60)
"""How long a wire may take to go on to the next medium of its chain."""
_MAY_ARRIVE = frozenset({State.UNDELIVERABLE, State.EXPIRED})


async def follow_due(context: Context) -> int:
    """Ask about what is due to be asked about, in the wires' batches. Gives how many."""
    now = await context.store.now()
    query = Query(phase=Phase.SENT, due_before=now)
    entries = await context.store.find(query, "", _PAGE)
    if not entries:
        return 0
    told = await _asked(context, entries)
    moves = [_followed(entry, told.get(entry.id, {}), now) for entry in entries]
    await context.move(moves)
    return len(entries)


_Told = dict[tuple[str, str], Status]
"""What was said of an id of a channel."""


async def _asked(context: Context, entries: Sequence[Entry]) -> dict[int, _Told]:
    """What the platform says of the ids of each entry; nothing of what it cannot be asked."""
    groups: defaultdict[tuple[str, Medium], list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
    for entry in entries:
        for leg, ids in _open_legs(entry):
            groups[leg.channel, leg.medium].append((entry.id, ids))
    told: defaultdict[int, _Told] = defaultdict(dict)
    for (name, medium), asked in groups.items():
        channel = context.channel(name)
        if channel is None or Capability.STATUS not in channel.capabilities:
            continue
        asked_ids = [one for _, own in asked for one in own]
        try:
            statuses = iter(await channel.status(asked_ids, medium=medium))
        except DevinoError as error:
            _log.info("outbox: channel %r does not tell of %d ids: %s", name, len(asked_ids), error)
            continue
        except Exception:  # noqa: BLE001 - a plugin may raise whatever it likes
            _log.exception("outbox: channel %r has a bug: it does not tell of ids", name)
            continue
        for number, own in asked:
            for one, status in zip(own, islice(statuses, len(own)), strict=False):
                told[number][name, one] = status
    return told


def _open_legs(entry: Entry) -> Iterator[tuple[Leg, tuple[str, ...]]]:
    """The legs to ask about: the one that it is at, and earlier ones that may still arrive."""
    for number, leg in enumerate(entry.legs):
        if leg.receipt is None or not leg.receipt.ids:
            continue
        state = leg.receipt.status.state
        if not state.is_final or (number < entry.leg and state in _MAY_ARRIVE):
            yield leg, leg.receipt.ids


def _followed(entry: Entry, told: _Told, now: datetime) -> Move:
    """The move after a question."""
    body = readable(entry)
    legs = entry.legs
    for (channel, message_id), status in told.items():
        if status.error is not None and status.error.retry is not Retry.NEVER:
            continue
        if _may_go_on(entry, body, status, now):
            continue
        legs = reported(legs, channel, message_id, status) or legs
    if entry.until is not None and entry.until <= now:
        return _timed_out(entry, body, legs, now)
    due = _next(entry, body, now)
    if legs != entry.legs or _is_over(entry):
        return settled(entry, body, legs, now, due=due)
    return Move(entry.fence, Phase.SENT, due=due)


def _may_go_on(entry: Entry, body: Body | None, status: Status, now: datetime) -> bool:
    """Whether a failure is so new that the wire may still go on to its next medium."""
    if body is None or not is_chain(entry, body) or status.id not in _ids(entry):
        return False
    last = body.legs[entry.leg].message
    while last.fallback is not None:
        last = last.fallback
    at = status.reported_at
    failed = status.state.is_final and not status.state.is_success
    return failed and status.medium is not last.medium and at is not None and now - at < _CHAIN


def _timed_out(entry: Entry, body: Body | None, legs: tuple[Leg, ...], now: datetime) -> Move:
    """The leg's time is over, and it was asked about once more."""
    legs = legs if entry.leg < len(legs) else with_leg(entry, begin(entry, body))
    move = settled(entry, body, legs, now)
    if move.to is not Phase.SENT:
        return move
    # Delivered and not read, or nothing is known.
    state = legs[entry.leg].status.state
    return leg_over(entry, body, legs, state if state.is_final else State.UNKNOWN, now)


def _ids(entry: Entry) -> tuple[str, ...]:
    return () if entry.receipt is None else entry.receipt.ids


def _is_over(entry: Entry) -> bool:
    return entry.receipt is None or entry.receipt.status.state.is_final


def _next(entry: Entry, body: Body | None, now: datetime) -> datetime:
    """When to ask again: half as long as it has been under way."""
    leg = entry.current
    began = now if leg is None or leg.began_at is None else leg.began_at
    longest = _LONGEST_OF_LEG if body is not None and entry.leg + 1 < len(body.legs) else _LONGEST
    due = now + min(max((now - began) / 2, _FIRST), longest)
    return due if entry.until is None else min(due, max(entry.until, now + timedelta(seconds=1)))


async def feed(context: Context, events: Sequence[Event]) -> list[Event]:
    """Take reports up, in one commit. Gives the events that are about no entry: an application's.

    A report about an id that nobody has yet is kept for its receipt.
    """
    left = [event for event in events if isinstance(event, StatusChanged)]
    others = [event for event in events if not isinstance(event, StatusChanged)]
    for _ in range(_TRIES):
        if not left:
            break
        with context.sure():
            left = await _take_up(context, left)
    for event in left:
        _log.error("outbox: the report %s about %s could not be stored", event.id, event.message_id)
    if left:
        raise DevinoError("reports could not be stored: the entries changed all the time")
    return others


async def _take_up(context: Context, events: Sequence[StatusChanged]) -> list[StatusChanged]:
    """Store reports; gives those whose entries changed meanwhile."""
    names = context.client.channels
    keys = [(one.channel if one.channel in names else None, one.message_id) for one in events]
    recent = context.recent.take(keys)
    known: dict[Key, Entry] = {key: one.entry for key, one in recent.items()}
    bodies = {one.before.id: one.body for one in recent.values()}
    by_ref: dict[str, Entry] = {}
    left = [place for place, key in enumerate(keys) if key not in known]
    if left:
        known = {**await _found(context, [keys[place] for place in left]), **known}
        refs = {ref for place in left if (ref := events[place].ref) is not None}
        by_ref = await _doubtful(context, refs)
    now = context.outbox.now()
    changed: dict[int, Entry] = {}
    causes: defaultdict[int, list[StatusChanged]] = defaultdict(list)
    early: list[Early] = []
    kept: list[StatusChanged] = []
    for event, (channel, message_id) in zip(events, keys, strict=True):
        entry = known.get((channel, message_id))
        if entry is None and event.ref in by_ref:
            entry = by_ref[event.ref]
        if entry is None:
            early.append(Early(id=message_id, status=event.status, channel=channel))
            kept.append(event)
            continue
        causes[entry.id].append(event)
        changed[entry.id] = entry
    moves = []
    for number, entry in changed.items():
        if number not in bodies:
            bodies[number] = readable(entry)
        move = _reported(context, entry, bodies[number], causes[number], now)
        if move is not None:
            moves.append(move)
    changes: list[Change] = [*moves, *early]
    done = await context.store.move(changes)
    tell_changes(context.observers, changes, done)
    context.outbox.tell_moved(changes, done)
    again = [
        event
        for move, so in zip(moves, done, strict=False)
        if not so
        for event in causes[move.fence.id]
    ]
    for move, so in zip(moves, done, strict=False):
        if so:
            number = move.fence.id
            context.recent.keep(changed[number], move, bodies[number])
    again += [event for event, so in zip(kept, done[len(moves) :], strict=True) if not so]
    return again


async def _found(context: Context, keys: Sequence[Key]) -> dict[Key, Entry]:
    asked = tuple({PlatformId(message_id, channel) for channel, message_id in keys})
    return _by_keys(await context.store.find(Query(ids=asked), "", 10 * len(asked)), keys)


async def _doubtful(context: Context, refs: set[str]) -> dict[str, Entry]:
    """Entries in doubt, by the ref that went to the wire: a leg's has its number behind it."""
    if not refs:
        return {}
    names = tuple({*refs, *(ref.rpartition("/")[0] for ref in refs)} - {""})
    found = await context.store.find(Query(refs=names, phase=Phase.DOUBT), "", len(names))
    return {begin(entry, readable(entry)).ref: entry for entry in found}


def _by_keys(entries: Iterable[Entry], keys: Iterable[Key]) -> dict[Key, Entry]:
    """The entry that each key means, where one of these has its id."""
    holders: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
    for entry in entries:
        for name, message_id in ids_of(entry.legs):
            holders[message_id].setdefault(name, entry)
    known: dict[Key, Entry] = {}
    for channel, message_id in keys:
        held = holders[message_id]
        for name in sorted(held, key=lambda name: name != channel):
            if is_of(name, channel):
                known.setdefault((channel, message_id), held[name])
    return known


def _reported(
    context: Context,
    entry: Entry,
    body: Body | None,
    events: Sequence[StatusChanged],
    now: datetime,
) -> Move | None:
    """The move that reports about one entry ask for; None: they say nothing new."""
    legs = entry.legs
    if entry.phase is Phase.DOUBT and entry.receipt is None and body is not None:
        return _resolved(context, entry, body, events[-1], now)
    chain = entry.phase is Phase.SENT and is_chain(entry, body)
    asks = False
    for event in events:
        channel = event.channel if event.channel in context.client.channels else None
        if chain and event.message_id in _ids(entry):
            asks = True
            continue
        legs = reported(legs, channel, event.message_id, event.status) or legs
    if legs == entry.legs:
        # An event tells of one medium, the answer to a question of the whole chain.
        return Move(entry.fence, Phase.SENT, due=now) if asks else None
    current = legs[entry.leg] if entry.leg < len(legs) else None
    if entry.phase is Phase.SENT and current != entry.current:
        return settled(entry, body, legs, now)
    return replace(late(entry, legs), due=now if asks else None)


def _resolved(
    context: Context, entry: Entry, body: Body, event: StatusChanged, now: datetime
) -> Move:
    """A report names a message in doubt by its ref: it was taken."""
    planned = body.legs[entry.leg]
    channel = context.channel(event.channel) or context.channel(planned.channel)
    receipt = Receipt.of(
        planned.message,
        event.status,
        channel=planned.channel if channel is None else channel.name,
        ids=(event.message_id,),
    )
    remembers = timedelta(hours=48) if channel is None else channel.remembers
    return sent(entry, body, receipt, now, remembers)
