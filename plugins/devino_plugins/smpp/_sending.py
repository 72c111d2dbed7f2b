"""Sending by the platform's rules: what is refused for now is sent again, and the rest goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import msgspec

from devino_codecs import EncodeError
from devino_codecs.smpp import (
    CommandStatus,
    EncodedRequest,
    Pdu,
    QuerySm,
    SubmitSmResp,
    encode_request,
)
from devino_core import (
    ConnectFailed,
    DevinoError,
    Medium,
    OutcomeUnknown,
    QueueFull,
    Receipt,
    Rejected,
    State,
    Status,
    Throttled,
    Unavailable,
)
from devino_core.clock import Clock
from devino_core.dispatch import Brake, bug_ended
from devino_core.push import Correlator, Origin

from ._answers import query_status
from ._plan import Outgoing, Planner
from ._pool import Pool
from ._rules import Rules
from ._session import SmppSession
from ._settings import SmppSettings

__all__ = ["Sending"]

A = TypeVar("A", bound=Pdu)

_THROTTLED = int(CommandStatus.ESME_RTHROTTLED)
_STATUSES = {
    state: Status(state=state, medium=Medium.SMS) for state in (State.ACCEPTED, State.SCHEDULED)
}


class _Job(msgspec.Struct):
    """A message on its way, part by part."""

    position: int
    """The place of the message in the call."""
    outgoing: Outgoing
    taken: tuple[str, ...] = ()
    """The id of each part that was taken. It is empty if the centre gave none."""
    attempt: int = 1
    """How often the next part is sent, this time included."""
    not_before: float = 0.0
    """When it may be sent again after it met a full queue."""


class Sending:
    """Sends messages over the sessions of ``pool``, and asks what became of them."""

    def __init__(
        self,
        pool: Pool,
        correlator: Correlator,
        planner: Planner,
        settings: SmppSettings,
        rules: Rules,
        clock: Clock,
        *,
        channel: str,
    ) -> None:
        self._pool = pool
        self._correlator = correlator
        self._planner = planner
        self._settings = settings
        self._rules = rules
        self._clock = clock
        self._channel = channel

    @property
    def concurrency(self) -> int:
        """How many requests the windows of all sessions hold together."""
        return self._settings.window * self._settings.sessions

    async def send(self, messages: Sequence[Outgoing]) -> list[Receipt | DevinoError]:
        """Send messages. Gives a receipt for each, or the error that kept it from being sent.

        A message that met a full queue is sent again after all others of this call, and not before
        its pause is over.
        """
        outcomes: list[Receipt | DevinoError | None] = [None] * len(messages)
        jobs = (_Job(position, message) for position, message in enumerate(messages))
        count = len(messages)
        for pause in (*self._rules.queue_full_pauses, None):
            again: list[_Job] = []
            if count == 1:
                # Most calls of a busy client have one message, and a task would double the cost.
                (job,) = jobs
                outcomes[job.position] = await self._turn(job, pause, Brake.current())
                if outcomes[job.position] is None:
                    again.append(job)
            else:
                await self._send_all(jobs, count, pause, outcomes, again)
            if not again:
                break
            again.sort(key=lambda job: job.not_before)
            jobs, count = (job for job in again), len(again)
        return cast("list[Receipt | DevinoError]", outcomes)

    async def query(self, message_id: str) -> Status:
        """Ask what became of a message, in the name of the sender that it was sent with."""
        origin = self._correlator.origin(message_id)
        sender = origin.sender if origin else self._settings.sender or ""
        source_addr, (ton, npi) = self._planner.source(sender)
        query = QuerySm(
            message_id=message_id,
            source_addr_ton=ton,
            source_addr_npi=npi,
            source_addr=source_addr,
        )
        try:
            encoded = encode_request(query)
        except EncodeError as error:
            return Status(
                state=State.UNKNOWN, id=message_id, description=error.reason, medium=Medium.SMS
            )
        try:
            answer = await self._ask(encoded)
        except OutcomeUnknown as error:
            asked = Unavailable(error.said)
            asked.call_id = error.call_id
            raise asked from None
        return query_status(answer, message_id)

    async def _send_all(
        self,
        jobs: Iterator[_Job],
        count: int,
        pause: float | None,
        outcomes: list[Receipt | DevinoError | None],
        again: list[_Job],
    ) -> None:
        """Send jobs side by side. ``again`` gets those that may be sent again after ``pause``."""
        brake = Brake.current()

        async def work() -> None:
            for job in jobs:
                outcomes[job.position] = await self._turn(job, pause, brake)
                if outcomes[job.position] is None:
                    again.append(job)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.concurrency, count)):
                group.create_task(work())

    def _turn(
        self, job: _Job, pause: float | None, brake: Brake | None
    ) -> Coroutine[Any, Any, Receipt | DevinoError | None]:
        """Send what is left of a message, unless the brake keeps it from beginning."""
        # What was taken in part is sent whole.
        if brake is None or job.taken:
            return self._send(job, pause)
        return self._braked(brake, job, pause)

    async def _braked(
        self, brake: Brake, job: _Job, pause: float | None
    ) -> Receipt | DevinoError | None:
        async def send() -> list[Receipt] | None:
            outcome = await self._send(job, pause)
            if isinstance(outcome, DevinoError):
                raise outcome
            return None if outcome is None else [outcome]

        try:
            receipts = await brake.call([job.outgoing.message], send)
        except DevinoError as error:
            return error
        return None if receipts is None else receipts[0]

    async def _send(self, job: _Job, pause: float | None) -> Receipt | DevinoError | None:
        """Send what is left of a message. None: the queue is full, and the message may wait."""
        if job.not_before:
            rest = job.not_before - self._clock.monotonic()
            if rest > 0:
                await self._clock.sleep(rest)
        outgoing, taken, correlator = job.outgoing, job.taken, self._correlator
        submits = outgoing.submits
        origin = Origin(outgoing.message.ref, outgoing.sender)
        on_late = partial(self._late, origin)
        give_up: float | None = None
        try:
            while len(taken) < len(submits):
                session = self._pool.ready() or await self._session()
                number, message_id = correlator.begin(), ""
                try:
                    answer = await session.request(
                        submits[len(taken)], on_late=on_late, attempt=job.attempt
                    )
                    status = answer.command_status
                    if not status:
                        message_id = answer.message_id
                except ConnectFailed:
                    # The session ended first, and nothing was written: there may be another one.
                    continue
                finally:
                    correlator.end(number, message_id, origin)
                if not status:
                    taken += (message_id,)
                    give_up = None
                    job.attempt = 1
                elif status == _THROTTLED:
                    give_up = self._rest(session, give_up)
                    job.attempt += 1
                else:
                    error = session.refusal(answer)
                    if pause is None or not isinstance(error, QueueFull):
                        return self._failed(outgoing, taken, error)
                    job.attempt += 1
                    job.taken, job.not_before = taken, self._clock.monotonic() + pause
                    return None
        except DevinoError as error:
            return self._failed(outgoing, taken, error)
        except Exception as bug:  # noqa: BLE001 - the other messages' outcomes are not to be lost
            return self._failed(outgoing, taken, bug_ended(bug))
        return self._receipt(outgoing, taken, _STATUSES[outgoing.state])

    async def _ask(self, request: EncodedRequest[A]) -> A:
        """Make a request over some session, and again while the centre throttles it."""
        give_up: float | None = None
        while True:
            session = self._pool.ready() or await self._session()
            try:
                answer = await session.request(request)
            except ConnectFailed:
                # As above: there may be another session.
                continue
            if answer.command_status != _THROTTLED:
                return answer
            give_up = self._rest(session, give_up)

    async def _session(self) -> SmppSession:
        return await self._pool.session(self._settings.wait_for_session)

    def _rest(self, session: SmppSession, give_up: float | None) -> float:
        """Let a throttled session rest. Gives when to give up, and raises Throttled after that.

        The limit is ``throttle_timeout`` seconds from the first time, when ``give_up`` is None.
        """
        now = self._clock.monotonic()
        session.pause(self._rules.throttled_pause)
        if give_up is None:
            return now + self._settings.throttle_timeout
        if now < give_up:
            return give_up
        raise Throttled(
            f"throttled for {self._settings.throttle_timeout:g} seconds",
            retry_after=self._rules.throttled_pause,
        )

    def _late(self, origin: Origin, answer: Pdu) -> None:
        if isinstance(answer, SubmitSmResp) and answer.message_id and not answer.command_status:
            self._correlator.remember(answer.message_id, origin)

    def _failed(
        self, outgoing: Outgoing, taken: tuple[str, ...], error: DevinoError
    ) -> Receipt | DevinoError:
        """The outcome of a message that could not be sent whole.

        If some parts were taken, it is a receipt with their ids, whether the rest was refused or
        its outcome is unknown: the caller may not send the message again without thought.
        """
        if not taken:
            return error
        if isinstance(error, Rejected):
            status = Status(state=State.REJECTED, code=error.code, description=error.description)
            return self._receipt(outgoing, taken, status, error)
        unknown = OutcomeUnknown(
            f"{len(taken)} of {len(outgoing.submits)} parts were taken "
            f"(ids {', '.join(taken)}); then: {error.said}"
        )
        unknown.call_id = error.call_id
        unknown.refs = (outgoing.message.ref,)
        status = Status(state=State.UNKNOWN, description=unknown.said)
        return self._receipt(outgoing, taken, status, unknown)

    def _receipt(
        self,
        outgoing: Outgoing,
        taken: tuple[str, ...],
        status: Status,
        error: DevinoError | None = None,
    ) -> Receipt:
        return Receipt.of(
            outgoing.message,
            status,
            channel=self._channel,
            ids=taken if all(taken) else tuple(filter(None, taken)),
            parts=outgoing.parts,
            error=error,
        )
