"""What an answer makes of its message, by the platform's rules."""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

from devino_codecs.smpp import CommandStatus, EncodedRequest, Pdu, SubmitSmResp
from devino_core import (
    DevinoError,
    Medium,
    OutcomeUnknown,
    QueueFull,
    Receipt,
    Rejected,
    State,
    Status,
    Throttled,
)
from devino_core.clock import Clock
from devino_core.push import Correlator, Origin

from ._plan import Outgoing
from ._rules import Rules
from ._session import SmppSession

__all__ = ["THROTTLED", "Job", "Judge", "Next", "Outcome"]

THROTTLED = int(CommandStatus.ESME_RTHROTTLED)
_STATUSES = {
    state: Status(state=state, medium=Medium.SMS) for state in (State.ACCEPTED, State.SCHEDULED)
}


class Next(enum.Enum):
    """What is to be done for a message that has no outcome yet."""

    REQUEST = enum.auto()
    """Send the next part, or this one again."""
    ROUND = enum.auto()
    """Send the rest behind all other messages, and not before :attr:`Job.not_before`."""


_REQUEST, _ROUND = Next.REQUEST, Next.ROUND

Outcome: TypeAlias = Receipt | DevinoError | Next
"""What has become of a message, or what is next."""


class Job(msgspec.Struct):
    """A message on its way, part by part."""

    position: int
    """The place of the message in the call."""
    outgoing: Outgoing
    origin: Origin
    taken: tuple[str, ...] = ()
    """The id of each part that was taken. It is empty if the centre gave none."""
    attempt: int = 1
    """How often the next part is sent, this time included."""
    give_up: float | None = None
    """When to send it no more, because the centre throttles it all the time."""
    not_before: float = 0.0
    """When it may be sent again after it met a full queue."""

    @property
    def part(self) -> EncodedRequest[SubmitSmResp]:
        """The next part."""
        return self.outgoing.submits[len(self.taken)]


class Judge:
    """Decides by the answers what becomes of messages.

    ``patience`` is in seconds: so long a message is sent again that is throttled all the time.
    """

    def __init__(
        self, correlator: Correlator, rules: Rules, clock: Clock, patience: float, *, channel: str
    ) -> None:
        self._correlator = correlator
        self._rules = rules
        self._clock = clock
        self._patience = patience
        self._channel = channel

    def answered(
        self, job: Job, session: SmppSession, answer: SubmitSmResp, pause: float | None
    ) -> Outcome:
        """The outcome of the message, or what is next. ``pause`` is in seconds: so long a message
        waits that met a full queue. None: it may not wait again."""
        status = answer.command_status
        if not status:
            job.taken += (answer.message_id,)
            if len(job.taken) == len(job.outgoing.submits):
                return self._receipt(job, _STATUSES[job.outgoing.state])
            job.give_up = None
            job.attempt = 1
            return _REQUEST
        if status == THROTTLED:
            try:
                job.give_up = self.rest(session, job.give_up)
            except Throttled as error:
                # Its traceback would hold the frames that hold it.
                return self.failed(job, error.with_traceback(None))
            job.attempt += 1
            return _REQUEST
        refused = session.refusal(answer)
        if pause is None or not isinstance(refused, QueueFull):
            return self.failed(job, refused)
        job.attempt += 1
        job.give_up = None
        job.not_before = self._clock.monotonic() + pause
        return _ROUND

    def rest(self, session: SmppSession, give_up: float | None) -> float:
        """Let a throttled session rest. Gives when to give up, and raises Throttled after that.

        ``give_up`` is in the clock's monotonic time, and None the first time.
        """
        now = self._clock.monotonic()
        session.pause(self._rules.throttled_pause)
        if give_up is None:
            return now + self._patience
        if now < give_up:
            return give_up
        raise Throttled(
            f"throttled for {self._patience:g} seconds",
            retry_after=self._rules.throttled_pause,
        )

    def late(self, origin: Origin, answer: Pdu) -> None:
        """The answer to a part of that message came when it had been given up."""
        if isinstance(answer, SubmitSmResp) and answer.message_id and not answer.command_status:
            self._correlator.remember(answer.message_id, origin)

    def failed(self, job: Job, error: DevinoError) -> Receipt | DevinoError:
        """The outcome of a message that could not be sent whole.

        If some parts were taken, it is a receipt with their ids, whether the rest was refused or
        its outcome is unknown: the caller may not send the message again without thought.
        """
        taken, outgoing = job.taken, job.outgoing
        if not taken:
            return error
        if isinstance(error, Rejected):
            status = Status(state=State.REJECTED, code=error.code, description=error.description)
            return self._receipt(job, status, error)
        unknown = OutcomeUnknown(
            f"{len(taken)} of {len(outgoing.submits)} parts were taken "
            f"(ids {', '.join(taken)}); then: {error.said}"
        )
        unknown.call_id = error.call_id
        unknown.refs = (outgoing.message.ref,)
        status = Status(state=State.UNKNOWN, description=unknown.said)
        return self._receipt(job, status, unknown)

    def _receipt(self, job: Job, status: Status, error: DevinoError | None = None) -> Receipt:
        taken, outgoing = job.taken, job.outgoing
        return Receipt.of(
            outgoing.message,
            status,
            channel=self._channel,
            ids=taken if all(taken) else tuple(filter(None, taken)),
            parts=outgoing.parts,
            error=error,
        )
