"""Asks again and again what became of messages, until it is known of each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from ._channel import Channel, ChannelSettings
from ._message import Medium
from ._status import Receipt, State, Status
from .clock import Clock
from .dispatch import fails_the_call
from .errors import DevinoError, ProtocolViolation, Retry

__all__ = ["advanced", "follow"]

Knower: TypeAlias = Callable[[Receipt], Channel[ChannelSettings]]
"""Gives the channel that can be asked what became of a message."""

# Where a time is a recipient's wall clock, no zone on earth reaches it earlier than the one, and
# none later than the other.
_EASTERNMOST = timezone(timedelta(hours=14))
_WESTERNMOST = timezone(-timedelta(hours=12))


async def follow(
    pending: Mapping[int, Receipt],
    *,
    knower: Knower,
    clock: Clock,
    interval: float,
    timeout: float | None,
) -> AsyncIterator[Receipt]:
    """Give a receipt again when its state changes: :meth:`AsyncClient.follow
    <devino_core.AsyncClient.follow>`. The receipts have ids, and are not final.
    """
    left = dict(pending)
    began = clock.monotonic()
    ends = {
        place: began + (_patience(receipt, knower, clock) if timeout is None else timeout)
        for place, receipt in left.items()
    }
    while left:
        asked = await _ask(left, knower)
        for place, report in asked.told.items():
            receipt = left[place]
            changed = replace(receipt, status=advanced(receipt, report, clock.now()))
            left[place] = changed
            refused = report.error is not None and report.error.retry is Retry.NEVER
            if changed.status.state.is_final or refused:
                del left[place]
            unread = changed.status.error is not None and receipt.status.error is None
            if unread or changed.status.state is not receipt.status.state:
                yield changed
        if asked.failure is not None:
            raise asked.failure
        now = clock.monotonic()
        for place in [place for place in left if ends[place] <= now]:
            receipt = left.pop(place)
            if (error := asked.missed.get(place)) is not None:
                yield replace(receipt, status=replace(receipt.status, error=error))
        if left:
            waits = [error.retry_after or 0.0 for error in asked.missed.values()]
            until_end = min(ends[place] - now for place in left)
            await clock.sleep(min(max(interval, *waits, 0.0), until_end))


def advanced(receipt: Receipt, report: Status, now: datetime) -> Status:
    """The status of a receipt after a report.

    Before its time a scheduled message waits in a queue, and stays SCHEDULED.
    """
    known, at = receipt.status, receipt.send_at
    if known.state is State.SCHEDULED and report.state is State.ACCEPTED and at is not None:
        due = at if at.tzinfo is not None else at.replace(tzinfo=_EASTERNMOST)
        if due > now:
            return replace(known, code=report.code, description=report.description, error=None)
    return known.advanced_by(report)


class _Asked(NamedTuple):
    """What a question about many receipts brought, by their places."""

    told: dict[int, Status]
    missed: dict[int, DevinoError]
    """Of these nothing was told, for a reason that may pass."""
    failure: DevinoError | None
    """Why nothing is told of some, and nothing will be."""


async def _ask(receipts: Mapping[int, Receipt], knower: Knower) -> _Asked:
    groups: dict[tuple[str, Medium], list[int]] = {}
    channels: dict[str, Channel[ChannelSettings]] = {}
    for place, receipt in receipts.items():
        channel = knower(receipt)
        channels[channel.name] = channel
        groups.setdefault((channel.name, receipt.medium), []).append(place)
    told: dict[int, Status] = {}
    missed: dict[int, DevinoError] = {}
    failure: DevinoError | None = None
    for (name, medium), places in groups.items():
        ids = [one for place in places for one in receipts[place].ids]
        try:
            statuses = iter(await channels[name].status(ids, medium=medium))
        except DevinoError as error:
            if fails_the_call(error) and not _may_pass(error) and not _is_unread(error):
                failure = failure or error
                continue
            unread = Status(state=State.UNKNOWN, description=error.said, error=error)
            statuses = iter([unread] * len(ids))
        for place in places:
            parts = list(islice(statuses, len(receipts[place].ids)))
            passing = [part.error for part in parts if part.error and _may_pass(part.error)]
            if passing:
                missed[place] = passing[0]
            else:
                told[place] = Status.combined(parts)
    return _Asked(told, missed, failure)


def _may_pass(error: DevinoError) -> bool:
    return error.retry is Retry.SAFE and not _is_unread(error)


def _is_unread(error: DevinoError) -> bool:
    """Whether an answer could not be read. Asking again is safe, and mostly brings the same."""
    return isinstance(error, ProtocolViolation)


def _patience(receipt: Receipt, knower: Knower, clock: Clock) -> float:
    """For how many seconds from now the platform will know the message."""
    known = knower(receipt).remembers
    if (at := receipt.send_at) is not None:
        instant = at if at.tzinfo is not None else at.replace(tzinfo=_WESTERNMOST)
        known += max(instant - clock.now(), timedelta(0))
    return known.total_seconds()
