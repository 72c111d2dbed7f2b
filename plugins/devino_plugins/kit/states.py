"""What the platform's codes of states mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

import msgspec

from devino_codecs.http import Coded
from devino_core import Medium, Message, State, Status
from devino_core.clock import Clock

from .recent import Recent

__all__ = ["ResendGrace", "accepted", "resent", "state_of"]

_STATES = {state.name: state for state in State}


def state_of(code: object, *, otherwise: State = State.UNKNOWN) -> State:
    """The state that a code means; ``otherwise`` for one that its table lacks, or gives none."""
    return _STATES.get(code.means, otherwise) if isinstance(code, Coded) else otherwise


def resent(viber: Status, sms: Sequence[Status]) -> Status:
    """What became of a Viber message that the platform may have resent by SMS.

    Where it did, both are legs of one message: see :meth:`Status.of_legs
    <devino_core.Status.of_legs>`. The id is the Viber message's.
    """
    if not sms:
        return viber
    return msgspec.structs.replace(Status.of_legs([viber, Status.combined(sms)]), id=viber.id)


class ResendGrace:
    """Keeps a message with a fallback open for a while after one of its legs has failed.

    The platform sends the next leg a moment after it has told that one failed. Who asks in between
    would take the failure for the end. So it is told as ENROUTE, with the wire's own code and
    description, until ``seconds`` after the failure; then as the wire says. 100,000 messages are
    remembered, for six days. What is not, such as after a restart, is told as the wire says.
    """

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._grace = timedelta(seconds=seconds)
        self._clock = clock
        self._sent: Recent[str, _Failure] = Recent(most=100_000, age=timedelta(days=6), clock=clock)

    def sent(self, ids: Iterable[str]) -> None:
        """Messages with these ids were sent, each with a fallback."""
        self._sent.set_all([(one, _Failure()) for one in ids])

    def told(self, leg: Status) -> Status:
        """The status of a leg that is not known to be the last, as it is to be told."""
        if not leg.state.is_final or leg.state.is_success or leg.id is None:
            return leg
        failure = self._sent.get(leg.id)
        if failure is None:
            return leg
        now = self._clock.now()
        if failure.seen_at is None:
            failure.seen_at = now
        # The platform's clock may be ahead: its time alone would keep a message open for long.
        failed_at = min(failure.seen_at, leg.reported_at or failure.seen_at)
        if now - failed_at >= self._grace:
            return leg
        return msgspec.structs.replace(leg, state=State.ENROUTE)


class _Failure:
    """When it was first told that a leg had failed."""

    __slots__ = ("seen_at",)

    def __init__(self) -> None:
        self.seen_at: datetime | None = None


def accepted(message: Message, clock: Clock) -> Status:
    """The status of a message that the platform took: SCHEDULED for later, else ACCEPTED."""
    at = message.send_at
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=_WESTERNMOST)
    return (_SCHEDULED if at is not None and at > clock.now() else _ACCEPTED)[message.medium]


_WESTERNMOST = timezone(-timedelta(hours=12))
"""Where a time of the recipient's clock comes last: who is past it there is past it anywhere."""
_SCHEDULED = {medium: Status(state=State.SCHEDULED, medium=medium) for medium in Medium}
_ACCEPTED = {medium: Status(state=State.ACCEPTED, medium=medium) for medium in Medium}
