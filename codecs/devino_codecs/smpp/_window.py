"""The requests of one end of a session: which are written, which wait, how each of them ends.

Here it is kept that a request has exactly one outcome, whatever becomes of the session.
"""

from __future__ import annotations

from collections import OrderedDict
from math import inf
from typing import Any, Generic, TypeVar

import msgspec

from ._events import Event, NeverSent, Reason, Unanswered
from ._pdus import Pdu

__all__ = ["Window"]

C = TypeVar("C")

_LAST_NUMBER = 0x7FFFFFFF
_KEPT_LATE = 1000
"""How many unanswered requests are remembered, for an answer that comes after all."""


class _Pending(msgspec.Struct):
    """A request that is written, or among the octets to be."""

    context: Any
    deadline: float
    answer: type[Pdu] | None
    """The class of its answer; None once it was cancelled."""
    batch: int
    """It is written once the window's batch is a later one."""
    place: int
    """Where it stands in :attr:`Window.out` until then."""


class _Waiting(msgspec.Struct):
    """A request for which there is no room yet."""

    context: Any
    octets: bytes
    answer: type[Pdu]
    timeout: float


class Window(Generic[C]):
    """Up to ``size`` requests that are not answered yet, those that wait, and the octets to send.

    A request that times out or is cancelled after it was written is remembered for a while.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.out: list[bytes] = []
        """PDUs to be written, answers among them."""
        self.pending: dict[int, _Pending] = {}
        self.waiting: OrderedDict[int, _Waiting] = OrderedDict()
        self.wake = inf
        """Not later than the first deadline of a request, or the end of a pause that one waits for.
        """
        self.held_until = -inf
        """No request leaves before."""
        self.batch = 0
        """How often the octets to send were taken."""
        self._number = 0
        self._late: OrderedDict[int, C] = OrderedDict()

    def next_number(self) -> int:
        """A fresh ``sequence_number``: it comes round when its last request has long ended."""
        self._number = self._number % _LAST_NUMBER + 1
        return self._number

    def take(self) -> bytes:
        """All octets to send, which from now on count as written."""
        self.batch += 1
        data = self.out[0] if len(self.out) == 1 else b"".join(self.out)
        self.out.clear()
        return data

    def add(
        self, number: int, octets: bytes, answer: type[Pdu], context: C, timeout: float, now: float
    ) -> None:
        """Put a request among the octets to send, or let it wait."""
        if len(self.pending) < self.size and not self.waiting and self.held_until <= now:
            deadline = now + timeout
            self.pending[number] = _Pending(context, deadline, answer, self.batch, len(self.out))
            self.out.append(octets)
            if deadline < self.wake:
                self.wake = deadline
        else:
            self.waiting[number] = _Waiting(context, octets, answer, timeout)
            if self.held_until > now:
                self.wake = min(self.wake, self.held_until)

    def hold(self, until: float) -> None:
        """Let no request leave before."""
        self.held_until = until
        if self.waiting:
            self.wake = min(self.wake, until)

    def fill(self, now: float) -> None:
        """Let requests go that have waited for room."""
        while self.waiting and len(self.pending) < self.size and self.held_until <= now:
            number, request = self.waiting.popitem(last=False)
            deadline = now + request.timeout
            self.pending[number] = _Pending(
                request.context, deadline, request.answer, self.batch, len(self.out)
            )
            self.out.append(request.octets)
            self.wake = min(self.wake, deadline)

    def cancel(self, number: int) -> Unanswered[C] | NeverSent[C] | None:
        """The outcome of a request that the owner gives up, None if it had one already."""
        waiting = self.waiting.pop(number, None)
        if waiting is not None:
            return NeverSent(waiting.context, Reason.CANCELLED)
        request = self.pending.get(number)
        if request is None or request.answer is None:
            return None
        outcome = self._withdrawn(request, Reason.CANCELLED)
        if isinstance(outcome, NeverSent):
            del self.pending[number]
        else:
            # The peer has it still: it keeps its room until it is answered or times out.
            request.answer = None
            self._remember(number, request.context)
        return outcome

    def wake_up(self, now: float, events: list[Event[C]]) -> None:
        """End the requests whose time is over, let others go, and reckon :attr:`wake` anew."""
        for number, request in list(self.pending.items()):
            if request.deadline <= now:
                self.end(number, Reason.TIMEOUT, events)
        self.fill(now)
        self.wake = min((request.deadline for request in self.pending.values()), default=inf)
        if self.waiting and self.held_until > now:
            self.wake = min(self.wake, self.held_until)

    def end(self, number: int, reason: Reason, events: list[Event[C]]) -> None:
        """Take a request out of the window without an answer."""
        request = self.pending.pop(number)
        if request.answer is not None:
            outcome = self._withdrawn(request, reason)
            events.append(outcome)
            if isinstance(outcome, Unanswered):
                self._remember(number, request.context)

    def end_waiting(self, reason: Reason, events: list[Event[C]]) -> None:
        events += [NeverSent(request.context, reason) for request in self.waiting.values()]
        self.waiting.clear()

    def end_all(self, reason: Reason, events: list[Event[C]]) -> None:
        for number in list(self.pending):
            self.end(number, reason, events)
        self.end_waiting(reason, events)
        self.wake = inf

    def forgotten(self, number: int) -> tuple[C] | None:
        """The context of a request that ended unanswered, in a tuple, and forget it."""
        if number not in self._late:
            return None
        if number in self.pending:
            del self.pending[number]
        return (self._late.pop(number),)

    def _withdrawn(self, request: _Pending, reason: Reason) -> Unanswered[C] | NeverSent[C]:
        if request.batch != self.batch:
            return Unanswered(request.context, reason)
        self.out[request.place] = b""
        return NeverSent(request.context, reason)

    def _remember(self, number: int, context: C) -> None:
        self._late[number] = context
        if len(self._late) > _KEPT_LATE:
            self._late.popitem(last=False)
