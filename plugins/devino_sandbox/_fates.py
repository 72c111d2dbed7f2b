"""What becomes of a message: the states that it goes through, as tables.

Every fate can be had on purpose by the number that a message goes to:

- ``799900000NN`` (11 digits): an SMS to it ends in the platform's SMS state NN (10, 11, 41, 42,
  46, 47, 48, 69 or 99), a Viber message in the Viber state NN (01 to 08);
- ``79990000255`` is taken and charged, and then not found by any state request;
- every other number gets its SMS, and reads its Viber messages.

What a protocol refuses at once is its service's: :mod:`devino_sandbox.services.smpp` has numbers
that choose a ``command_status``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from devino_codecs.rest import SmsStateCode, ViberStateCode
from devino_core import Medium, State

__all__ = ["LIVES", "Fate", "Life", "Pace", "Step", "Way", "default_fate", "plan"]

_MAGIC = "799900000"
_NEVER_FOUND = "79990000255"


class Step(msgspec.Struct, frozen=True):
    """A state on the way, in the kernel's word and the platform's own.

    ``code`` is the number that the platform gives this state of this medium, as REST and SOAP
    show it; None for media whose protocols each have their own words.
    """

    state: State
    code: int | None = None


Way = tuple[tuple[timedelta, Step], ...]
"""Steps and how long after the sending time each is taken, in order."""


class Fate(msgspec.Struct, frozen=True):
    """The steps of a message after it was queued. ``found``: state requests know the message."""

    steps: tuple[Step, ...]
    found: bool = True


_ACCEPTED = State.ACCEPTED
_PACES = {State.ENROUTE: "sent", State.READ: "read", State.CLICKED: "clicked"}


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast messages live: seconds after the sending time. ``Pace.instant()``: all at once.

    Raises ValueError for times that are negative or out of order.
    """

    sent: float = 0.2
    final: float = 1.0
    """Delivered, or given up."""
    read: float = 2.0
    clicked: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.sent <= self.final <= self.read <= self.clicked:
            raise ValueError("a pace needs 0 <= sent <= final <= read <= clicked, in seconds")

    @classmethod
    def instant(cls) -> Pace:
        """A message is where it ends as soon as it is taken."""
        return cls(sent=0, final=0, read=0, clicked=0)

    def after(self, state: State) -> timedelta:
        """How long after the sending time a message gets to this state."""
        if state is _ACCEPTED:
            return timedelta(0)
        seconds: float = getattr(self, _PACES.get(state, "final"))
        return timedelta(seconds=seconds)


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """How the messages of one medium live."""

    scheduled: Step
    queued: Step
    expired: Step
    """What ends a message whose validity is over before it is delivered."""
    withdrawn: Step = Step(State.DELETED)
    """What ends a message that its sender takes back."""
    default: Fate
    by_code: Mapping[int, Fate] = {}
    """The fates that a number of the form 799900000NN chooses, by NN."""
    price: str
    """For one segment, in the account's currency, unless the World says otherwise."""


def _steps(code_states: Mapping[int, State], *codes: int) -> Fate:
    return Fate(tuple(Step(code_states[code], code) for code in codes))


_SMS: Mapping[int, State] = {
    SmsStateCode.QUEUED: State.ACCEPTED,
    SmsStateCode.SENT: State.ENROUTE,
    SmsStateCode.DELIVERED: State.DELIVERED,
    SmsStateCode.WRONG_SOURCE: State.REJECTED,
    SmsStateCode.WRONG_DESTINATION: State.REJECTED,
    SmsStateCode.INVALID_DESTINATION: State.UNDELIVERABLE,
    SmsStateCode.REJECTED_BY_SMSC: State.REJECTED,
    SmsStateCode.EXPIRED: State.EXPIRED,
    SmsStateCode.DELETED: State.DELETED,
    SmsStateCode.REJECTED_BY_PLATFORM: State.REJECTED,
    SmsStateCode.REJECTED: State.REJECTED,
    SmsStateCode.UNKNOWN: State.UNKNOWN,
}
_VIBER: Mapping[int, State] = {
    ViberStateCode.SENDING: State.ACCEPTED,
    ViberStateCode.SENT: State.ENROUTE,
    ViberStateCode.DELIVERED: State.DELIVERED,
    ViberStateCode.READ: State.READ,
    ViberStateCode.UNDELIVERED: State.UNDELIVERABLE,
    ViberStateCode.ERROR: State.UNDELIVERABLE,
    ViberStateCode.UNKNOWN: State.UNKNOWN,
    ViberStateCode.EXPIRED: State.EXPIRED,
    ViberStateCode.CLICKED: State.CLICKED,
}
# To be read, a Viber message has to be delivered first, and to be clicked, read.
_VIBER_WAYS: Mapping[int, tuple[int, ...]] = {
    ViberStateCode.SENT: (),
    ViberStateCode.READ: (ViberStateCode.DELIVERED, ViberStateCode.READ),
    ViberStateCode.CLICKED: (
        ViberStateCode.DELIVERED,
        ViberStateCode.READ,
        ViberStateCode.CLICKED,
    ),
}

_SENT, _DELIVERED, _READ = (Step(s) for s in (State.ENROUTE, State.DELIVERED, State.READ))

_MESSENGER = Life(
    scheduled=Step(State.SCHEDULED),
    queued=Step(State.ACCEPTED),
    expired=Step(State.EXPIRED),
    default=Fate((_SENT, _DELIVERED, _READ)),
    price="1.8",
)

LIVES: Mapping[Medium, Life] = {
    Medium.SMS: Life(
        scheduled=Step(State.SCHEDULED, SmsStateCode.QUEUED),
        queued=Step(State.ACCEPTED, SmsStateCode.QUEUED),
        expired=Step(State.EXPIRED, SmsStateCode.EXPIRED),
        withdrawn=Step(State.DELETED, SmsStateCode.DELETED),
        default=_steps(_SMS, SmsStateCode.SENT, SmsStateCode.DELIVERED),
        by_code={code: _steps(_SMS, SmsStateCode.SENT, code) for code in _SMS if code > 0},
        price="1.5",
    ),
    Medium.VIBER: Life(
        scheduled=Step(State.SCHEDULED, ViberStateCode.SENDING),
        queued=Step(State.ACCEPTED, ViberStateCode.SENDING),
        expired=Step(State.EXPIRED, ViberStateCode.EXPIRED),
        default=_steps(_VIBER, ViberStateCode.SENT, ViberStateCode.DELIVERED, ViberStateCode.READ),
        by_code={
            code: _steps(_VIBER, ViberStateCode.SENT, *_VIBER_WAYS.get(code, (code,)))
            for code in _VIBER
            if code > 0
        },
        price="1.8",
    ),
    Medium.WHATSAPP: _MESSENGER,
    Medium.VK: _MESSENGER,
    Medium.EMAIL: Life(
        scheduled=Step(State.SCHEDULED),
        queued=Step(State.ACCEPTED),
        expired=Step(State.EXPIRED),
        default=Fate((_SENT, _DELIVERED)),
        price="0.1",
    ),
}

_HIDDEN = {
    medium: msgspec.structs.replace(life.default, found=False) for medium, life in LIVES.items()
}


def default_fate(medium: Medium, to: str) -> Fate:
    """The fate that the number chooses; see this module."""
    life = LIVES[medium]
    if to == _NEVER_FOUND:
        return _HIDDEN[medium]
    if to.startswith(_MAGIC) and len(to) == len(_MAGIC) + 2 and to.isdecimal():
        return life.by_code.get(int(to[-2:]), life.default)
    return life.default


def plan(life: Life, fate: Fate, pace: Pace, validity: timedelta | None) -> Way:
    """When each step is taken, the first at the sending time.

    A message that is not delivered when its validity ends expires then.
    """
    way = [(timedelta(0), life.queued)]
    for step in fate.steps:
        after = pace.after(step.state)
        delivered = way[-1][1].state.is_success
        if validity is not None and after > validity and not delivered:
            way.append((validity, life.expired))
            break
        way.append((after, step))
    return tuple(way)
