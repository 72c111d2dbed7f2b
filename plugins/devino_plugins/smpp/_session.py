"""A session over a connection: the codec's machine, an asyncio transport and a clock."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from typing import Self, TypeAlias, cast, overload

from devino_codecs.smpp import (
    Answered,
    BindRequest,
    Broken,
    CancelSm,
    CancelSmResp,
    Closed,
    CommandStatus,
    DataSm,
    DataSmResp,
    EnquireLink,
    EnquireLinkResp,
    Event,
    GenericNack,
    Late,
    NeverSent,
    Pdu,
    QuerySm,
    QuerySmResp,
    Reason,
    Received,
    ReplaceSm,
    ReplaceSmResp,
    Role,
    Session,
    SessionSettings,
    State,
    StateError,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Unanswered,
    response_type,
)
from devino_core import ConnectFailed, OutcomeUnknown
from devino_core.clock import Clock

from ._timer import Timer, done_within

__all__ = ["SmppSession"]

OnLate: TypeAlias = Callable[[Pdu], None]
_Answer: TypeAlias = asyncio.Future[Pdu]

_log = logging.getLogger(__name__)

_BOUND = frozenset({State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX})
_KEPT_LATE = 1000
_UNBIND_TIMEOUT = 5.0
_BURSTS = 3
"""A request from rest leaves alone, and those after it in writes of a window's so many-th part. In
one, each end would wait for the other in turn; in many, writing would take longer than what is
written."""
_UNREAD = 2**20
"""Octets that wait to be written, with which nothing more is read."""


class SmppSession:
    """A bound session: requests out, and an iterator of what comes in.

    ::

        async for pdu in session:
            ...

    gives the ``deliver_sm``, ``data_sm`` and ``alert_notification`` of the centre, and answers
    each with status 0 when the next one is asked for, unless :meth:`reply` did before. So what the
    loop's body did not get through with is not acknowledged: another loop is given it again, and
    once the session has ended the centre sends it again. A bare ``anext(session)`` is a step of the
    loop before it, and acknowledges what that was given: after a failure begin another loop. At
    most ``incoming`` of them wait, and what is beyond is left to the centre in the same way. The
    iterator ends with the session, and :attr:`ended` says why.
    """

    def __init__(
        self,
        settings: SessionSettings,
        *,
        clock: Clock,
        incoming: int,
        on_request: Callable[[SmppSession, Pdu], None] | None = None,
        on_end: Callable[[SmppSession], None] | None = None,
    ) -> None:
        """For :func:`connect`; ``on_request`` takes the iterator's place."""
        loop = asyncio.get_running_loop()
        self.protocol = _Wire(self._attach, self._receive, self._detach)
        """For a transport."""
        self.ended: Reason | None = None
        """Why the session is over, None while it is not."""
        self._machine: Session[_Answer] = Session(Role.ESME, clock.monotonic(), settings)
        self._clock = clock
        self._now = clock.monotonic
        self._create_future = loop.create_future
        self._call_soon = loop.call_soon
        self._timer = Timer(clock, self._at_deadline)
        self._rests_until = -inf
        self._transport: asyncio.Transport | None = None
        self._burst = max(settings.window // _BURSTS, 1)
        self._corked = False
        """Whether :meth:`_flush` will run soon, so that octets may wait for it."""
        self._on_request = on_request or SmppSession._enqueue
        self._on_end = on_end
        self._incoming: deque[Pdu] = deque()
        self._incoming_limit = incoming
        self._given: Pdu | None = None
        """What the iterator gave last, while it is not answered."""
        self._reader: asyncio.Future[None] | None = None
        self._late: OrderedDict[_Answer, OnLate] = OrderedDict()
        self._end: asyncio.Future[Reason] = loop.create_future()
        self._lost: asyncio.Future[None] = loop.create_future()
        """Done when the connection is gone."""

    @property
    def is_bound(self) -> bool:
        return self._machine.state in _BOUND

    @property
    def is_resting(self) -> bool:
        """Whether a :meth:`pause` is on."""
        return self._now() < self._rests_until

    @property
    def load(self) -> int:
        """How many requests are unanswered or wait for room in the window."""
        return self._machine.in_flight + self._machine.waiting

    @overload
    async def request(
        self, pdu: SubmitSm, *, timeout: float | None = None, on_late: OnLate | None = None
    ) -> SubmitSmResp: ...
    @overload
    async def request(
        self, pdu: SubmitMulti, *, timeout: float | None = None, on_late: OnLate | None = None
    ) -> SubmitMultiResp: ...
    @overload
    async def request(
        self, pdu: DataSm, *, timeout: float | None = None, on_late: OnLate | None = None
    ) -> DataSmResp: ...
    @overload
    async def request(
        self, pdu: QuerySm, *, timeout: float | None = None, on_late: OnLate | None = None
    ) -> QuerySmResp: ...
    @overload
    async def request(
        self, pdu: CancelSm, *, timeout: float | None = None, on_late: OnLate | None = None
    ) -> CancelSmResp: ...
    @overload
    async def request(
        self, pdu: ReplaceSm, *, timeout: float | None = None, on_late: OnLate | None = None
    ) -> ReplaceSmResp: ...
    @overload
    async def request(
        self, pdu: EnquireLink, *, timeout: float | None = None, on_late: OnLate | None = None
    ) -> EnquireLinkResp: ...
    @overload
    async def request(
        self, pdu: Pdu, *, timeout: float | None = None, on_late: OnLate | None = None
    ) -> Pdu: ...
    async def request(
        self, pdu: Pdu, *, timeout: float | None = None, on_late: OnLate | None = None
    ) -> Pdu:
        """Send a request, as soon as the window has room, and give its answer, whatever its status.

        A ``generic_nack`` is given as an answer with its status. ``timeout`` is in seconds from
        when there is room, ``response_timeout`` if None. An answer that comes after the request
        has ended otherwise goes to ``on_late``.

        Raises OutcomeUnknown where it was written and not answered, ConnectFailed where it was
        not written, and EncodeError for a value that does not fit or a PDU that this session may
        not send. Who is cancelled cannot know whether it was written.
        """
        future = self._create_future()
        try:
            number = self._machine.send(pdu, self._now(), future, timeout=timeout)
        except StateError:
            if self.is_bound or (isinstance(pdu, BindRequest) and self.ended is None):
                raise
            raise self._over("this request") from None
        if not self._corked:
            # The first one leaves at once, those that follow it together.
            self._cork()
            self._write()
        elif self._machine.unwritten >= self._burst:
            # The centre has something to do while the rest is made.
            self._write()
        try:
            answer = await future
        except BaseException as error:
            self._gave_up(number, future, on_late, error)
            raise
        return answer if type(answer) is not GenericNack else _nacked(pdu, answer)

    def reply(self, request: Pdu, answer: Pdu | None = None) -> bool:
        """Answer a request of the centre; None: with status 0. False once the session has ended.

        Raises EncodeError for an answer that does not fit.
        """
        if request is self._given:
            self._given = None
        if answer is None:
            kind = response_type(request.command_id)
            if kind is None:
                return not self.ended
            answer = kind()
        replied = self._machine.reply(request, answer)
        if not self._corked:
            self._cork()
        return replied

    def leave(self, request: Pdu) -> None:
        """Leave a request to the centre: it is never answered, and no ``unbind`` waits for that."""
        if response_type(request.command_id) is not None:
            self._machine.forget(request)
            if not self._corked:
                self._cork()

    def pause(self, seconds: float) -> None:
        """Let requests wait so long, as after ESME_RTHROTTLED."""
        self._rests_until = self._now() + seconds
        self._machine.pause(self._rests_until)
        if not self._corked:
            self._cork()

    def __aiter__(self) -> Self:
        if self._given is not None:
            # The loop that had it did not get through with it.
            self._incoming.appendleft(self._given)
            self._given = None
        return self

    async def __anext__(self) -> Pdu:
        if self._given is not None:
            self.reply(self._given)
        while not self._incoming:
            if self.ended:
                raise StopAsyncIteration
            if self._reader is not None:
                raise RuntimeError("the session is being iterated already")
            self._reader = self._create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        self._given = self._incoming.popleft()
        return self._given

    async def wait_ended(self) -> Reason:
        """Wait for the session's end; why it ended."""
        return await asyncio.shield(self._end)

    async def aclose(self) -> None:
        """Unbind, and close the connection; without the centre's answer after 5 seconds."""
        self._machine.unbind(self._now())
        self._flush()
        try:
            await done_within(self._clock, _UNBIND_TIMEOUT, self._lost)
        finally:
            self.abort()
        await asyncio.shield(self._lost)

    def abort(self) -> None:
        """Close the connection at once, writing nothing more."""
        self._take(self._machine.abort())
        if self._transport is not None:
            self._transport.abort()

    def _attach(self, transport: asyncio.Transport) -> None:
        # Far more than the requests of a window: it is for a peer that sends and does not read.
        transport.set_write_buffer_limits(high=_UNREAD)
        self._transport = transport

    def _receive(self, data: bytes) -> None:
        self._take(self._machine.receive(data, self._now()))
        if not self._corked:
            # After the tasks that were just woken, so that their requests leave together.
            self._cork()

    def _detach(self) -> None:
        self._take(self._machine.eof())
        if not self._lost.done():
            self._lost.set_result(None)

    def _take(self, events: Iterable[Event[_Answer]]) -> None:
        for event in events:
            if isinstance(event, Answered):
                if not event.context.done():
                    event.context.set_result(event.answer)
            elif isinstance(event, Received):
                self._hand_over(event.pdu)
            elif isinstance(event, Unanswered):
                _fail(event.context, OutcomeUnknown(f"sent and not answered: {event.reason.value}"))
            elif isinstance(event, NeverSent):
                _fail(event.context, ConnectFailed(f"not sent: {event.reason.value}"))
            elif isinstance(event, Late):
                on_late = self._late.pop(event.context, None)
                if on_late is not None:
                    on_late(event.answer)
            elif isinstance(event, Closed):
                self._finish(event.reason)
            elif isinstance(event, Broken):
                _log.warning("the centre sent what cannot be read: %s", event.error)
            else:
                _log.debug("the centre sent what is out of place: %s", type(event).__name__)

    def _hand_over(self, pdu: Pdu) -> None:
        """Hand a request on. What fails on one PDU ends neither the session nor the others."""
        try:
            self._on_request(self, pdu)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is about this PDU alone
            # The message of the error may quote the PDU, and a PDU what a subscriber wrote.
            _log.error(
                "a %s could not be taken: %s\n%s",
                type(pdu).__name__,
                type(error).__name__,
                "".join(traceback.format_tb(error.__traceback__)),
            )
            # As one that cannot be read: the centre would only send it again.
            with suppress(StateError):
                self.reply(pdu)

    def _enqueue(self, pdu: Pdu) -> None:
        if len(self._incoming) < self._incoming_limit:
            self._incoming.append(pdu)
            self._wake_reader()
        else:
            self.leave(pdu)

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _cork(self) -> None:
        self._corked = True
        self._call_soon(self._flush)

    def _flush(self) -> None:
        self._corked = False
        self._write()
        deadline = self._machine.deadline()
        if deadline is not None and deadline < self._timer.at:
            if deadline == -inf:
                self._at_deadline(self._now())
            else:
                self._timer.set(deadline)

    def _write(self) -> None:
        data = self._machine.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)

    def _at_deadline(self, now: float) -> None:
        self._take(self._machine.handle_deadline(now))
        self._flush()

    def _finish(self, reason: Reason) -> None:
        self.ended = reason
        self._write()
        if self._transport is not None:
            self._transport.close()
        self._timer.cancel()
        self._end.set_result(reason)
        self._wake_reader()
        if self._on_end is not None:
            self._on_end(self)

    def _gave_up(
        self, number: int, future: _Answer, on_late: OnLate | None, error: BaseException
    ) -> None:
        """A request ended without an answer, or its answer came when it had just been cancelled."""
        if isinstance(error, asyncio.CancelledError):
            self._machine.cancel(number, self._now())
            if not self._corked:
                self._cork()
        if on_late is None:
            return
        if future.done() and not future.cancelled() and future.exception() is None:
            on_late(future.result())
            return
        self._late[future] = on_late
        if len(self._late) > _KEPT_LATE:
            self._late.popitem(last=False)

    def _over(self, what: str) -> ConnectFailed:
        reason = self.ended.value if self.ended else "it is being unbound"
        return ConnectFailed(f"the session is over, {what} was not sent: {reason}")


class _Wire(asyncio.Protocol):
    """What asyncio calls, without showing it to those who hold a session."""

    def __init__(
        self,
        made: Callable[[asyncio.Transport], None],
        received: Callable[[bytes], None],
        lost: Callable[[], None],
    ) -> None:
        self._transport: asyncio.Transport | None = None
        self._made = made
        self._received = received
        self._lost = lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._made(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def pause_writing(self) -> None:
        # All that is read is answered, and the answers would pile up.
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost()


def _fail(future: _Answer, error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _nacked(request: Pdu, nack: GenericNack) -> Pdu:
    """What a ``generic_nack`` says, as the answer that it stands for."""
    status = nack.command_status or CommandStatus.ESME_RUNKNOWNERR
    kind = response_type(request.command_id) or GenericNack
    return kind(command_status=status, sequence_number=nack.sequence_number)
