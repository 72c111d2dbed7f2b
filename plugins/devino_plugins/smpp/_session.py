"""A session over a connection: the codec's machine, an asyncio transport and a clock."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from typing import Any, Self, TypeAlias, TypeVar

from devino_codecs.smpp import (
    Answered,
    BindRequest,
    Broken,
    Closed,
    CommandId,
    EncodedRequest,
    GenericNack,
    Late,
    NeverSent,
    Pdu,
    Reason,
    Received,
    RequestPdu,
    Role,
    SessionEvent,
    SessionMachine,
    SessionSettings,
    StateError,
    Unanswered,
)
from devino_core import ConnectFailed, DevinoError, OutcomeUnknown
from devino_core.clock import Clock, done_within
from devino_core.observe import Calls, Running
from devino_core.seldom import Seldom

from ._answers import acknowledgement, nacked, refusal
from ._exchange import Exchange, Waiter
from ._seen import Seen
from ._timer import Timer
from ._wire import Wire

__all__ = ["UNANSWERED", "SmppSession"]

A = TypeVar("A", bound=Pdu)

OnLate: TypeAlias = Callable[[Pdu], None]

_log = logging.getLogger("devino.smpp")

UNANSWERED = "sent and not answered: "
"""How the error of a request begins that was sent; the reason follows."""
_KEPT_LATE = 1000
_UNBIND_TIMEOUT = 5.0
_BURSTS = 3
"""The first request after a pause leaves alone. Those after it leave in this many writes a window.
With one write, each end would wait for the other in turn. With many, the writing itself would take
longest."""
_UNREAD = 2**20
"""When so many octets wait to be written, nothing more is read."""


class SmppSession:
    """A bound session: requests out, and an iterator of what comes in.

    ::

        async for pdu in session:
            ...

    gives the ``deliver_sm``, ``data_sm`` and ``alert_notification`` of the centre. Each is answered
    with status 0 when the next one is asked for, unless :meth:`reply` has answered it before. If
    the body of the loop fails, the PDU is not acknowledged: another loop gets it again, and after
    the session's end the centre sends it again. A bare ``anext(session)`` continues the last loop
    and acknowledges what that was given, so begin another loop after a failure.

    A PDU that is broken is given, too, with what can be read of it: its ``defect`` says what is
    wrong. At most ``incoming`` PDUs wait. Further ones are left to the centre, unacknowledged, and
    :attr:`left` counts them. The iterator ends with the session, and :attr:`ended` says why.
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
        """For :func:`connect`. ``on_request`` takes the place of the iterator."""
        loop = asyncio.get_running_loop()
        self.protocol: asyncio.Protocol = Wire(self._attach, self._receive, self._detach)
        """What a transport calls."""
        self.ended: Reason | None = None
        """Why the session is over, None while it is not."""
        self.left: int = 0
        """How many requests of the centre were left unacknowledged."""
        self._machine: SessionMachine[Waiter] = SessionMachine(
            Role.ESME, clock.monotonic(), settings
        )
        self._clock = clock
        self._now = clock.monotonic
        self._create_future = loop.create_future
        self._call_soon = loop.call_soon
        self._timer = Timer(clock, self._at_deadline)
        self._rests_until = -inf
        self._transport: asyncio.Transport | None = None
        self._burst = max(settings.window // _BURSTS, 1)
        self._unwritten = 0
        """How many requests were made since octets were last written."""
        self._corked = False
        """Whether :meth:`_flush` will run soon. Octets may wait for it."""
        self._on_request = on_request or SmppSession._enqueue
        self._on_end = on_end
        self._incoming: deque[Pdu] = deque()
        self._incoming_limit = incoming
        self._is_full = False
        self._given: Pdu | None = None
        """What the iterator gave last, until it is answered."""
        self._reader: asyncio.Future[None] | None = None
        self._seen: Seen | None = None
        """Who is told of the requests, if anybody."""
        self._late: OrderedDict[Waiter, OnLate] = OrderedDict()
        self._warn = Seldom(_log, clock)
        self._debug = Seldom(_log, clock, level=logging.DEBUG)
        self._end: asyncio.Future[Reason] = loop.create_future()
        self._lost: asyncio.Future[None] = loop.create_future()
        """Done when the connection is gone."""

    @property
    def foreign_octets(self) -> bytes:
        """What the peer sent instead of a PDU, if the framing is lost: 16 octets."""
        error = self._machine.framing_error
        return b"" if error is None else error.header.octets

    @property
    def is_bound(self) -> bool:
        return self._machine.is_bound

    @property
    def is_resting(self) -> bool:
        """Whether a :meth:`pause` is on."""
        return self._now() < self._rests_until

    @property
    def load(self) -> int:
        """How many requests are unanswered or wait for room in the window."""
        return self._machine.in_flight + self._machine.waiting

    def observe(self, calls: Calls, peer: str) -> None:
        """From now on the requests of this session are calls of a channel."""
        self._seen = Seen(calls, peer)

    def refusal(self, answer: Pdu) -> DevinoError:
        """The error of an answer to :meth:`request` whose status is not 0."""
        return refusal(answer) if self._seen is None else self._seen.refusal_of(answer)

    async def request(
        self,
        pdu: RequestPdu[A] | EncodedRequest[A],
        *,
        timeout: float | None = None,
        on_late: OnLate | None = None,
        attempt: int = 1,
    ) -> A:
        """Send a request as soon as the window has room. Gives its answer, whatever its status.

        A ``generic_nack`` is given as an answer with its status. ``timeout`` is in seconds, and
        counts from when there is room; None is ``response_timeout``. If the request ends otherwise
        and its answer comes later, the answer goes to ``on_late``. ``attempt`` says to observers
        how often it was made before, counted from 1.

        Raises OutcomeUnknown if the request was written and not answered, ConnectFailed if it was
        not written, and EncodeError for a value that does not fit or a PDU that this session may
        not send. If the call is cancelled, nobody knows whether the request was written.
        """
        future = self._create_future()
        exchange = self.begin(pdu, future, timeout=timeout, attempt=attempt)
        try:
            answer = await future
        except BaseException as error:
            if on_late is not None and _has_answer(future):
                # It was cancelled just before its answer came.
                on_late(future.result())
                on_late = None
            self.give_up(exchange, future, error, on_late)
            raise
        return self.conclude(exchange, answer)

    def begin(
        self,
        pdu: RequestPdu[A] | EncodedRequest[A],
        waiter: Waiter,
        *,
        timeout: float | None = None,
        attempt: int = 1,
    ) -> Exchange[A]:
        """:meth:`request` without a task: ``waiter`` gets the answer, or the error, as a future
        does.

        Pass what it gets to :meth:`conclude` or :meth:`give_up`. Raises ConnectFailed and
        EncodeError.
        """
        now, seen = self._now(), self._seen
        try:
            number = self._machine.send(pdu, now, waiter, timeout=timeout)
        except StateError:
            if self.is_bound or (isinstance(pdu, BindRequest) and self.ended is None):
                raise
            raise self._over() from None
        if not self._corked:
            # The first request leaves at once; those after it leave together.
            self._cork()
            self._write()
        else:
            self._unwritten += 1
            if self._unwritten >= self._burst:
                # So that the centre has something to do while further requests are made.
                self._write()
        is_watched = seen is not None and seen.calls.is_watched
        call = seen.begin(pdu, attempt, number) if seen is not None and is_watched else None
        return Exchange(pdu, number, now, attempt, is_watched, call)

    def conclude(self, exchange: Exchange[A], answer: Any) -> A:
        """A request has its answer. Gives it as one of the request's own kind."""
        if type(answer) is GenericNack:
            answer = nacked(exchange.kind, answer)
        seen = self._seen
        if seen is not None:
            if exchange.call is not None or answer.command_status:
                seen.answered(self._call(seen, exchange), answer)
            elif exchange.is_watched:
                seen.taken(exchange.pdu, exchange.attempt, exchange.since)
        return answer  # type: ignore[no-any-return]  # the machine has seen to its class

    def give_up(
        self,
        exchange: Exchange[Any],
        waiter: Waiter,
        error: BaseException,
        on_late: OnLate | None = None,
    ) -> None:
        """A request ended with this error, or, by CancelledError, nobody awaits it any more.

        If its answer comes after all, ``on_late`` gets it.
        """
        if isinstance(error, asyncio.CancelledError):
            self._machine.cancel(exchange.number, self._now())
            if not self._corked:
                self._cork()
        if on_late is not None:
            self._late[waiter] = on_late
            if len(self._late) > _KEPT_LATE:
                self._late.popitem(last=False)
        if self._seen is not None:
            self._seen.failed(self._call(self._seen, exchange), error)

    def reply(self, request: Pdu, answer: Pdu | None = None) -> bool:
        """Answer a request of the centre, with status 0 if ``answer`` is None.

        Gives False once the session has ended. Raises EncodeError for an answer that does not fit.
        """
        if request is self._given:
            self._given = None
        if answer is None:
            answer = acknowledgement(request)
            if answer is None:
                return not self.ended
        replied = self._machine.reply(request, answer)
        if not self._corked:
            self._cork()
        return replied

    def leave(self, request: Pdu) -> None:
        """Leave a request to the centre: never answer it, and let no ``unbind`` wait for that."""
        if isinstance(request, RequestPdu):
            self.left += 1
            self._machine.forget(request)
            if not self._corked:
                self._cork()

    def pause(self, seconds: float) -> None:
        """Send no request for so long, as after ESME_RTHROTTLED."""
        self._rests_until = self._now() + seconds
        self._machine.pause(self._rests_until)
        if not self._corked:
            self._cork()

    def __aiter__(self) -> Self:
        if self._given is not None:
            # The body of the last loop failed on it.
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
        """Wait for the session's end. Gives the reason."""
        return await asyncio.shield(self._end)

    async def aclose(self) -> None:
        """Unbind and close the connection. The centre has 5 seconds to answer."""
        self._machine.unbind(self._now())
        self._flush()
        try:
            await done_within(self._clock, _UNBIND_TIMEOUT, self._lost)
        finally:
            self.abort()
        await asyncio.shield(self._lost)

    def abort(self) -> None:
        """Close the connection at once, and write nothing more."""
        self._take(self._machine.abort())
        if self._transport is not None:
            self._transport.abort()

    def _attach(self, transport: asyncio.Transport) -> None:
        # Far more than a window of requests: only a peer that sends and never reads gets there.
        transport.set_write_buffer_limits(high=_UNREAD)
        self._transport = transport

    def _receive(self, data: bytes) -> None:
        was_corked, self._corked = self._corked, True
        try:
            self._take(self._machine.receive(data, self._now()))
        finally:
            if not was_corked:
                # The tasks that were just woken run first, so that their requests leave together.
                self._call_soon(self._flush)
        if self._seen is not None and self._seen.enquiry is not None:
            _tell(self._seen.enquires, self._machine.enquiry)

    def _detach(self) -> None:
        self._take(self._machine.eof())
        if not self._lost.done():
            self._lost.set_result(None)

    def _take(self, events: Iterable[SessionEvent[Waiter]]) -> None:
        for event in events:
            if isinstance(event, Answered):
                if not event.context.done():
                    event.context.set_result(event.answer)
            elif isinstance(event, Received):
                if self._seen is not None:
                    _tell(self._seen.received, event.pdu)
                self._hand_over(event.pdu)
            elif isinstance(event, Unanswered):
                _fail(event.context, OutcomeUnknown(UNANSWERED + event.reason.value))
            elif isinstance(event, NeverSent):
                _fail(event.context, ConnectFailed(f"not sent: {event.reason.value}"))
            elif isinstance(event, Late):
                on_late = self._late.pop(event.context, None)
                if on_late is not None:
                    on_late(event.answer)
            elif isinstance(event, Closed):
                self._finish(event.reason)
            elif isinstance(event, Broken):
                header = event.error.header
                _tell(
                    self._warn,
                    "the centre sent a %s (sequence_number %s, %s octets) that cannot be read "
                    "whole: %s",
                    CommandId(header.command_id).name.lower(),
                    header.sequence_number,
                    len(event.octets),
                    event.error,
                )
            else:
                kind = type(event).__name__
                _tell(self._debug, "the centre sent what is out of place: %s", kind)

    def _hand_over(self, pdu: Pdu) -> None:
        """Hand a request on. A failure ends neither the session nor other requests."""
        try:
            self._on_request(self, pdu)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is about this PDU alone
            # The error may quote the PDU, and the PDU holds what a subscriber wrote.
            _tell(
                _log.error,
                "a %s could not be taken: %s\n%s",
                type(pdu).__name__,
                type(error).__name__,
                "".join(traceback.format_tb(error.__traceback__)),
            )
            # An acknowledgement says that somebody has it. The centre will send it again.
            with suppress(StateError):
                self.leave(pdu)

    def _enqueue(self, pdu: Pdu) -> None:
        if len(self._incoming) < self._incoming_limit:
            self._is_full = False
            self._incoming.append(pdu)
            self._wake_reader()
        else:
            if not self._is_full:
                _log.warning(
                    "%s PDUs wait to be iterated: more are left to the centre",
                    self._incoming_limit,
                )
            self._is_full = True
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
        self._unwritten = 0
        data = self._machine.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)

    def _at_deadline(self, now: float) -> None:
        self._take(self._machine.handle_deadline(now))
        if self._seen is not None:
            _tell(self._seen.enquires, self._machine.enquiry)
        self._flush()

    def _finish(self, reason: Reason) -> None:
        self.ended = reason
        if self._seen is not None:
            _tell(self._seen.session_ended, reason)
        self._write()
        if self._transport is not None:
            self._transport.close()
        self._timer.cancel()
        _tell(self._warn.tell)
        _tell(self._debug.tell)
        self._end.set_result(reason)
        self._wake_reader()
        if self._on_end is not None:
            self._on_end(self)

    def _call(self, seen: Seen, exchange: Exchange[Any]) -> Running:
        """A request as observers and the log see it."""
        return exchange.call or seen.late(exchange.pdu, exchange.attempt, exchange.since)

    def _over(self) -> ConnectFailed:
        reason = self.ended.value if self.ended else "it is being unbound"
        return ConnectFailed(f"the session is over, this request was not sent: {reason}")


def _fail(waiter: Waiter, error: DevinoError) -> None:
    if not waiter.done():
        waiter.set_exception(error)


def _has_answer(future: asyncio.Future[Pdu]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _tell(tell: Callable[..., object], *args: object) -> None:
    """Tell observers or the log. A bug of theirs is not the session's."""
    try:
        tell(*args)
    except Exception as bug:  # noqa: BLE001 - the other events of the session are not to be lost
        # Its text may quote what a subscriber wrote.
        message = f"a line of devino.smpp could not be logged: {type(bug).__name__}"
        asyncio.get_running_loop().call_exception_handler({"message": message})
