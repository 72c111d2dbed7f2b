"""Sending by the platform's rules: what is refused for now is sent again, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar, cast

from devino_codecs import EncodeError
from devino_codecs.smpp import (
    EncodedRequest,
    Pdu,
    QuerySm,
    encode_request,
)
from devino_core import (
    ConnectFailed,
    DevinoError,
    Medium,
    OutcomeUnknown,
    Receipt,
    State,
    Status,
    Unavailable,
)
from devino_core.clock import Clock
from devino_core.dispatch import Brake, bug_ended
from devino_core.push import Correlator, Origin

from ._answers import query_status
from ._judge import THROTTLED, Job, Judge, Next, Outcome
from ._lanes import Lanes
from ._plan import Outgoing, Planner
from ._pool import Pool
from ._rules import Rules
from ._session import SmppSession
from ._settings import SmppSettings

__all__ = ["Sending"]

A = TypeVar("A", bound=Pdu)

_REQUEST, _ROUND = Next.REQUEST, Next.ROUND
_ready_at = attrgetter("not_before")


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
        self._judge = Judge(correlator, rules, clock, settings.throttle_timeout, channel=channel)

    @property
    def concurrency(self) -> int:
        """How many requests the windows of all sessions hold together."""
        return self._settings.window * self._settings.sessions

    async def send(self, messages: Sequence[Outgoing]) -> list[Receipt | DevinoError]:
        """Send messages. Gives a receipt for each, or the error that kept it from being sent.

        A message that met a full queue is sent again after all others of this call, and not before
        its pause is over.
        """
        count = len(messages)
        if not count:
            return []
        outcomes: list[Outcome] = [_ROUND] * count
        jobs: Iterator[Job] = (
            Job(position, outgoing, Origin(outgoing.message.ref, outgoing.sender))
            for position, outgoing in enumerate(messages)
        )
        again: list[Job] = []

        def settle(job: Job, outcome: Outcome) -> None:
            outcomes[job.position] = outcome
            if outcome is _ROUND:
                again.append(job)

        brake = Brake.current()
        for pause in (*self._rules.queue_full_pauses, None):
            if count == 1:
                # Most calls of a busy client have one message, and lanes would double the cost.
                (job,) = jobs
                settle(job, await self._turn(job, pause, brake))
            else:
                lanes = self._lanes(jobs, settle, pause, brake)
                await lanes.run(min(self.concurrency, count))
            if not again:
                break
            jobs, count = iter(sorted(again, key=_ready_at)), len(again)
            again.clear()
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

    def _lanes(
        self,
        jobs: Iterator[Job],
        settle: Callable[[Job, Outcome], None],
        pause: float | None,
        brake: Brake | None,
    ) -> Lanes:
        return Lanes(
            jobs,
            settle,
            lambda job: self._turn(job, pause, brake),
            pool=self._pool,
            correlator=self._correlator,
            judge=self._judge,
            pause=pause,
            always_by_task=brake is not None,
        )

    def _turn(
        self, job: Job, pause: float | None, brake: Brake | None
    ) -> Coroutine[Any, Any, Outcome]:
        """Send what is left of a message, unless the brake keeps it from beginning."""
        # What was taken in part is sent whole.
        if brake is None or job.taken:
            return self._send(job, pause)
        return self._braked(brake, job, pause)

    async def _braked(self, brake: Brake, job: Job, pause: float | None) -> Outcome:
        async def send() -> list[Receipt] | None:
            outcome = await self._send(job, pause)
            if isinstance(outcome, DevinoError):
                raise outcome
            return [outcome] if isinstance(outcome, Receipt) else None

        try:
            receipts = await brake.call([job.outgoing.message], send)
        except DevinoError as error:
            return error
        return _ROUND if receipts is None else receipts[0]

    async def _send(self, job: Job, pause: float | None) -> Outcome:
        """Send what is left of a message."""
        if job.not_before:
            rest = job.not_before - self._clock.monotonic()
            if rest > 0:
                await self._clock.sleep(rest)
        correlator, origin = self._correlator, job.origin
        on_late = partial(self._judge.late, origin)
        outcome: Outcome = _REQUEST
        try:
            while outcome is _REQUEST:
                session = self._pool.ready() or await self._session()
                number, message_id = correlator.begin(), ""
                try:
                    answer = await session.request(job.part, on_late=on_late, attempt=job.attempt)
                    if not answer.command_status:
                        message_id = answer.message_id
                except ConnectFailed:
                    # The session ended first, and nothing was written: there may be another one.
                    continue
                finally:
                    correlator.end(number, message_id, origin)
                outcome = self._judge.answered(job, session, answer, pause)
        except DevinoError as error:
            return self._judge.failed(job, error)
        except Exception as bug:  # noqa: BLE001 - the other messages' outcomes are not to be lost
            return self._judge.failed(job, bug_ended(bug))
        return outcome

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
            if answer.command_status != THROTTLED:
                return answer
            give_up = self._judge.rest(session, give_up)

    async def _session(self) -> SmppSession:
        return await self._pool.session(self._settings.wait_for_session)
