"""Failures on order: of any protocol, for any call, at any layer.

::

    world.faults.add(Fault(protocol="rest", operation="Sms/Send", nth=2, action=Drop()))
    world.faults.add(Fault(to="79161234567", times=None, action=AnswerError(8)))
    world.faults.add(Fault(chance=0.01, times=None, action=DropAnswer()))

The inspection API takes the same as JSON::

    {"protocol": "rest", "operation": "Sms/Send", "nth": 2, "action": {"do": "drop"}}

What the platform says by calling its customer is a protocol, too: ``KIND-callback``, with the verb
for its operation. A callback can be lost (``Drop``), sent without its answer being heard
(``DropAnswer``), sent again (``Repeat``) or held back (``Hold``); the first two are repeated as
after a silence. No call can be sent again or held back, and a callback suffers none of the other
actions::

    world.faults.add(Fault(protocol="viber-callback", action=Hold(600)))

So is what the platform sends in place of a message that has failed: the protocol ``resend``, with
the medium for its operation. It can be lost (``Drop``) or held back (``Hold``)::

    world.faults.add(Fault(protocol="resend", operation="SMS", action=Hold(60)))
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import cast

import msgspec

from devino_core import phone
from devino_core.suggest import did_you_mean

__all__ = [
    "CALLBACK",
    "RESENDING",
    "Action",
    "AnswerError",
    "AnswerHttp",
    "CallbackAction",
    "Drop",
    "DropAnswer",
    "Fault",
    "Faults",
    "Hang",
    "Hold",
    "Repeat",
]

CALLBACK = "-callback"
"""Ends the names of protocols in which the platform calls its customer."""
RESENDING = "resend"
"""The protocol in which the platform sends what goes in place of a message that has failed."""


class AnswerError(msgspec.Struct, frozen=True, tag_field="do", tag="error"):
    """Answer an error of the protocol instead of carrying the call out."""

    code: int | str
    description: str | None = None
    """None: what the protocol says with this code."""

    def __post_init__(self) -> None:
        if isinstance(self.code, int) and not -(2**31) <= self.code < 2**32:
            raise ValueError("code must fit into 32 bits")


class AnswerHttp(msgspec.Struct, frozen=True, tag_field="do", tag="http"):
    """Answer this HTTP status and body instead, as a proxy on the way might."""

    status: int
    body: str = ""
    content_type: str = "text/html; charset=utf-8"

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError("status must be 200 to 599")
        if not (self.content_type.isascii() and self.content_type.isprintable()):
            raise ValueError("content_type must be printable ASCII")


class Drop(msgspec.Struct, frozen=True, tag_field="do", tag="drop"):
    """Close the connection before anything is carried out."""


class DropAnswer(msgspec.Struct, frozen=True, tag_field="do", tag="drop-answer"):
    """Carry the call out, and close the connection instead of answering."""


class Hang(msgspec.Struct, frozen=True, tag_field="do", tag="hang"):
    """Carry nothing out and never answer, until the client or the sandbox closes."""


class Repeat(msgspec.Struct, frozen=True, tag_field="do", tag="repeat"):
    """Send a callback so many times more, although it was taken."""

    times: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.times <= 100:
            raise ValueError("times must be 1 to 100")


class Hold(msgspec.Struct, frozen=True, tag_field="do", tag="hold"):
    """Send it so many seconds later; what comes after it overtakes it."""

    seconds: float

    def __post_init__(self) -> None:
        if not 0 < self.seconds < 1e9:
            raise ValueError("seconds must be above 0 and below 1e9")


Action = AnswerError | AnswerHttp | Drop | DropAnswer | Hang
"""What can be done to a call."""
CallbackAction = Drop | DropAnswer | Repeat | Hold
"""What can be done to a callback."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls fail, and how. A condition that is None fits every call.

    Raises ValueError for what could never happen.
    """

    action: Action | Repeat | Hold
    protocol: str | None = None
    """As in :attr:`Submission.via`: ``rest``, ``rest-v2``, ...; of callbacks ``KIND-callback``;
    ``resend``."""
    operation: str | None = None
    """In the protocol's own words, in any case: ``Sms/Send``, ``submit_sm``, ..."""
    to: str | None = None
    """A phone number or mail address that is among the recipients, or that a callback is about."""
    nth: int = 1
    """The first call to fail, counted among those that fit."""
    times: int | None = 1
    """How many calls fail from there on; None: all."""
    chance: float | None = None
    """How likely such a call fails, by the World's own seeded dice."""

    def __post_init__(self) -> None:
        for number in (self.nth, self.times):
            if number is not None and not 1 <= number < 2**32:
                raise ValueError("nth and times count from 1, and fit into 32 bits")
        if self.chance is not None and not 0 < self.chance <= 1:
            raise ValueError("chance must be above 0 and at most 1")
        if self.to is not None and "@" not in self.to:
            phone.normalize(self.to)
        if self.protocol is not None and not self.suits(self.protocol):
            raise ValueError(_unfit(self.protocol))

    def suits(self, protocol: str) -> bool:
        """It is about this protocol, which can suffer its action."""
        if protocol == RESENDING:
            # It is no call, so a fault of every call is not about it.
            if self.protocol is None and self.operation is None:
                return False
            return self.protocol in (None, protocol) and isinstance(self.action, Drop | Hold)
        possible = CallbackAction if protocol.endswith(CALLBACK) else Action
        return self.protocol in (None, protocol) and isinstance(self.action, possible)

    def fits(self, protocol: str, operation: str, to: Iterable[str]) -> bool:
        """It is about this call."""
        return (
            self.suits(protocol)
            and (self.operation is None or self.operation.lower() == operation.lower())
            and (self.to is None or _digits(self.to) in map(_digits, to))
        )

    def code_for(self, to: str) -> int | str | None:
        """The code that it orders for the message to this recipient; None: it orders none."""
        if not isinstance(self.action, AnswerError):
            return None
        is_about = self.to is None or _digits(self.to) == _digits(to)
        return self.action.code if is_about else None


class Faults:
    """The failures that are on order, oldest first."""

    def __init__(
        self, seed: int = 0, struck: Callable[[int, Fault], None] = lambda number, fault: None
    ) -> None:
        self._seed = seed
        self._struck = struck
        self._dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._numbers = count(1)
        self._ordered: dict[int, _Ordered] = {}
        self.operations: Mapping[str, Collection[str]] = {}
        """By protocol: what can fail, as far as the services tell; set by the running sandbox."""

    def __bool__(self) -> bool:
        return bool(self._ordered)

    def add(self, fault: Fault) -> int:
        """Order a failure, and get its number. Raises ValueError if no service has such a call."""
        self._check(fault)
        number = next(self._numbers)
        self._ordered[number] = _Ordered(fault)
        return number

    def cancel(self, number: int) -> bool:
        """Cancel one; False if it is not on order."""
        return self._ordered.pop(number, None) is not None

    def clear(self) -> None:
        """Cancel all."""
        self._ordered.clear()

    def reset(self) -> None:
        """Cancel all, and let the dice fall as they did from the start."""
        self.clear()
        self._dice = random.Random(self._seed)  # noqa: S311 - repeatable on purpose

    def listing(self) -> list[Fault]:
        """Those that may still happen."""
        return list(self.numbered().values())

    def numbered(self) -> Mapping[int, Fault]:
        """The same, by their numbers."""
        return {number: ordered.fault for number, ordered in self._ordered.items()}

    def _check(self, fault: Fault) -> None:
        protocol, operation = fault.protocol, fault.operation
        if not self.operations:
            return
        if protocol is not None and protocol not in self.operations:
            raise ValueError(_unknown("protocol", protocol, self.operations))
        told = [names for suited, names in self.operations.items() if fault.suits(suited)]
        if not told:
            raise ValueError("only a callback is repeated or held back, and no service has any")
        names = {name.lower(): name for names in told for name in names}
        if operation is not None and all(told) and operation.lower() not in names:
            raise ValueError(_unknown("operation", operation, names.values()))

    def strike(self, protocol: str, operation: str, to: Sequence[str] = ()) -> Action | None:
        """What a service is to do instead of this call; None: just carry it out.

        Each service asks once for each call, before it carries anything out.
        """
        fault = self._strike(protocol, operation, to)
        return None if fault is None else cast("Action", fault.action)

    def strike_call(self, protocol: str, operation: str, to: Sequence[str] = ()) -> Fault | None:
        """The same, with all that was ordered."""
        return self._strike(protocol, operation, to)

    def strike_callback(self, kind: str, verb: str, to: Sequence[str]) -> CallbackAction | None:
        """What is to happen to a callback of this kind; None: just send it."""
        fault = self._strike(kind + CALLBACK, verb, to)
        return None if fault is None else cast("CallbackAction", fault.action)

    def strike_resending(self, medium: str, to: str) -> Drop | Hold | None:
        """What is to happen to what goes in place of a message; None: just send it."""
        fault = self._strike(RESENDING, medium, [to])
        return None if fault is None else cast("Drop | Hold", fault.action)

    def _strike(self, protocol: str, operation: str, to: Sequence[str]) -> Fault | None:
        struck: Fault | None = None
        for number, ordered in list(self._ordered.items()):
            if not ordered.fault.fits(protocol, operation, to):
                continue
            hit = ordered.count(self._dice)
            if ordered.spent:
                del self._ordered[number]
            if hit and struck is None:
                struck = ordered.fault
                self._struck(number, struck)
        return struck


class _Ordered:
    """A fault and how far it has counted."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._calls = 0
        self._hits = 0

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self._hits >= self.fault.times

    def count(self, dice: random.Random) -> bool:
        """Count a call that fits; whether it fails."""
        self._calls += 1
        fault = self.fault
        if self._calls < fault.nth or (fault.chance is not None and dice.random() >= fault.chance):
            return False
        self._hits += 1
        return True


def _unfit(protocol: str) -> str:
    if protocol == RESENDING:
        return "what is resent is dropped or held back"
    if protocol.endswith(CALLBACK):
        return "a callback is dropped, repeated or held back"
    return f"only a callback is repeated or held back: name a protocol KIND{CALLBACK}"


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
    return f"no {what} {name!r} here: {hint}"


def _digits(number: str) -> str:
    if "@" in number:
        return number.lower()
    try:
        return phone.normalize(number)
    except ValueError:
        return number
