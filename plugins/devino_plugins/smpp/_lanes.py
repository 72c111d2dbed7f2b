"""Many messages side by side, and no task for each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any

from devino_codecs.smpp import Pdu, SubmitSmResp
from devino_core import ConnectFailed, DevinoError
from devino_core.dispatch import bug_ended
from devino_core.push import Correlator

from ._exchange import Exchange
from ._judge import Job, Judge, Next, Outcome
from ._pool import Pool
from ._session import SmppSession

__all__ = ["Lanes"]

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
        self.settle = settle
        """Gets each message with its outcome, as soon as it has one."""
        self.correlator = correlator
        self.judge = judge
        self.pause = pause
        """As :meth:`Judge.answered` takes it."""
        self.context = copy_context()
        """The caller's. Each lane has a copy, as a task would."""
        self.open: set[_Lane] = set()
        """The lanes that go on."""
        self._jobs = jobs
        self._by_task = by_task
        self._always_by_task = always_by_task
        self._pool = pool
        self._group = asyncio.TaskGroup()
        self._count = 0
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Cancelled as soon as the caller is, and then no other message begins."""

    async def run(self, count: int) -> None:
        """Send all jobs, in so many lanes. There is a job for each."""
        self._count = count
        async with self._group:
            try:
                for _ in range(count):
                    self.begin_next()
                await self._ended
            finally:
                self._ended.cancel()
                self._cancel()

    def next_job(self) -> Job | None:
        """The next message to send. None ends whoever asked, and the last of them ends the call."""
        job = None if self._ended.done() else next(self._jobs, None)
        if job is None:
            self._count -= 1
            if not self._count and not self._ended.done():
                self._ended.set_result(None)
        return job

    def begin_next(self) -> None:
        """Begin a lane with the next message, in place of a lane that was closed."""
        job = self.next_job()
        if job is not None:
            self._begin(job)

    def session_for(self, job: Job) -> SmppSession | None:
        """The session that can send it now; None if it has to wait."""
        if self._always_by_task or job.not_before:
            return None
        return self._pool.ready()

    def begin_task(self, job: Job, outcome: Outcome | None = None) -> None:
        """Begin a task in place of a lane that was closed. It sends this message if it has no
        outcome yet."""
        if not self._ended.done():
            self._group.create_task(self._work(job, outcome))

    async def _work(self, job: Job, outcome: Outcome | None) -> None:
        """Send one message after another as long as each has to wait. Then begin a lane."""
        self.settle(job, outcome or await self._by_task(job))
        while following := self.next_job():
            if self.session_for(following) is not None:
                self._begin(following)
                return
            self.settle(following, await self._by_task(following))

    def _begin(self, job: Job) -> None:
        lane = _Lane(self, job)
        self.open.add(lane)
        lane.start()

    def _cancel(self) -> None:
        for lane in list(self.open):
            # A bug in the log of one neither keeps the others nor changes how the call ends.
            with suppress(Exception):
                lane.cancel()


class _Lane:
    """Sends one message at a time, and is the waiter of its own requests."""

    __slots__ = ("_exchange", "_in_context", "_job", "_lanes", "_number", "_session")

    _session: SmppSession
    _number: int
    """What the correlator knows the request by."""

    def __init__(self, lanes: Lanes, job: Job) -> None:
        self._lanes = lanes
        self._job = job
        self._exchange: Exchange[SubmitSmResp] | None = None
        # Answers come in another context, and observers and the log read the caller's.
        self._in_context = lanes.context.copy().run

    def start(self) -> None:
        """Send the first message."""
        self._in_context(self._send)

    def done(self) -> bool:
        return self._exchange is None

    def set_result(self, answer: Pdu) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._in_context(self._answered, exchange, answer)

    def set_exception(self, error: DevinoError) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._in_context(self._failed, exchange, error)

    def cancel(self) -> None:
        """Nobody awaits the outcome of the request that this lane has made."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            try:
                self._in_context(self._give_up, exchange, asyncio.CancelledError())
            finally:
                self._close()

    def _send(self) -> None:
        """Send the next part of the message."""
        lanes, job = self._lanes, self._job
        session = lanes.session_for(job)
        if session is None:
            self._close()
            lanes.begin_task(job)
            return
        self._session = session
        self._number = lanes.correlator.begin()
        try:
            self._exchange = session.begin(job.part, self, attempt=job.attempt)
        except Exception as bug:  # noqa: BLE001 - as below
            lanes.correlator.end(self._number, "", job.origin)
            self._close()
            # By a task: if it is so with each message, this would call itself too often.
            lanes.begin_task(job, lanes.judge.failed(job, bug_ended(bug)))

    def _answered(self, exchange: Exchange[SubmitSmResp], answer: Pdu) -> None:
        lanes = self._lanes
        outcome = self._outcome(exchange, answer)
        if outcome is not _REQUEST:
            lanes.settle(self._job, outcome)
            job = lanes.next_job()
            if job is None:
                self._close()
                return
            self._job = job
        self._send()

    def _outcome(self, exchange: Exchange[SubmitSmResp], answer: Pdu) -> Outcome:
        """What an answer makes of the message."""
        lanes, job, session = self._lanes, self._job, self._session
        try:
            message_id = ""
            try:
                ours = session.conclude(exchange, answer)
                if not ours.command_status:
                    message_id = ours.message_id
            finally:
                lanes.correlator.end(self._number, message_id, job.origin)
            return lanes.judge.answered(job, session, ours, lanes.pause)
        except Exception as bug:  # noqa: BLE001 - the other messages' outcomes are not to be lost
            # Its traceback has this frame: with a name here it would hold itself.
            return lanes.judge.failed(job, bug_ended(bug))

    def _failed(self, exchange: Exchange[SubmitSmResp], error: DevinoError) -> None:
        lanes, job = self._lanes, self._job
        ended = self._given_up(exchange, error)
        # A late answer is for this lane, and it may not be taken for that of another message.
        self._close()
        if isinstance(ended, ConnectFailed):
            # Nothing was written: there may be another session.
            lanes.begin_task(job)
        else:
            lanes.settle(job, lanes.judge.failed(job, ended))
            lanes.begin_next()

    def _given_up(self, exchange: Exchange[SubmitSmResp], error: DevinoError) -> DevinoError:
        """Give the request up. Gives the error that it ended with."""
        try:
            self._give_up(exchange, error)
        except Exception as bug:  # noqa: BLE001 - as above
            return bug_ended(bug)
        return error

    def _give_up(self, exchange: Exchange[SubmitSmResp], error: BaseException) -> None:
        lanes, origin = self._lanes, self._job.origin
        try:
            self._session.give_up(exchange, self, error, partial(lanes.judge.late, origin))
        finally:
            lanes.correlator.end(self._number, "", origin)

    def _close(self) -> None:
        """Send no more."""
        self._lanes.open.discard(self)
        # A session may remember this lane for long, and what the lane knows is large.
        del self._lanes, self._job, self._in_context
