"""Sending by the platform's rules: what is refused for now goes back, and the others go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from devino_codecs.smpp import CommandStatus, Pdu, SubmitSm, SubmitSmResp
from devino_core import (
    ConnectFailed,
    DevinoError,
    Message,
    OutcomeUnknown,
    QueueFull,
    Receipt,
    Rejected,
    State,
    Status,
    Throttled,
)
from devino_core._correlator import Correlator, Origin
from devino_core.clock import Clock
from devino_core.dispatch import gather

from ._answers import refusal
from ._plan import Planned
from ._pool import Pool
from ._rules import Rules
from ._session import SmppSession

__all__ = ["Job", "Outbox"]

A = TypeVar("A", bound=Pdu)


class Job:
    """A message on its way, part by part."""

    def __init__(self, message: Message, planned: Planned, *, channel: str) -> None:
        self.taken: list[str] = []
        """The id of each part that was taken; empty where the centre gave none."""
        self.error: DevinoError | None = None
        self.not_before = 0.0
        self._message = message
        self._planned = planned
        self._channel = channel
        self.origin = Origin(message.ref, planned.sender)

    @property
    def next_part(self) -> SubmitSm | None:
        pdus = self._planned.pdus
        return pdus[len(self.taken)] if len(self.taken) < len(pdus) else None

    async def outcome(self) -> list[Receipt]:
        """The receipt. Raises what kept the message from being sent.

        One of which some parts were taken has a receipt with their ids, refused or of unknown
        outcome: the caller may not send it again without thought.
        """
        error = self.error
        if error is None:
            return [self._receipt(Status(state=self._planned.state))]
        if not self.taken:
            raise error
        if isinstance(error, Rejected):
            status = Status(state=State.REJECTED, code=error.code, description=error.description)
            return [self._receipt(status, error)]
        unknown = OutcomeUnknown(
            f"{len(self.taken)} of {len(self._planned.pdus)} parts were taken "
            f"(ids {', '.join(self.taken)}); then: {error}"
        )
        unknown.refs = (self._message.ref,)
        return [self._receipt(Status(state=State.UNKNOWN, description=str(unknown)), unknown)]

    def _receipt(self, status: Status, error: DevinoError | None = None) -> Receipt:
        return Receipt.of(
            self._message,
            status,
            channel=self._channel,
            ids=tuple(filter(None, self.taken)),
            parts=self._planned.parts,
            error=error,
        )


class Outbox:
    """Sends over a pool of sessions, at most ``concurrency`` messages of a call at a time."""

    def __init__(
        self,
        pool: Pool,
        correlator: Correlator,
        rules: Rules,
        clock: Clock,
        *,
        concurrency: int,
        wait_for_session: float,
        throttle_timeout: float,
    ) -> None:
        self._pool = pool
        self._correlator = correlator
        self._rules = rules
        self._clock = clock
        self._concurrency = concurrency
        self._wait_for_session = wait_for_session
        self._throttle_timeout = throttle_timeout

    async def send(self, jobs: Sequence[Job]) -> None:
        """Give every job its ids or its error.

        One that met a full queue is sent again after all others of this call, its pause kept.
        """
        waiting = list(jobs)
        for pause in (*self._rules.queue_full_pauses, None):
            await gather(
                [partial(self._send, job, pause) for job in waiting],
                concurrency=self._concurrency,
            )
            waiting = [job for job in waiting if job.next_part and not job.error]
            if not waiting:
                return
            waiting.sort(key=lambda job: job.not_before)

    async def ask(self, request: Callable[[SmppSession], Awaitable[A]]) -> A:
        """Make a request over some session, and again while the centre throttles it.

        Raises Throttled after ``throttle_timeout`` seconds of that.
        """
        give_up: float | None = None
        while True:
            session = await self._pool.session(self._wait_for_session)
            try:
                answer = await request(session)
            except ConnectFailed:
                # The session ended first, and nothing was written: there may be another.
                continue
            if answer.command_status != CommandStatus.ESME_RTHROTTLED:
                return answer
            now = self._clock.monotonic()
            session.pause(self._rules.throttled_pause)
            if give_up is None:
                give_up = now + self._throttle_timeout
            if now >= give_up:
                raise Throttled(
                    f"throttled for {self._throttle_timeout:g} seconds",
                    retry_after=self._rules.throttled_pause,
                )

    async def _send(self, job: Job, pause: float | None) -> None:
        """Send what is left of it. Its error is set, or ``not_before`` to try again by."""
        rest = job.not_before - self._clock.monotonic()
        if job.not_before and rest > 0:
            await self._clock.sleep(rest)
        try:
            while part := job.next_part:
                answer = await self.ask(partial(self._submit, part, job.origin))
                if not answer.command_status:
                    job.taken.append(answer.message_id)
                    continue
                error = refusal(answer)
                if isinstance(error, QueueFull) and pause is not None:
                    job.not_before = self._clock.monotonic() + pause
                else:
                    job.error = error
                return
        except DevinoError as error:
            job.error = error

    async def _submit(self, pdu: SubmitSm, origin: Origin, session: SmppSession) -> SubmitSmResp:
        number = self._correlator.begin()
        message_id = ""
        try:
            answer = await session.request(pdu, on_late=partial(self._late, origin))
            message_id = _id_of(answer)
        finally:
            self._correlator.end(number, message_id, origin)
        return answer

    def _late(self, origin: Origin, answer: Pdu) -> None:
        message_id = _id_of(answer)
        if message_id:
            self._correlator.remember(message_id, origin)


def _id_of(answer: Pdu) -> str:
    if isinstance(answer, SubmitSmResp) and not answer.command_status:
        return answer.message_id
    return ""
