"""What became of what was sent: by questions, and by what the platform tells."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from devino_core._channel import Capability
from devino_core._events import Event, StatusChanged
from devino_core._message import Medium
from devino_core._status import Receipt, State, Status
from devino_core.errors import DevinoError, Retry

from ._changes import Change, Early, Move
from ._context import Context
from ._entry import Body, Entry, Leg
from ._life import begin, leg_over, readable, reported, sent, settled, with_leg
from ._phases import Phase
from ._store import PlatformId, Query

__all__ = ["feed", "follow_due"]

_log = logging.getLogger(__name__)
_PAGE = 1000
_FIRST = timedelta(seconds=5)
_LONGEST = timedelta(minutes=10)
_LONGEST_OF_LEG = timedelta(seconds=60)
_TRIES = 5


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


async def _asked(context: Context, entries: Sequence[Entry]) -> dict[int, dict[str, Status]]:
    """What the platform says of each id of each entry; nothing of what it cannot be asked."""
    groups: defaultdict[tuple[str, Medium], list[Entry]] = defaultdict(list)
    for entry in entries:
        leg = entry.current
        if leg is not None and _ids(entry) and not leg.status.state.is_final:
            groups[leg.channel, leg.medium].append(entry)
    told: dict[int, dict[str, Status]] = {}
    for (name, medium), asked in groups.items():
        channel = context.channel(name)
        if channel is None or Capability.STATUS not in channel.capabilities:
            continue
        ids = [one for entry in asked for one in _ids(entry)]
        try:
            statuses = iter(await channel.status(ids, medium=medium))
        except DevinoError as error:
            _log.info("outbox: channel %r does not tell of %d ids: %s", name, len(ids), error)
            continue
        except Exception:  # noqa: BLE001 - a plugin may raise whatever it likes
            _log.exception("outbox: channel %r has a bug: it does not tell of ids", name)
            continue
        for entry in asked:
            own = _ids(entry)
            told[entry.id] = dict(zip(own, islice(statuses, len(own)), strict=False))
    return told


def _ids(entry: Entry) -> tuple[str, ...]:
    return () if entry.receipt is None else entry.receipt.ids


def _followed(entry: Entry, told: dict[str, Status], now: datetime) -> Move:
    """The move after a question."""
    body = readable(entry)
    legs = entry.legs
    for message_id, status in told.items():
        if status.error is None or status.error.retry is Retry.NEVER:
            legs = reported(legs, None, message_id, status) or legs
    if entry.until is not None and entry.until <= now:
        return _timed_out(entry, legs, now)
    if legs != entry.legs or _is_over(entry):
        return settled(entry, body, legs, now, due=_next(entry, now))
    return Move(entry.fence, Phase.SENT, due=_next(entry, now))


def _timed_out(entry: Entry, legs: tuple[Leg, ...], now: datetime) -> Move:
    """The leg's time is over, and it was asked about once more."""
    body = readable(entry)
    legs = legs if entry.leg < len(legs) else with_leg(entry, begin(entry, body))
    move = settled(entry, body, legs, now)
    if move.to is not Phase.SENT:
        return move
    # Delivered and not read, or nothing is known.
    state = legs[entry.leg].status.state
    return leg_over(entry, body, legs, state if state.is_final else State.UNKNOWN, now)


def _is_over(entry: Entry) -> bool:
    return entry.receipt is None or entry.receipt.status.state.is_final


def _next(entry: Entry, now: datetime) -> datetime:
    """When to ask again: half as long as it has been under way."""
    leg = entry.current
    began = now if leg is None or leg.began_at is None else leg.began_at
    body = readable(entry)
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
        left = await _take_up(context, left)
    for event in left:
        _log.error("outbox: the report %s about %s could not be stored", event.id, event.message_id)
    if left:
        raise DevinoError("reports could not be stored: the entries changed all the time")
    return others


async def _take_up(context: Context, events: Sequence[StatusChanged]) -> list[StatusChanged]:
    """Store reports; gives those whose entries changed meanwhile."""
    names = context.client.channels
    asked = tuple(
        {
            PlatformId(event.message_id, event.channel if event.channel in names else None)
            for event in events
        }
    )
    found = await context.store.find(Query(ids=asked), "", 10 * len(asked))
    refs = tuple({event.ref for event in events if event.ref is not None})
    by_ref = {}
    if refs:
        doubtful = await context.store.find(Query(refs=refs, phase=Phase.DOUBT), "", len(refs))
        by_ref = {entry.ref: entry for entry in doubtful}
    now = context.outbox.now()
    known = {entry.id: entry for entry in found}
    changed: dict[int, Entry] = {}
    causes: defaultdict[int, list[StatusChanged]] = defaultdict(list)
    early: list[Early] = []
    kept: list[StatusChanged] = []
    for event in events:
        channel = event.channel if event.channel in names else None
        entry = next((one for one in known.values() if _has(one, channel, event.message_id)), None)
        if entry is None and event.ref in by_ref:
            entry = by_ref[event.ref]
        if entry is None:
            early.append(Early(id=event.message_id, status=event.status, channel=channel))
            kept.append(event)
            continue
        causes[entry.id].append(event)
        changed[entry.id] = entry
    moves = []
    for number, entry in changed.items():
        move = _reported(context, entry, causes[number], now)
        if move is not None:
            moves.append(move)
    changes: list[Change] = [*moves, *early]
    done = await context.store.move(changes)
    again = [
        event
        for move, so in zip(moves, done, strict=False)
        if not so
        for event in causes[move.fence.id]
    ]
    again += [event for event, so in zip(kept, done[len(moves) :], strict=True) if not so]
    return again


def _has(entry: Entry, channel: str | None, message_id: str) -> bool:
    return any(
        leg.receipt is not None
        and message_id in leg.receipt.ids
        and channel in (None, leg.receipt.channel)
        for leg in entry.legs
    )


def _reported(
    context: Context, entry: Entry, events: Sequence[StatusChanged], now: datetime
) -> Move | None:
    """The move that reports about one entry ask for; None: they say nothing new."""
    body = readable(entry)
    legs = entry.legs
    if entry.phase is Phase.DOUBT and entry.receipt is None and body is not None:
        return _resolved(context, entry, body, events[-1], now)
    for event in events:
        legs = reported(legs, None, event.message_id, event.status) or legs
    if legs == entry.legs:
        return None
    current = legs[entry.leg] if entry.leg < len(legs) else None
    if entry.phase is Phase.SENT and current != entry.current:
        return settled(entry, body, legs, now)
    # Of an earlier leg: the course stays.
    return Move(entry.fence, entry.phase, legs=legs)


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
