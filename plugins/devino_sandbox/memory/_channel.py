"""The channel ``memory``: a list, and the fates of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import NamedTuple

import msgspec

from devino_core import (
    Card,
    Channel,
    Expressible,
    InvalidMessage,
    Mail,
    Medium,
    Message,
    Receipt,
    State,
    Status,
    Takes,
    Template,
    Unsupported,
    phone,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import check_ids
from devino_sandbox._admission import wall_clock_of
from devino_sandbox._fates import Pace, Step, plan
from devino_sandbox._numbers import default_fate

from ._settings import MemorySettings

__all__ = ["MemoryChannel"]

_EVERYTHING = Takes(
    contents=frozenset({str, Card, Template, Mail}), expresses=frozenset(Expressible)
)


class MemoryChannel(Channel[MemorySettings]):
    """Takes every message, sends none, and tells what the sandbox would make of it."""

    takes: Mapping[Medium, Takes] = dict.fromkeys(Medium, _EVERYTHING)

    def __init__(self, settings: MemorySettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self.sent: list[Message] = []
        """The messages that were taken, oldest first. A test may clear it."""
        self._taken: dict[str, _Taken] = {}
        self._ids = count(1)

    def check(self, messages: Sequence[Message]) -> None:
        """Raise Unsupported for an unknown option, and InvalidMessage for what is no recipient."""
        self.check_takes(messages)
        for message in messages:
            _check_recipient(message)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Remember them; each is ACCEPTED, or SCHEDULED if it is for later."""
        self.check(messages)
        return [self._take(message) for message in messages]

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The state by the clock, as the number chooses it; UNKNOWN of an id never given."""
        check_ids(ids)
        return [self._status(one) for one in ids]

    async def try_login(self) -> None:
        """Raise Unsupported: there is nobody to log in to."""
        raise Unsupported(f"{self.name!r} sends nothing, so it has no login")

    def _take(self, message: Message) -> Receipt:
        now = self.clock.now()
        began = max(_instant(message), now)
        given = str(next(self._ids))
        self.sent.append(message)
        self._taken[given] = _Taken(message, began)
        del self.sent[: -self.settings.keep]
        while len(self._taken) > self.settings.keep:
            del self._taken[next(iter(self._taken))]
        state = State.SCHEDULED if began > now else State.ACCEPTED
        status = Status(state=state, id=given, created_at=now)
        return Receipt.of(message, status, channel=self.name, ids=(given,))

    def _status(self, given: str) -> Status:
        taken = self._taken.get(given)
        if taken is None:
            return Status(state=State.UNKNOWN, id=given, description="no such message")
        message: Message | None = taken.message
        began, now = taken.began, self.clock.now()
        legs: list[Status] = []
        while message is not None and (not legs or began <= now):
            leg = _leg(message, began, now)
            legs.append(leg.status)
            if leg.failed_at is None:
                break
            message, began = message.fallback, leg.failed_at
        return msgspec.structs.replace(Status.of_legs(legs), id=given)


class _Taken(NamedTuple):
    message: Message
    began: datetime
    """When it goes."""


class _Leg(NamedTuple):
    status: Status
    failed_at: datetime | None
    """When what goes instead goes."""


def _leg(message: Message, began: datetime, now: datetime) -> _Leg:
    """How far a message is that goes, or went, at this time."""
    to = message.to if message.medium is Medium.EMAIL else phone.normalize(message.to)
    fate = default_fate(message.medium, to)
    if not fate.found:
        return _Leg(Status(state=State.UNKNOWN, medium=message.medium), None)
    way = plan(fate, Pace.instant(), message.validity) if began <= now else ()
    reached = [(began + after, step) for after, step in way if began + after <= now]
    at, step = reached[-1] if reached else (None, Step(State.SCHEDULED))
    lost = next(((at, step) for at, step in reached if step.failed), None)
    status = Status(
        state=step.state, description=step.reason, reported_at=at, medium=message.medium
    )
    if lost is None or lost[1].state is State.DELETED:
        return _Leg(status, None)
    return _Leg(status, lost[0] + lost[1].resend_after)


def _instant(message: Message) -> datetime:
    """When it is to go; long ago if it says nothing."""
    at = message.send_at
    if at is None:
        return datetime.min.replace(tzinfo=UTC)
    return at if at.tzinfo is not None else at.replace(tzinfo=wall_clock_of(message.to))


def _check_recipient(message: Message) -> None:
    if message.medium is not Medium.EMAIL:
        try:
            phone.normalize(message.to)
        except ValueError as error:
            raise InvalidMessage("to", str(error), ref=message.ref) from None
    elif "@" not in message.to:
        raise InvalidMessage("to", "must be a mail address", ref=message.ref)
    if message.fallback is not None:
        _check_recipient(message.fallback)
