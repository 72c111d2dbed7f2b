"""Many messages side by side, and no task for each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from contextvars import copy_context
from functools import partial
from typing import Any, TypeAlias

from devino_codecs.smpp import Pdu, SubmitSmResp
from devino_core import ConnectFailed, DevinoError, Receipt
from devino_core.dispatch import bug_ended
from devino_core.push import Correlator

from ._exchange import Exchange
from ._judge import Job, Judge, Next
from ._pool import Pool
from ._session import SmppSession

__all__ = ["Lanes", "Outcome"]

Outcome: TypeAlias = Receipt | DevinoError | Next
"""What has become of a message; :attr:`Next.ROUND` if it is to be sent again in the next round."""

_REQUEST = Next.REQUEST


class Lanes:
    """Sends jobs in lanes. A lane sends one message after another.

    As long as a session is bound, the next message leaves as soon as the last one is answered: a
    lane is the waiter of its own requests. ``by_task`` sends a message that has to wait first, and
    ``always_by_task`` says that each has to.
    """

    def __init__(
        self,
        jobs: Iterator[Job],
        settle: Callable[[Job, Outcome], None],
        by_task: Callable[[Job], Coroutine[Any, Any, Outcome]],
        *,
        pool: Pool,
        correlator: Correlator,
        judge: Judge,
        pause: float | None,
        always_by_task: bool,
    ) -> None:
        self.jobs = jobs
        self.settle = settle
        """Gets each message with its outcome, as soon as it has one."""
        self.correlator = correlator
        self.judge = judge
        self.pause = pause
        """As :meth:`Judge.answered` takes it."""
        # Observers and the log read the caller's context, and answers come in another.
        self.in_context = copy_context().run
        self._by_task = by_task
        self._always_by_task = always_by_task
        self._pool = pool
        self._group = asyncio.TaskGroup()
        self._open: set[_Lane] = set()
        self._count = 0
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, count: int) -> None:
        """Send all jobs, in so many lanes. There is a job for each."""
        self._count = count
        async with self._group:
            try:
                for _ in range(count):
                    self.open()
                await self._ended
            finally:
                self._cancel()

    def open(self) -> None:
        """Begin a lane, in place of one that was closed."""
        lane = _Lane(self)
        self._open.add(lane)
        lane.send_next()

    def close(self, lane: _Lane) -> None:
        """The lane sends no more. It may still hear of what it has sent."""
        self._open.discard(lane)

    def end(self, lane: _Lane) -> None:
        """No message is left for the lane."""
        self.close(lane)
        self._count -= 1
        if not self._count:
            self._ended.set_result(None)

    def session_for(self, job: Job) -> SmppSession | None:
        """The session that can send it now; None if it has to wait."""
        if self._always_by_task or job.not_before:
            return None
        return self._pool.ready()

    def leave(self, lane: _Lane, job: Job, outcome: Outcome | None = None) -> None:
        """Let a task send a message that has no outcome yet, and begin a new lane after that."""
        self.close(lane)
        self._group.create_task(self._turn(job, outcome))

    async def _turn(self, job: Job, outcome: Outcome | None) -> None:
        self.settle(job, outcome or await self._by_task(job))
        self.open()

    def _cancel(self) -> None:
        with ExitStack() as stack:
            # It calls each, whatever another raises.
            for lane in self._open:
                stack.callback(lane.cancel)
        self._open.clear()


class _Lane:
    __slots__ = ("_exchange", "_job", "_lanes", "_number", "_session")

    _job: Job
    _session: SmppSession
    _number: int
    """What the correlator knows the request by."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._exchange: Exchange[SubmitSmResp] | None = None

    def done(self) -> bool:
        return self._exchange is None

    def set_result(self, answer: Pdu) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._lanes.in_context(self._answered, exchange, answer)

    def set_exception(self, error: DevinoError) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._lanes.in_context(self._failed, exchange, error)

    def cancel(self) -> None:
        """Nobody awaits the outcome of the request that this lane has made."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._give_up(exchange, asyncio.CancelledError())

    def send_next(self) -> None:
        """Send the next message. If there is none, this lane ends."""
        job = next(self._lanes.jobs, None)
        if job is None:
            self._lanes.end(self)
        else:
            self._job = job
            self._send()

    def _send(self) -> None:
        """Send the next part of the message."""
        lanes, job = self._lanes, self._job
        session = lanes.session_for(job)
        if session is None:
            lanes.leave(self, job)
            return
        self._session = session
        self._number = lanes.correlator.begin()
        try:
            self._exchange = session.begin(job.part, self, attempt=job.attempt)
        except Exception as bug:  # noqa: BLE001 - as below
            lanes.correlator.end(self._number, "", job.origin)
            # By a task: if it is so with each message, this would call itself too often.
            lanes.leave(self, job, lanes.judge.failed(job, bug_ended(bug)))

    def _answered(self, exchange: Exchange[SubmitSmResp], answer: Pdu) -> None:
        lanes, job, session = self._lanes, self._job, self._session
        outcome: Outcome
        try:
            message_id = ""
            try:
                ours = session.end(exchange, answer)
                if not ours.command_status:
                    message_id = ours.message_id
            finally:
                lanes.correlator.end(self._number, message_id, job.origin)
            outcome = lanes.judge.answered(job, session, ours, lanes.pause)
        except Exception as bug:  # noqa: BLE001 - the other messages' outcomes are not to be lost
            outcome = lanes.judge.failed(job, bug_ended(bug))
        if outcome is _REQUEST:
            self._send()
        else:
            lanes.settle(job, outcome)
            self.send_next()

    def _failed(self, exchange: Exchange[SubmitSmResp], error: DevinoError) -> None:
        lanes, job = self._lanes, self._job
        try:
            self._give_up(exchange, error)
        except Exception as bug:  # noqa: BLE001 - as above
            error = bug_ended(bug)
        if isinstance(error, ConnectFailed):
            # Nothing was written: there may be another session.
            lanes.leave(self, job)
        else:
            lanes.settle(job, lanes.judge.failed(job, error))
            # A late answer is for this lane, and it may not be taken for that of another message.
            lanes.close(self)
            lanes.open()

    def _give_up(self, exchange: Exchange[SubmitSmResp], error: BaseException) -> None:
        lanes, origin = self._lanes, self._job.origin
        try:
            self._session.give_up(exchange, self, error, partial(lanes.judge.late, origin))
        finally:
            lanes.correlator.end(self._number, "", origin)
