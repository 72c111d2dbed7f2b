"""The life of a session: its states, its silences, and how it ends."""

from __future__ import annotations

from math import inf
from typing import Generic, TypeVar

from ._codec import encode, encode_with_body
from ._codes import CommandStatus
from ._events import Closed, Reason, SessionEvent
from ._pdus import ANSWER_TYPES, EnquireLink, GenericNack, Pdu, Unbind, UnbindResp
from ._settings import SessionSettings
from ._states import BOUND, Role, SessionState, may_issue, takes
from ._window import Window

__all__ = ["Life"]

C = TypeVar("C")

_OPEN, _CLOSED = SessionState.OPEN, SessionState.CLOSED


class Life(Generic[C]):
    """What :class:`SessionMachine` is built on: when to ask and to leave, and what is allowed."""

    def __init__(self, role: Role, now: float, settings: SessionSettings) -> None:
        self.role = role
        self.state: SessionState = _OPEN
        self.is_bound: bool = False
        self.settings = settings
        self.peer_requests: int = 0
        """How many requests of the peer await :meth:`SessionMachine.reply`."""
        self._window: Window[C] = Window(settings.window)
        self._nonsense = 0
        """How many PDUs said nothing since ``_nonsense_since``."""
        self._nonsense_since = now
        self._heard = now
        self._patience = inf
        """When to stop waiting: for a bind, or for the answer to an enquiry or an unbind."""
        if settings.bind_timeout is not None:
            self._patience = now + settings.bind_timeout
        self._enquiry: int | None = None
        """The number of an ``enquire_link`` that awaits its answer."""
        self._unbind: int | None = None
        self._peer_unbind: int | None = None
        """The number of the peer's ``unbind``, which is answered after its other requests."""
        self._grace: float | None = None
        """Until when that answer also waits for the answers to this end's requests."""
        self._closing = Reason.UNBOUND
        self._wake = inf
        self._sendable: dict[type, type[Pdu]] = {}
        self._notices: frozenset[type[Pdu]] = frozenset()
        self._acceptable: frozenset[type[Pdu]] = frozenset()
        self._answerable: frozenset[type[Pdu]] = frozenset()
        self._enter(_OPEN)

    def _nack(self, status: CommandStatus, number: int) -> int | None:
        if not self.settings.generic_nack:
            return None
        self._put(GenericNack(command_status=status), number)
        return status

    def _count_nonsense(self, now: float, events: list[SessionEvent[C]]) -> None:
        """A PDU said nothing. Close if there are too many of them in a second."""
        if now - self._nonsense_since >= 1:
            self._nonsense, self._nonsense_since = 0, now
        self._nonsense += 1
        most = self.settings.max_nonsense
        if most is not None and self._nonsense > most:
            self._close(Reason.FLOODED, events)

    def _send_unbind(self, now: float, reason: Reason, events: list[SessionEvent[C]]) -> None:
        self._window.end_waiting(reason, events)
        self._unbind = self._window.next_number()
        self._put(Unbind(), self._unbind)
        self._closing = reason
        self._wind_up(now)

    def _wind_up(self, now: float) -> None:
        """Send no more requests. What the peer may send stays as it was."""
        self.state = SessionState.UNBINDING
        self.is_bound = False
        self._sendable, self._notices = {}, frozenset()
        self._patience = now + self.settings.response_timeout
        self._wake = min(self._wake, self._patience)

    def _answer_unbind(self, events: list[SessionEvent[C]], *, at_once: bool = False) -> None:
        """Answer the peer's ``unbind`` once all its other requests are answered.

        Until :attr:`_grace` is over, it also waits for the peer to answer this end's requests.
        """
        waits = self.peer_requests or (self._grace is not None and self._window.in_flight)
        if self._peer_unbind is None or (waits and not at_once):
            return
        self._put(UnbindResp(), self._peer_unbind)
        self._peer_unbind = None
        if self._unbind is None:
            self._close(Reason.PEER_UNBOUND, events)

    def _give_up_unbind(self, events: list[SessionEvent[C]]) -> None:
        self._answer_unbind(events, at_once=True)
        if self._unbind is not None:
            overdue = self._closing is Reason.UNBOUND
            self._close(Reason.TIMEOUT if overdue else self._closing, events)

    def _close(self, reason: Reason, events: list[SessionEvent[C]]) -> None:
        self._window.end_all(reason, events)
        self._enter(_CLOSED)
        self._peer_unbind = None
        self._wake = inf
        events.append(Closed(reason))

    def _enter(self, state: SessionState) -> None:
        self.state = state
        self.is_bound = state in BOUND
        mine, theirs = may_issue(self.role, state), takes(self.role, state)
        self._sendable = {
            of: ANSWER_TYPES[of] for of in mine if of in ANSWER_TYPES and of is not Unbind
        }
        self._notices = mine - ANSWER_TYPES.keys()
        self._acceptable = theirs
        self._answerable = (theirs & ANSWER_TYPES.keys()) - {EnquireLink, Unbind}
        if state is not _OPEN:
            self._patience = inf
        self._wake = min(self._wake, self._own_deadline())

    def _own_deadline(self) -> float:
        """When to ask whether the peer is there, or to stop waiting for something."""
        idle = self.settings.enquire_after
        if self.is_bound and self._enquiry is None:
            return inf if idle is None else self._heard + idle
        return self._patience if self._grace is None else min(self._patience, self._grace)

    def _put(self, pdu: Pdu, number: int) -> None:
        self._window.put(self._encoded(pdu, number))

    def _encoded(self, pdu: Pdu, number: int) -> bytes:
        if pdu.command_status and self.settings.refusals_have_bodies:
            return encode_with_body(pdu, number)
        return encode(pdu, number)
