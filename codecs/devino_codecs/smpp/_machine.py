"""One end of an SMPP session without I/O: octets and the time go in, octets and events come out.

The owner moves octets between :class:`SessionMachine` and a connection, and wakes it at its
deadline::

    ESME: send(BindTransceiver(...))  ->  Answered  ->  send(SubmitSm(...))  ->  Answered
    SMSC: Received(BindTransceiver)   ->  reply(..., BindTransceiverResp())  ->  Received  ->  ...

Every request given to :meth:`SessionMachine.send` ends in exactly one outcome: :class:`Answered`,
:class:`Unanswered` (it was written, and nobody knows what became of it) or :class:`NeverSent`. A
request counts as written as soon as :meth:`SessionMachine.data_to_send` has given it out.
"""

from __future__ import annotations

from math import inf
from typing import Any, TypeVar

from ._codec import (
    DECODERS,
    EncodedRequest,
    check_strictly,
    encode,
)
from ._codes import CommandStatus
from ._errors import FramingError, PduError, StateError
from ._events import (
    Answered,
    Broken,
    Late,
    NeverSent,
    Reason,
    Received,
    Refused,
    SessionEvent,
    Unanswered,
    Unmatched,
)
from ._faults import fault_status
from ._framing import Framer
from ._header import RESPONSE
from ._interpret import salvaged
from ._life import Life
from ._pdus import (
    ANSWER_TYPES,
    PDU_TYPES,
    AnyPdu,
    BindRequest,
    DataSm,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    Unbind,
    UnbindResp,
    UnknownPdu,
)
from ._settings import SessionSettings
from ._states import BOUND_BY, Role, SessionState

__all__ = ["SessionMachine"]

C = TypeVar("C")

_OPEN, _CLOSED = SessionState.OPEN, SessionState.CLOSED
_DEFAULT = SessionSettings()
_MOST_HELD = 1000
"""How many PDUs may wait for the answer to a bind."""


class SessionMachine(Life[C]):
    """One end of a session, from the beginning of the connection (``now``) to its end.

    Events come from :meth:`receive` and :meth:`handle_deadline`. Call the latter when
    :meth:`deadline` is reached. After any call write what :meth:`data_to_send` gives. The owner
    knows its requests by a ``C``, such as a future.

    The machine itself answers ``enquire_link`` and ``unbind``, and PDUs that are broken, unknown or
    out of place. The owner answers all other requests of the peer with :meth:`reply`.
    """

    def __init__(self, role: Role, now: float, settings: SessionSettings = _DEFAULT) -> None:
        super().__init__(role, now, settings)
        self._owed: dict[int, int] = {}
        """:attr:`peer_requests` by ``sequence_number``. A peer may use a number twice."""
        self._framer = Framer(settings.max_command_length)
        self._events: list[SessionEvent[C]] = []
        """The events of calls that return none."""
        self._bind: Pdu | None = None
        """The peer's bind while it awaits :meth:`reply`. What follows it depends on the answer."""
        self._held: list[bytes] = []
        """The PDUs that came after it."""
        self._early: list[Pdu] = []
        """Deliveries that came before the answer to this end's bind."""

    @property
    def in_flight(self) -> int:
        """How many requests are in the window."""
        return self._window.in_flight

    @property
    def framing_error(self) -> FramingError | None:
        """Why the stream's framing is lost, if it is. ``header`` holds what came instead."""
        return self._framer.error

    @property
    def enquiry(self) -> int | None:
        """The number of an ``enquire_link`` of this end that awaits its answer."""
        return self._enquiry

    @property
    def waiting(self) -> int:
        """How many requests wait for room in the window."""
        return self._window.waiting

    def send(
        self,
        request: Pdu | EncodedRequest[Pdu],
        now: float,
        context: C,
        *,
        timeout: float | None = None,
    ) -> int:
        """Send a request, or let it wait for room. Gives its number, for :meth:`cancel`.

        ``timeout`` is in seconds (``response_timeout`` if None), and counts from when there is
        room. A bind whose answer has status 0 makes the session bound.

        Raises :exc:`StateError` where state or role do not allow the request, :exc:`ValueError` for
        a timeout that is not above 0 and finite, and :exc:`~devino_codecs.EncodeError` for a value
        that does not fit. Then nothing has happened.
        """
        kind = request.kind if isinstance(request, EncodedRequest) else type(request)
        answer = self._sendable.get(kind)
        if answer is None:
            raise self._forbidden(kind)
        if timeout is None:
            timeout = self.settings.response_timeout
        elif not 0 < timeout < inf:
            raise ValueError(f"timeout is {timeout}, expected a number of seconds above 0")
        window = self._window
        number = window.next_number()
        octets = encode(request, number)
        window.add(number, octets, answer, context, timeout, now)
        if answer in BOUND_BY:
            self._sendable = {}  # one bind at a time
        return number

    def notify(self, pdu: Pdu) -> None:
        """Send what has no answer: ``outbind``, ``alert_notification``. Raises as :meth:`send`."""
        if type(pdu) not in self._notices:
            raise self._forbidden(type(pdu))
        self._put(pdu, self._window.next_number())

    def reply(self, request: Pdu, answer: Pdu) -> bool:
        """Answer a request that was :class:`Received`. False: the session has ended meanwhile.

        The answer to a bind makes the session bound if its status is 0. Raises
        :exc:`StateError` for an answer of another kind, and when no answer is owed.
        """
        if self.state is _CLOSED:
            return False
        kind = type(answer)
        if kind is not ANSWER_TYPES.get(type(request)):
            raise StateError(f"{kind.__name__} does not answer {type(request).__name__}")
        octets = self._encoded(answer, request.sequence_number)
        self._settle(request)
        self._window.put(octets)
        if self.state is _OPEN and kind in BOUND_BY and not answer.command_status:
            self._enter(BOUND_BY[kind])
        elif self._peer_unbind is not None:
            self._answer_unbind(self._events)
        if request is self._bind:
            self._go_on()
        return True

    def forget(self, request: Pdu) -> None:
        """Never answer what was :class:`Received`, so that an ``unbind`` of the peer need not wait.

        Raises :exc:`StateError` when no answer is owed, unless the session has ended.
        """
        if self.state is not _CLOSED:
            self._settle(request)
            if request.defect is not None:
                self._count_nonsense(self._heard, self._events)
            self._answer_unbind(self._events)
            if request is self._bind:
                self._go_on()

    def cancel(self, number: int, now: float) -> Unanswered[C] | NeverSent[C] | None:
        """Give a request up. Returns its outcome, which no event repeats; None if it had one.

        A request that was written keeps its room in the window until its answer comes, which is
        then :class:`Late`, or until its timeout.
        """
        outcome = self._window.cancel(number)
        self._window.fill(now)
        return outcome

    def pause(self, until: float) -> None:
        """Send no request until this time, as after ESME_RTHROTTLED."""
        self._window.hold(until)

    def unbind(self, now: float) -> None:
        """Leave. Requests that wait are never sent; those in the window may still be answered.

        :class:`Closed` follows when the peer answers or when its answer is overdue. If this session
        was never bound, it follows at once.
        """
        if self.is_bound:
            self._send_unbind(now, Reason.UNBOUND, self._events)
        elif self.state is _OPEN:
            self._close(Reason.UNBOUND, self._events)

    def abort(self) -> list[SessionEvent[C]]:
        """Leave at once and write nothing more. Gives all outcomes, and :class:`Closed`."""
        return self._cut(Reason.ABORTED)

    def eof(self) -> list[SessionEvent[C]]:
        """The connection has ended. Gives all outcomes, and :class:`Closed`."""
        return self._cut(Reason.PEER_CLOSED)

    def data_to_send(self) -> bytes:
        """All that is to be written. From now on it counts as written."""
        return self._window.take()

    def deadline(self) -> float | None:
        """When to call :meth:`handle_deadline`, None for never. Ask again after any other call.

        It may be too early, and is never too late: a timer that is set for earlier can stay.
        """
        if self._events:
            return -inf
        if self.state is _CLOSED:
            return None
        wake = min(self._wake, self._window.wake)
        return None if wake == inf else wake

    def handle_deadline(self, now: float) -> list[SessionEvent[C]]:
        """Do what is due: give up requests, ask whether the peer is there, unbind, close."""
        events, self._events = self._events, []
        if self.state is _CLOSED:
            return events
        self._window.wake_up(now, events)
        if self._peer_unbind is not None:
            if self._grace is not None and self._grace <= now:
                self._grace = None
            self._answer_unbind(events)
            if self.state is _CLOSED:
                return events
        if self._own_deadline() <= now:
            if self.state is _OPEN:
                self._close(Reason.NOT_BOUND, events)
            elif self.state is SessionState.UNBINDING:
                self._give_up_unbind(events)
            elif self._enquiry is not None:
                self._send_unbind(now, Reason.LINK_DEAD, events)
            else:
                self._enquiry = self._window.next_number()
                self._patience = now + self.settings.response_timeout
                self._put(EnquireLink(), self._enquiry)
        self._wake = self._own_deadline()
        return events

    def receive(self, data: bytes, now: float) -> list[SessionEvent[C]]:
        """Take in what was read. Half a PDU waits for its other half."""
        events, self._events = self._events, []
        if self.state is _CLOSED or self._framer.error:
            return events
        frames = self._framer.feed(data)
        if frames:
            self._heard = now
        if self._bind is None:
            self._take_frames(frames, now, events)
        else:
            self._held += frames
            if len(self._held) > _MOST_HELD:
                self._close(Reason.FLOODED, events)
        return events

    def _take_frames(self, frames: list[bytes], now: float, events: list[SessionEvent[C]]) -> None:
        # Before the session is bound, an answer may be to a bind and needs a closer look.
        is_open = self.state is _OPEN
        answered = self._window.answered
        owed = self._owed
        strict = self.settings.strict
        left = iter(frames)
        pdu: Any
        for frame in left:
            first = frame[4]
            try:
                pdu = DECODERS[first][frame[7]](frame)  # decode() inlined: a frame has a header
                if strict and not frame[-1] and isinstance(pdu, Pdu):
                    check_strictly(frame, type(pdu))
            except PduError as error:
                self._take_broken(error, frame, now, events)
            else:
                number, kind = pdu.sequence_number, type(pdu)
                if first >= 0x80:
                    request = None if is_open else answered(number, kind)
                    if request is not None:
                        events.append(Answered(request.context, pdu))
                        continue
                    self._take_answer(pdu, now, events)
                elif kind in self._answerable:
                    owed[number] = owed.get(number, 0) + 1
                    self.peer_requests += 1
                    events.append(Received(pdu))
                    if is_open and self.state is _OPEN:
                        # It is a bind, and what follows it has to wait for its answer.
                        self._bind, self._held = pdu, list(left)
                        return
                    continue
                else:
                    self._take_request(pdu, now, events)
            if self.state is _CLOSED:
                return
        if self._framer.error:
            self._lose_framing(self._framer.error, events)
        elif self._peer_unbind is not None:
            self._answer_unbind(events)
        else:
            self._window.fill(now)

    def _go_on(self) -> None:
        """The peer's bind has its answer: take in what came after it."""
        held, self._held, self._bind = self._held, [], None
        if self.state is _CLOSED:
            return
        self._take_frames(held, self._heard, self._events)

    def _owe(self, pdu: Pdu, events: list[SessionEvent[C]]) -> None:
        """The owner is to answer this."""
        self._owed[pdu.sequence_number] = self._owed.get(pdu.sequence_number, 0) + 1
        self.peer_requests += 1
        events.append(Received(pdu))

    def _settle(self, request: Pdu) -> None:
        number = request.sequence_number
        others = self._owed.pop(number, 0) - 1
        if others < 0:
            raise StateError(f"no answer to {type(request).__name__} {number} is owed")
        if others:
            self._owed[number] = others
        self.peer_requests -= 1

    def _take_answer(self, pdu: AnyPdu, now: float, events: list[SessionEvent[C]]) -> None:
        """Any answer but the usual ones: to a bind, to the machine's own requests, to nothing."""
        number = pdu.sequence_number
        if isinstance(pdu, UnknownPdu):
            events.append(Unmatched(pdu))
            self._count_nonsense(now, events)
            return
        kind = type(pdu)
        request = self._window.answered(number, kind)
        if request is not None:
            events.append(Answered(request.context, pdu))
            if request.answer in BOUND_BY:
                self._take_bind_answer(pdu, events)
        elif number == self._enquiry and kind in (EnquireLinkResp, GenericNack):
            self._enquiry = None
            self._wake = min(self._wake, self._own_deadline())
        elif number == self._unbind and kind in (UnbindResp, GenericNack):
            self._close(self._closing, events)
        elif late := self._window.forgotten(number):
            events.append(Late(late[0], pdu))
            if kind in BOUND_BY:
                self._take_bind_answer(pdu, events)
        else:
            events.append(Unmatched(pdu))
            self._count_nonsense(now, events)

    def _take_bind_answer(self, pdu: Pdu, events: list[SessionEvent[C]]) -> None:
        """Be bound, or open to another bind. A late answer counts too: it has bound the peer."""
        if self.state is _OPEN:
            bound = type(pdu) in BOUND_BY and not pdu.command_status
            self._enter(BOUND_BY[type(pdu)] if bound else _OPEN)
            early, self._early = self._early, []
            if bound:
                for delivery in early:
                    self._owe(delivery, events)

    def _take_request(self, pdu: AnyPdu, now: float, events: list[SessionEvent[C]]) -> None:
        """Any request that the owner does not answer."""
        kind = type(pdu)
        if isinstance(pdu, DeliverSm | DataSm) and self._awaits_bind():
            self._early.append(pdu)
        elif isinstance(pdu, UnknownPdu) or kind not in self._acceptable:
            events.append(Refused(pdu, self._refuse(pdu)))
            self._count_nonsense(now, events)
        elif kind is EnquireLink:
            self._put(EnquireLinkResp(), pdu.sequence_number)
            self._count_nonsense(now, events)
        elif kind is Unbind:
            self._peer_unbind = pdu.sequence_number
            if self.is_bound:
                self._window.end_waiting(Reason.PEER_UNBOUND, events)
                self._wind_up(now)
                if self.settings.unbind_grace:
                    self._grace = now + self.settings.unbind_grace
                    self._wake = min(self._wake, self._grace)
        else:
            events.append(Received(pdu))

    def _refuse(self, pdu: AnyPdu) -> int | None:
        """Answer a request that the peer may not send. Returns the status, None for no answer."""
        if isinstance(pdu, UnknownPdu):
            return self._nack(CommandStatus.ESME_RINVCMDID, pdu.sequence_number)
        answer = ANSWER_TYPES.get(type(pdu))
        if answer is None:
            return None
        again = isinstance(pdu, BindRequest) and self.state is not _OPEN
        status = CommandStatus.ESME_RALYBND if again else CommandStatus.ESME_RINVBNDSTS
        self._put(answer(command_status=status), pdu.sequence_number)
        return status

    def _awaits_bind(self) -> bool:
        """Whether this end has asked to be bound, and a centre may think that it is."""
        return (
            self.role is Role.ESME
            and self.state is _OPEN
            and not self._sendable
            and len(self._early) < _MOST_HELD
        )

    def _take_broken(
        self, error: PduError, frame: bytes, now: float, events: list[SessionEvent[C]]
    ) -> None:
        header, kind = error.header, PDU_TYPES[error.header.command_id]
        answer = ANSWER_TYPES.get(kind)
        if header.is_response:
            # The header is enough: the status, and the request that it answers.
            events.append(Broken(error, frame, None))
            self._take_answer(salvaged(frame, kind, error), now, events)
        elif kind in (EnquireLink, Unbind):
            self._take_request(salvaged(frame, kind, error), now, events)
        elif self._is_to_salvage(kind):
            events.append(Broken(error, frame, None))
            pdu = salvaged(frame, kind, error)
            if kind in self._answerable:
                self._owe(pdu, events)
            else:
                self._early.append(pdu)
        else:
            status = None
            if answer is not None:
                status = fault_status(error.path)
                if kind not in self._acceptable:
                    status = int(CommandStatus.ESME_RINVBNDSTS)
                self._put(answer(command_status=status), header.sequence_number)
            events.append(Broken(error, frame, status))
            self._count_nonsense(now, events)

    def _is_to_salvage(self, kind: type[Pdu]) -> bool:
        if kind not in (DeliverSm, DataSm) or not self.settings.salvage_deliveries:
            return False
        return kind in self._answerable or self._awaits_bind()

    def _lose_framing(self, error: FramingError, events: list[SessionEvent[C]]) -> None:
        self._nack(CommandStatus.ESME_RINVCMDLEN, error.header.sequence_number)
        self._close(Reason.FRAMING_LOST, events)

    def _cut(self, reason: Reason) -> list[SessionEvent[C]]:
        events, self._events = self._events, []
        if self.state is not _CLOSED:
            expected = reason is Reason.PEER_CLOSED and self._unbind is not None
            self._close(self._closing if expected else reason, events)
        self._window.discard()
        return events

    def _forbidden(self, kind: type[Pdu]) -> StateError:
        name = kind.__name__
        if issubclass(kind, Unbind):
            return StateError("leave with unbind()")
        if kind.command_id & RESPONSE:
            return StateError(f"{name} is an answer: give it to reply()")
        return StateError(f"an {self.role.name} may not send {name} in state {self.state.value}")
