"""The journal: every call that the sandbox received, or made, of any protocol.

A service reports through :func:`World.journal <devino_sandbox.Journal>`: what a call is, and what
became of it. What was said is kept as it came, and turned into something to read, with credentials
masked, only when somebody looks (:class:`CallView`). So a call costs a few microseconds.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from time import perf_counter
from typing import Any, Protocol, Self, TypeAlias

import msgspec

from devino_codecs.masking import Kind, Kinds
from devino_core.clock import Clock

from ._faults import Drop, DropAnswer, Fault, Hang
from ._messages import StoredMessage

__all__ = [
    "LONGEST",
    "USUAL",
    "CallLine",
    "CallView",
    "Journal",
    "Record",
    "Said",
    "Wire",
    "wire_of",
]

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


USUAL: Kinds = dict.fromkeys(
    (
        "password", "passwd", "pwd", "pass", "secret", "token", "access_token", "key",
        "sessionid", "session_id", "session", "apikey", "api_key", "api-key", "x-apikey",
        "x-api-key", "x-auth-token",
    ),
    Kind.SECRET,
)  # fmt: skip
"""What is masked where no service says what its values are."""


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


KindsOf: TypeAlias = Callable[[Any], tuple[Kinds, Kinds]]


class Said(Protocol):
    """What was said in one direction, as it came. It may hold credentials; its Wire has none."""

    @property
    def call_id(self) -> str | None:
        """The client's own name of the call, if this tells it."""
        ...

    def wire(self, kinds: Kinds, path: str) -> Wire:
        """The same for people. ``kinds`` says what is a credential, ``path`` what the segments of
        a path are."""
        ...


def wire_of(data: bytes, size: int, *, head: str = "", decoded: str | None = None) -> Wire:
    """What is masked, as a Wire: text if it is some, else hexadecimal. ``size``: of the whole."""
    truncated = size > LONGEST
    try:
        # What is cut may end within a character.
        text = data.decode(errors="ignore" if truncated else "strict")
    except UnicodeDecodeError:
        text, is_hex = data.hex(" "), True
    else:
        is_hex = "\0" in text
        text = data.hex(" ") if is_hex else text
    return Wire(
        head=head, body=text, is_hex=is_hex, size=size, truncated=truncated, decoded=decoded
    )


class Record(msgspec.Struct, eq=False):
    """A call while it lasts, and afterwards. Its repr shows nothing of what was said."""

    journal: Journal
    at: datetime
    """When it began, by the World's clock."""
    began: float
    """The same by this machine's."""
    request: Said
    id: int = 0
    protocol: str = ""
    operation: str | None = None
    peer: str | tuple[str, int] = ""
    answer: Said | None = None
    outcome: str | None = None
    code: object = None
    """What the answer says in the protocol's own words, if that is a refusal."""
    failed: bool = False
    refused: bool = False
    """A message that it brought was refused."""
    fault: int | None = None
    action: object = None
    messages: tuple[str, ...] = ()
    kinds: KindsOf | None = None
    """Tells what the values of ``asked`` are, and of its answer, if the service says."""
    asked: object = None
    seconds: float | None = None
    before: Record | None = None
    """The call that was being carried out when this one began to be."""

    def __repr__(self) -> str:
        return f"Record({self.id} {self.protocol} {self.operation})"

    # msgspec gives rich an attribute list of its own, which would print what was said.
    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("id", self.id), ("protocol", self.protocol), ("operation", self.operation)]

    def enter(
        self, protocol: str, peer: str | tuple[str, int], operation: str | None = None
    ) -> Self:
        """Put it into the journal, if it is not there."""
        if not self.protocol:
            self.protocol, self.operation, self.peer = protocol, operation, peer
            journal = self.journal
            if journal.keeps:
                self.id = journal.next_id
                journal.next_id += 1
                journal.latest.append(self)
        return self

    def __enter__(self) -> None:
        """What happens in the block, which must not await, belongs to this call."""
        self.before, self.journal.now = self.journal.now, self

    def __exit__(self, *exc_info: object) -> None:
        self.journal.now, self.before = self.before, None

    def end(self, outcome: str, *, failed: bool = False) -> None:
        """It is over. A second time changes nothing, and so does a call that was never entered."""
        if self.seconds is not None or not self.protocol:
            return
        self.seconds = perf_counter() - self.began
        self.outcome = outcome if self.code is None else f"{outcome} code {self.code}"
        self.failed = failed or self.code is not None or self.refused
        journal = self.journal
        journal.totals[self.protocol, self.failed] += 1
        if journal.hears:
            for hear in journal.hears:
                hear(self)

    def broke(self, otherwise: str) -> None:
        """It ends without an answer: by a fault, or ``otherwise``."""
        # What it would have said went nowhere.
        self.code = None
        self.end(_ENDINGS.get(type(self.action), otherwise), failed=True)

    def line(self) -> CallLine:
        """It in one line."""
        return CallLine(
            id=self.id,
            at=self.at,
            protocol=self.protocol,
            operation=self.operation,
            peer=self.peer if isinstance(self.peer, str) else "{}:{}".format(*self.peer),
            outcome="waiting" if self.outcome is None else self.outcome,
            failed=self.failed,
            fault=self.fault,
            messages=self.messages,
            seconds=self.seconds,
            call_id=self.request.call_id,
        )

    def view(self) -> CallView:
        """It with what was said."""
        asked, told = (USUAL, USUAL) if self.kinds is None else self.kinds(self.asked)
        path = self.operation or ""
        answer = None if self.answer is None else self.answer.wire(told, path)
        line = msgspec.structs.asdict(self.line())
        return CallView(**line, request=self.request.wire(asked, path), answer=answer)


class Journal:
    """The latest calls of a World, at most ``keep`` of them; 0: none.

    A call that is carried out at once is ``now`` meanwhile, it is a context for that:
    what the World takes or refuses then, and the fault that strikes, belong to it.
    """

    def __init__(self, clock: Clock, keep: int = 1000) -> None:
        if type(keep) is not int or keep < 0:
            raise ValueError(f"calls is {keep!r}, expected a whole number of 0 or more")
        self.clock: Clock = clock
        self.keeps: bool = keep > 0
        """It remembers calls."""
        self.latest: deque[Record] = deque(maxlen=keep)
        """Those that are remembered, oldest first, also ones that are not over."""
        self.next_id: int = 1
        self.now: Record | None = None
        """The call that is being carried out."""
        self.hears: tuple[Callable[[Record], None], ...] = ()
        """Who is told of each call that is over, see :meth:`subscribe`."""
        self.totals: Counter[tuple[str, bool]] = Counter()
        """Calls that are over, by protocol and whether they failed."""

    @property
    def is_read(self) -> bool:
        """Somebody may look: it remembers calls, or tells of them."""
        return self.keeps or bool(self.hears)

    def record(self, request: Said) -> Record:
        """A call that begins now. It is in the journal from :meth:`Record.enter` on."""
        return Record(self, self.clock.now(), perf_counter(), request)

    def called(
        self,
        protocol: str,
        operation: str | None,
        kinds: KindsOf | None = None,
        asked: object = None,
    ) -> None:
        """Say what the current call is. When somebody looks, ``kinds(asked)`` tells what the values
        in request and answer are."""
        if self.now is not None:
            self.now.protocol, self.now.operation = protocol, operation
            self.now.kinds, self.now.asked = kinds, asked

    def refused(self, code: object) -> None:
        """Say that the current call is refused, and with which code of its protocol."""
        if self.now is not None:
            self.now.code = code

    def struck(self, number: int, fault: Fault) -> None:
        """Say that this fault strikes the current call."""
        if self.now is not None:
            self.now.fault, self.now.action = number, fault.action

    def brought(self, messages: Sequence[StoredMessage], *, refused: bool = False) -> None:
        """Say that the current call brought these messages."""
        record = self.now
        if record is None:
            return
        if len(messages) == 1:
            # Most calls bring one, which was taken.
            one = messages[0]
            is_plain = not one.refusal and one.submission.part_of is None
            named = str(one.first_id) if is_plain else one.whole.handle
            record.messages = (*record.messages, named)
        else:
            room = _MOST_MESSAGES - len(record.messages)
            record.messages += tuple([one.whole.handle for one in messages[:room]])
        if refused:
            record.refused = True

    def subscribe(self, hear: Callable[[Record], None]) -> Callable[[], None]:
        """Be told of each call that is over. Gives a function that ends it."""
        self.hears += (hear,)

        def end() -> None:
            self.hears = tuple([one for one in self.hears if one is not hear])

        return end

    def call(self, number: int) -> CallView | None:
        """One call; None if it is not remembered."""
        return next((one.view() for one in self.latest if one.id == number), None)

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
            for one in self.latest
            if (protocol is None or one.protocol == protocol)
            and (outcome is None or one.outcome == outcome)
            and (failed is None or one.failed == failed)
            and (before is None or one.id < before)
        ]
        return [one.view() for one in fitting[-limit:]] if limit > 0 else []

    def clear(self) -> None:
        """Forget all calls; the ids go on."""
        self.latest.clear()
        self.totals.clear()
