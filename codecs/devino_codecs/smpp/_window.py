"""The requests of one end of a session: which are written, which wait, how each of them ends.

The window gives every request exactly one outcome, whatever becomes of the session.
"""

from __future__ import annotations

from collections import OrderedDict
from math import inf
from typing import Any, Generic, TypeVar

import msgspec

from ._events import NeverSent, Reason, SessionEvent, Unanswered
from ._pdus import GenericNack, Pdu

__all__ = ["Window"]

C = TypeVar("C")

_LAST_NUMBER = 0x7FFFFFFF
_KEPT_LATE = 1000
"""How many unanswered requests are remembered, in case their answers come after all."""


class _Pending(msgspec.Struct):
    """A request that is written, or that is among the octets to send."""

    context: Any
    deadline: float
    answer: type[Pdu] | None
    """The class of its answer; None once it was cancelled."""
    batch: int
    """The request is written once the window's batch is a later one."""
    place: int
    """Its index in the octets to send, until it is written."""


class _Waiting(msgspec.Struct):
    """A request for which there is no room yet."""

    context: Any
    octets: bytes
    answer: type[Pdu]
    timeout: float


class Window(Generic[C]):
    """Up to ``size`` requests that await their answers, those that wait for room, and the octets
    to send.

    A request that times out after it was written is remembered for a while. So is one that is
    cancelled after it was written.
    """

    def __init__(self, size: int) -> None:
        self.wake = inf
        """When to call :meth:`wake_up`: this may be too early, and is never too late."""
        self._size = size
        self._out: list[bytes] = []
        """The PDUs to send, answers among them."""
        self._pending: dict[int, _Pending] = {}
        self._waiting: OrderedDict[int, _Waiting] = OrderedDict()
        self._held_until = -inf
        self._batch = 0
        """How often the octets to send were taken."""
        self._number = 0
        self._late: OrderedDict[int, C] = OrderedDict()

    @property
    def in_flight(self) -> int:
        """How many requests are written, or about to be, and have no answer."""
        return len(self._pending)

    @property
    def waiting(self) -> int:
        """How many requests wait for room."""
        return len(self._waiting)

    def next_number(self) -> int:
        """A fresh ``sequence_number``. A number comes again when its last request is long over."""
        self._number = self._number % _LAST_NUMBER + 1
        return self._number

    def put(self, octets: bytes) -> None:
        """Send a PDU whose outcome nobody waits for, such as an answer."""
        self._out.append(octets)

    def take(self) -> bytes:
        """All octets to send, which count as written from now on."""
        out = self._out
        if not out:
            return b""
        self._batch += 1
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        return data

    def discard(self) -> None:
        """Drop the octets to send."""
        self._out.clear()

    def add(
        self, number: int, octets: bytes, answer: type[Pdu], context: C, timeout: float, now: float
    ) -> None:
        """Put a request among the octets to send, or let it wait."""
        pending = self._pending
        if len(pending) < self._size and not self._waiting and self._held_until <= now:
            out, deadline = self._out, now + timeout
            pending[number] = _Pending(context, deadline, answer, self._batch, len(out))
            out.append(octets)
            if deadline < self.wake:
                self.wake = deadline
        else:
            self._waiting[number] = _Waiting(context, octets, answer, timeout)
            if self._held_until > now:
                self.wake = min(self.wake, self._held_until)

    def hold(self, until: float) -> None:
        """Let no request leave before this time."""
        self._held_until = until
        if self._waiting:
            self.wake = min(self.wake, until)

    def fill(self, now: float) -> None:
        """Let requests go that waited for room."""
        while self._waiting and len(self._pending) < self._size and self._held_until <= now:
            number, request = self._waiting.popitem(last=False)
            out, deadline = self._out, now + request.timeout
            self._pending[number] = _Pending(
                request.context, deadline, request.answer, self._batch, len(out)
            )
            out.append(request.octets)
            self.wake = min(self.wake, deadline)

    def answered(self, number: int, answer: type[Pdu]) -> _Pending | None:
        """The request that an answer of this class ends; None if it answers nothing.

        A ``generic_nack`` answers any request.
        """
        request = self._pending.get(number)
        if request is None or request.batch == self._batch:
            return None
        if request.answer is answer or (answer is GenericNack and request.answer is not None):
            del self._pending[number]
            return request
        return None

    def cancel(self, number: int) -> Unanswered[C] | NeverSent[C] | None:
        """Give a request up: its outcome, None if it had one already."""
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            return NeverSent(waiting.context, Reason.CANCELLED)
        request = self._pending.get(number)
        if request is None or request.answer is None:
            return None
        outcome = self._withdrawn(request, Reason.CANCELLED)
        if isinstance(outcome, NeverSent):
            del self._pending[number]
        else:
            # The peer still has it: it keeps its room until it is answered or times out.
            request.answer = None
            self._remember(number, request.context)
        return outcome

    def wake_up(self, now: float, events: list[SessionEvent[C]]) -> None:
        """End the requests that are overdue, let others go, and reckon :attr:`wake` anew."""
        for number, request in list(self._pending.items()):
            if request.deadline <= now:
                self._end(number, Reason.TIMEOUT, events)
        self.fill(now)
        self.wake = min((request.deadline for request in self._pending.values()), default=inf)
        if self._waiting and self._held_until > now:
            self.wake = min(self.wake, self._held_until)

    def end_waiting(self, reason: Reason, events: list[SessionEvent[C]]) -> None:
        """End the requests that wait for room."""
        events += [NeverSent(request.context, reason) for request in self._waiting.values()]
        self._waiting.clear()

    def end_all(self, reason: Reason, events: list[SessionEvent[C]]) -> None:
        """End every request."""
        for number in list(self._pending):
            self._end(number, reason, events)
        self.end_waiting(reason, events)
        self.wake = inf

    def forgotten(self, number: int) -> tuple[C] | None:
        """Forget a request that ended unanswered: its context, in a tuple."""
        if number not in self._late:
            return None
        if number in self._pending:
            del self._pending[number]
        return (self._late.pop(number),)

    def _end(self, number: int, reason: Reason, events: list[SessionEvent[C]]) -> None:
        """End a request without an answer."""
        request = self._pending.pop(number)
        if request.answer is not None:
            outcome = self._withdrawn(request, reason)
            events.append(outcome)
            if isinstance(outcome, Unanswered):
                self._remember(number, request.context)

    def _withdrawn(self, request: _Pending, reason: Reason) -> Unanswered[C] | NeverSent[C]:
        if request.batch != self._batch:
            return Unanswered(request.context, reason)
        self._out[request.place] = b""
        return NeverSent(request.context, reason)

    def _remember(self, number: int, context: C) -> None:
        self._late[number] = context
        if len(self._late) > _KEPT_LATE:
            self._late.popitem(last=False)
