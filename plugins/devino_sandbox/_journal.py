"""The journal: every call that the sandbox received, or made, of any protocol.

A service reports through :func:`World.journal <devino_sandbox.Journal>`: what a call is, and what
became of it. What was said is kept as it came, and turned into something to read, with credentials
masked, only when somebody looks (:class:`CallView`). So a call costs a few microseconds.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Protocol, Self

import msgspec

from devino_core.clock import Clock

from ._faults import Drop, DropAnswer, Fault, Hang
from ._messages import StoredMessage

__all__ = ["LONGEST", "CallLine", "CallView", "Journal", "Record", "Said", "Wire"]

LONGEST = 64 * 1024
"""Octets of one request or answer that are kept."""
_MOST_MESSAGES = 1000
"""Messages of one call that are named."""

_ENDINGS: dict[type, str] = {
    Drop: "dropped (fault)",
    DropAnswer: "answer dropped (fault)",
    Hang: "no answer (fault)",
}
"""How a fault ends a call that gets no answer."""


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """What was said in one direction. Credentials are ``***``."""

    head: str
    """The first line and the headers, of HTTP; empty elsewhere."""
    body: str
    is_hex: bool = False
    """The body is no text, and is shown in hexadecimal."""
    size: int
    """Octets of the whole body."""
    truncated: bool = False
    """Only its first 64 KiB are shown."""
    decoded: str | None = None
    """The same told field by field, where octets say little to people: a PDU."""


class CallLine(msgspec.Struct, frozen=True, kw_only=True):
    """A call in one line, as ``GET /_sandbox/calls`` lists it."""

    id: int
    at: datetime
    """When it began, by the World's clock."""
    protocol: str
    """As :attr:`Submission.via` names it; ``KIND-callback`` for what the sandbox posted, ``http``
    for what no service has."""
    operation: str | None
    peer: str
    """Host and port, without a path."""
    outcome: str
    """``200``, ``400 code 4``, ``ESME_RINVPASWD``, ``dropped (fault)``, ``not HTTP``, ..."""
    failed: bool
    """It was refused, or got no answer."""
    fault: int | None
    """The failure on order that struck it."""
    messages: tuple[str, ...]
    """Those that it brought, refused ones too, by :attr:`MessageView.id`; the first 1000."""
    seconds: float | None
    """What it took, by this machine's clock; None: it is not over."""
    call_id: str | None
    """The client's own name of it: the header ``X-Request-Id``."""


class CallView(CallLine, frozen=True, kw_only=True):
    """A call with what was said, as ``GET /_sandbox/calls/{id}`` shows it."""

    request: Wire
    answer: Wire | None


class Said(Protocol):
    """What was said in one direction, as it came. It may hold credentials; its Wire has none."""

    @property
    def call_id(self) -> str | None:
        """The client's own name of the call, if this tells it."""
        ...

    def wire(self) -> Wire:
        """The same for people."""
        ...


class Record:
    """A call while it lasts, and afterwards. Its repr shows nothing of what was said."""

    __slots__ = (
        "_began",
        "_journal",
        "action",
        "answer",
        "at",
        "code",
        "failed",
        "fault",
        "id",
        "messages",
        "operation",
        "outcome",
        "peer",
        "protocol",
        "refused",
        "request",
        "seconds",
    )

    def __init__(self, journal: Journal, at: datetime, request: Said) -> None:
        self._journal = journal
        self._began = time.perf_counter()
        self.id = 0
        self.at = at
        self.protocol = ""
        self.operation: str | None = None
        self.peer = ""
        self.request = request
        self.answer: Said | None = None
        self.outcome: str | None = None
        self.code: object = None
        """What the answer says in the protocol's own words, if that is a refusal."""
        self.failed = False
        self.refused = False
        """A message that it brought was refused."""
        self.fault: int | None = None
        self.action: object = None
        self.messages: list[str] = []
        self.seconds: float | None = None

    def __repr__(self) -> str:
        return f"Record({self.id} {self.protocol} {self.operation})"

    def enter(self, protocol: str, peer: str, operation: str | None = None) -> Self:
        """Put it into the journal, if it is not there."""
        if not self.protocol:
            self.protocol, self.operation, self.peer = protocol, operation, peer
            self._journal.add(self)
        return self

    def current(self) -> AbstractContextManager[None]:
        """What happens in the block, which must not await, belongs to this call."""
        return self._journal.during(self)

    def end(self, outcome: str, *, failed: bool = False) -> None:
        """It is over. A second time changes nothing, and so does a call that was never entered."""
        if self.seconds is not None or not self.protocol:
            return
        self.seconds = time.perf_counter() - self._began
        self.outcome = outcome if self.code is None else f"{outcome} code {self.code}"
        self.failed = failed or self.code is not None or self.refused
        self._journal.ended(self)

    def broke(self, otherwise: str) -> None:
        """It ends without an answer: by a fault, or ``otherwise``."""
        self.end(_ENDINGS.get(type(self.action), otherwise), failed=True)

    def line(self) -> CallLine:
        """It in one line."""
        return CallLine(
            id=self.id,
            at=self.at,
            protocol=self.protocol,
            operation=self.operation,
            peer=self.peer,
            outcome="waiting" if self.outcome is None else self.outcome,
            failed=self.failed,
            fault=self.fault,
            messages=tuple(self.messages),
            seconds=self.seconds,
            call_id=self.request.call_id,
        )

    def view(self) -> CallView:
        """It with what was said."""
        answer = None if self.answer is None else self.answer.wire()
        line = msgspec.structs.asdict(self.line())
        return CallView(**line, request=self.request.wire(), answer=answer)


class Journal:
    """The latest calls of a World, at most ``keep`` of them; 0: none.

    A call that is carried out at once is the ``current`` one meanwhile, see :meth:`Record.current`:
    what the World takes or refuses then, and the fault that strikes, belong to it.
    """

    def __init__(self, clock: Clock, keep: int = 1000) -> None:
        if type(keep) is not int or keep < 0:
            raise ValueError(f"calls is {keep!r}, expected a whole number of 0 or more")
        self._clock = clock
        self._records: deque[Record] = deque(maxlen=keep)
        self._next_id = 1
        self._current: Record | None = None
        self._hears: list[Callable[[Record], None]] = []
        self.totals: Counter[tuple[str, bool]] = Counter()
        """Calls that are over, by protocol and whether they failed."""

    @property
    def keeps(self) -> bool:
        """It remembers calls."""
        return self._records.maxlen != 0

    @property
    def current(self) -> int:
        """The id of the call that is being carried out; 0: none, or it is not remembered."""
        return 0 if self._current is None else self._current.id

    def record(self, request: Said) -> Record:
        """A call that begins now. It is in the journal from :meth:`Record.enter` on."""
        return Record(self, self._clock.now(), request)

    def add(self, record: Record) -> None:
        """Remember a call; for :meth:`Record.enter`."""
        if self.keeps:
            record.id = self._next_id
            self._next_id += 1
            self._records.append(record)

    @contextmanager
    def during(self, record: Record) -> Iterator[None]:
        """What happens in the block belongs to this call; for :meth:`Record.current`."""
        before, self._current = self._current, record
        try:
            yield
        finally:
            self._current = before

    def called(self, protocol: str, operation: str) -> None:
        """Say what the current call is."""
        if self._current is not None:
            self._current.protocol, self._current.operation = protocol, operation

    def refused(self, code: object) -> None:
        """Say that the current call is refused, and with which code of its protocol."""
        if self._current is not None:
            self._current.code = code

    def struck(self, number: int, fault: Fault) -> None:
        """Say that this fault strikes the current call."""
        if self._current is not None:
            self._current.fault, self._current.action = number, fault.action

    def brought(self, messages: Sequence[StoredMessage]) -> None:
        """Say that the current call brought these messages."""
        if self._current is None:
            return
        named = self._current.messages
        named += [one.handle for one in messages[: max(_MOST_MESSAGES - len(named), 0)]]
        self._current.refused |= any(one.reason is not None for one in messages)

    def ended(self, record: Record) -> None:
        """A call is over."""
        self.totals[record.protocol, record.failed] += 1
        for hear in tuple(self._hears):
            hear(record)

    def subscribe(self, hear: Callable[[Record], None]) -> Callable[[], None]:
        """Be told of each call that is over. Gives a function that ends it."""
        self._hears.append(hear)

        def end() -> None:
            if hear in self._hears:
                self._hears.remove(hear)

        return end

    def records(self) -> Sequence[Record]:
        """Those that are remembered, oldest first, also ones that are not over."""
        return tuple(self._records)

    def call(self, number: int) -> CallView | None:
        """One call; None if it is not remembered."""
        return next((one.view() for one in self._records if one.id == number), None)

    def calls(
        self,
        *,
        protocol: str | None = None,
        outcome: str | None = None,
        failed: bool | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> list[CallView]:
        """The latest ``limit`` that fit, oldest first; ``before``: of those before this id."""
        fitting = [
            one
            for one in self._records
            if (protocol is None or one.protocol == protocol)
            and (outcome is None or one.outcome == outcome)
            and (failed is None or one.failed == failed)
            and (before is None or one.id < before)
        ]
        return [one.view() for one in fitting[-limit:]] if limit > 0 else []

    def clear(self) -> None:
        """Forget all calls; the ids go on."""
        self._records.clear()
        self.totals.clear()
