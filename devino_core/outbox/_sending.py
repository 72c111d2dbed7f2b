"""From claimed entries to the wire, and from its answers to moves."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from devino_core._message import Message
from devino_core._status import Receipt, State
from devino_core._takes import Expressible
from devino_core.dispatch import bug_ended, failed_receipt
from devino_core.errors import DevinoError, InvalidArgument, OutcomeUnknown, Unsupported

from ._blame import Blame, blame
from ._changes import EventKind, Move, News
from ._channels import AnyChannel, Rules, tells
from ._context import Context, late_note
from ._entry import Body, Entry, Unreadable
from ._figures import tell_changes
from ._life import begin, leg_over, requeued, sent, stalled, with_leg
from ._making import for_wire, is_timed
from ._phases import Phase

__all__ = ["Outcome", "send"]

_log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """What a sending says about the channel."""

    sent: int
    """How many messages the platform answered for."""
    worst: DevinoError | None = None
    """The error that blames the channel most."""


class _Ready(msgspec.Struct, frozen=True):
    entry: Entry
    body: Body
    message: Message


async def send(
    context: Context, channel: AnyChannel, entries: Sequence[Entry], claimed_at: float
) -> Outcome:
    """Put claimed entries on the wire, and store what became of each.

    ``claimed_at`` is a time of the monotonic clock before the claim.
    """
    ready: list[_Ready] = []
    moves: list[tuple[Entry, Move]] = []
    for entry in entries:
        prepared = _prepare(context, channel, entry, claimed_at)
        if isinstance(prepared, Move):
            moves.append((entry, prepared))
        else:
            ready.append(prepared)
    outcome = Outcome(0)
    if ready and not (context.may_send and all(one.worker == context.worker for one in entries)):
        # Its time as a living worker may be over, or it claimed them in an earlier life: then they
        # are somebody else's to decide about. They are surely not sent, so they wait again: if it
        # lives on, nobody else would find them.
        _log.warning(
            "outbox: %d messages are not sent: the store did not answer for too long", len(ready)
        )
        now = context.outbox.now()
        moves += [(one.entry, requeued(one.entry, now, until=one.entry.until)) for one in ready]
        ready = []
    if ready:
        receipts = await _receipts(context.rules, channel, [one.message for one in ready])
        now = context.outbox.now()
        worst: DevinoError | None = None
        answered = 0
        for one, receipt in zip(ready, receipts, strict=True):
            if context.observers:
                context.observers.message_done(one.message, receipt)
            move, error = _moved(context, channel, one, receipt, now)
            moves.append((one.entry, move))
            # Already now: a report may be faster than the store.
            context.recent.keep(one.entry, move, one.body)
            if error is None:
                answered += 1
            elif worst is None or _SEVERITY[blame(error)] > _SEVERITY[blame(worst)]:
                worst = error
        outcome = Outcome(answered, worst)
    await _record(context, moves)
    return outcome


_SEVERITY = {
    whom: place
    for place, whom in enumerate(
        (Blame.REFUSED, Blame.FAILED, Blame.UNKNOWN, Blame.BUSY, Blame.DOWN, Blame.HELD)
    )
}


def _prepare(
    context: Context, channel: AnyChannel, entry: Entry, claimed_at: float
) -> _Ready | Move:
    """The message as it goes to the wire now, or the move of an entry that does not go."""
    try:
        body = entry.read()
    except Unreadable as error:
        return stalled(entry, Phase.DEAD, str(error))
    message = for_wire(
        body.legs[entry.leg].message, channel, body.schedule, is_timed=is_timed(body, entry.leg)
    )
    if entry.until is not None:
        waited = timedelta(seconds=context.clock.monotonic() - claimed_at)
        left = entry.until - entry.due - waited
        shortest = channel.shortest_validity.get(message.medium, timedelta(0))
        if left <= timedelta(0) or left < shortest:
            legs = with_leg(entry, begin(entry, body))
            return leg_over(entry, body, legs, State.EXPIRED, context.outbox.now())
        message = _bounded(channel, message, left)
    try:
        context.rules.check(channel, [message])
    except (InvalidArgument, Unsupported) as error:
        return _refused(entry, body, error, context.outbox.now())
    return _Ready(entry, body, message)


def _bounded(channel: AnyChannel, message: Message, left: timedelta) -> Message:
    """The message with what is left of its time as validity, where the wire can say that."""
    takes = channel.takes.get(message.medium)
    if takes is None or Expressible.VALIDITY not in takes.expresses:
        return message
    if message.validity is None:
        # Platforms give up by themselves after a day or two.
        return message if left > timedelta(days=1) else replace(message, validity=left)
    return replace(message, validity=min(message.validity, left))


async def _receipts(
    rules: Rules, channel: AnyChannel, messages: Sequence[Message]
) -> list[Receipt]:
    try:
        receipts = await rules.send(channel, messages, retries=0)
        if len(receipts) == len(messages):
            return list(receipts)
        failure: DevinoError = OutcomeUnknown(
            f"channel {channel.name!r} gave {len(receipts)} receipts for {len(messages)} messages: "
            "a bug of its plugin"
        )
    except DevinoError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - a plugin's bug puts in doubt, it does not lose
        _log.exception("outbox: channel %r has a bug", channel.name)
        failure = bug_ended(error)
    return [failed_receipt(message, failure, channel=channel.name) for message in messages]


def _moved(
    context: Context, channel: AnyChannel, one: _Ready, receipt: Receipt, now: datetime
) -> tuple[Move, DevinoError | None]:
    """The move that a receipt asks for, and its error if it says something about the channel."""
    entry, body = one.entry, one.body
    error = receipt.error
    if error is None or (receipt.status.state is not State.UNKNOWN and not receipt.refused):
        remembers = channel.remembers
        if body.grace is not None and not (receipt.ids and tells(channel)):
            # A cascade does not wait for what nobody will ever say.
            remembers = timedelta(0)
        return sent(entry, body, receipt, now, remembers), None
    whom = blame(error)
    if whom is Blame.UNKNOWN:
        return doubtful(entry, body, channel, error), error
    if whom is Blame.REFUSED:
        if not receipt.refused:
            status = replace(receipt.status, state=State.REJECTED, description=error.said)
            receipt = replace(receipt, status=status)
        leg = replace(begin(entry, body), receipt=receipt, channel=channel.name, error=error)
        return leg_over(entry, body, with_leg(entry, leg), State.REJECTED, now), None
    if whom is Blame.HELD and body.grace is not None:
        # A cascade waits for nobody to mend a channel, and it leaves the channel to the others.
        leg = replace(begin(entry, body), channel=channel.name, error=error)
        return leg_over(entry, body, with_leg(entry, leg), State.REJECTED, now), None
    if whom is Blame.FAILED:
        failures = entry.failures + 1
        if failures >= context.settings.max_attempts:
            return replace(stalled(entry, Phase.DEAD, str(error)), failures=failures), error
        due = now + timedelta(seconds=min(2**failures, 600))
        if entry.until is not None:
            due = min(due, entry.until)
        return replace(requeued(entry, due, until=entry.until), failures=failures), error
    return requeued(entry, now, until=entry.until), error


def doubtful(entry: Entry, body: Body, channel: AnyChannel, error: DevinoError) -> Move:
    """It may have been sent."""
    leg = replace(begin(entry, body), channel=channel.name, error=error)
    bug = isinstance(error.__cause__, Exception) and not isinstance(error.__cause__, DevinoError)
    return Move(
        entry.fence,
        Phase.DOUBT,
        legs=with_leg(entry, leg),
        failures=entry.failures + 1 if bug else None,
        news=News(
            kind=EventKind.IN_DOUBT,
            ref=entry.ref,
            channel=leg.channel,
            leg=entry.leg,
            reason=str(error),
        ),
    )


def _refused(entry: Entry, body: Body, error: DevinoError, now: datetime) -> Move:
    leg = replace(begin(entry, body), error=error)
    return leg_over(entry, body, with_leg(entry, leg), State.REJECTED, now)


async def _record(context: Context, moves: Sequence[tuple[Entry, Move]]) -> None:
    """Store the outcomes. It does not give up: what it knows is known to nobody else."""
    pause = 0.1
    while moves:
        try:
            done = await context.move([move for _, move in moves])
            left = [pair for pair, so in zip(moves, done, strict=True) if not so]
            moves = await _again(context, left)
        except DevinoError as error:
            _log.warning("outbox: %d outcomes wait for the store: %s", len(moves), error)
            await context.clock.sleep(pause)
            pause = min(2 * pause, 5.0)


async def _again(context: Context, left: Sequence[tuple[Entry, Move]]) -> list[tuple[Entry, Move]]:
    """The moves whose entries had changed: for the legs as they are now, or only told."""
    if not left:
        return []
    current = await context.by_number([entry for entry, _ in left])
    again: list[tuple[Entry, Move]] = []
    notes = []
    for entry, move in left:
        now = current.get(entry.id)
        same = now is not None and now.attempt == entry.attempt
        if now is not None and same and now.phase in (Phase.INTENDED, Phase.DOUBT):
            # A report of an earlier leg came meanwhile.
            legs = move.legs
            if legs is not None:
                legs = (*now.legs[: entry.leg], *legs[entry.leg :])
            fence = replace(move.fence, revision=now.revision)
            again.append((entry, replace(move, fence=fence, legs=legs)))
        elif move.to is Phase.QUEUED and move.news is None:
            # It was surely not sent, and somebody else has it by now: there is nothing to tell.
            continue
        elif not (same and now is not None and now.phase is move.to):
            notes.append(late_note(entry, move))
    if notes:
        tell_changes(context.observers, notes, await context.store.move(notes))
    return again
