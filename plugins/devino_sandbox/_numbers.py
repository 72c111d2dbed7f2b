"""What becomes of a message by the number or the address that it goes to, as tables.

- ``799900000NN`` (11 digits): an SMS to it ends in the platform's SMS state NN (08, 10, 11, 41, 42,
  46, 47, 48, 69 or 99), a Viber message in the Viber state NN (01 to 08); 14 is as 04, but what
  goes in its place goes a minute later;
- ``799900009NN``: an SMS to it ends in the state -NN (01, 02, 03, 10, 20, 30, 40, 97 or 98);
- ``7999000200N``: a Viber message is not delivered, for the reason N: 1 the subscriber has blocked
  the sender, 2 has no Viber, 3 no suitable device; 4 and 5 bad data and parameters, 6 a bad type,
  7 a blocked type, 8 unknown. Of WhatsApp: 1 the same, 2 no template fits;
- ``79990000255`` is taken and charged, and then not found by any state request;
- ``79990003ABC``: A is the fate of a VK message, B that of a message by Viber or WhatsApp, C that
  of an SMS:
  0 delivered, 1 undelivered, 2 expired at the end of its validity, 3 failed, 4 sent and silent for
  ever, 5 late (expired, and delivered 60 seconds after), 6 read; 7 to 9 are as 0;
- every other number gets its SMS, and reads its messages of a messenger.

What becomes of a mail is chosen by the name before ``@fate.test``:

- ``notsent``, ``sent``, ``delivered``, ``read``, ``clicked``: that is its last state;
- ``bounced``: there is no such mailbox; ``bounced.REASON``, as ``bounced.spam-related``: it comes
  back for this reason, or is not sent at all where the reason says so;
- ``late-bounced``: it comes back after it was delivered; ``rejected``: it is not sent;
- ``unsubscribed``, ``complained``: its reader wants no more mails, or calls this one spam;
- ``notfound``: it is taken and charged, and then not found by any state request;
- every other mail is read.

What a protocol answers at once is its service's: :mod:`devino_sandbox.services.smpp` has numbers
that choose a ``command_status``, and :func:`chosen` makes such a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import IntEnum
from functools import lru_cache
from typing import TypeVar

import msgspec

from devino_core import Medium, State

from ._fates import Consent, Fate, Step

__all__ = ["LIVES", "Life", "bounced", "chosen", "default_fate", "filtered"]

CodeT = TypeVar("CodeT", bound=IntEnum)

_DIGITS = 11
_BY_STATE = "799900000"
_BELOW_ZERO = "799900009"
_NEVER_FOUND = "79990000255"
_CHAIN = "79990003"
_LATE = _PAUSE = timedelta(seconds=60)
_BY_REASON = "7999000200"


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """How the messages of one medium live."""

    default: Fate
    price: str
    """For one segment, in the account's currency, unless the World says otherwise."""
    by_state: Mapping[int, Fate] = {}
    """The fates that a number of the form 799900000NN chooses, by NN."""
    below_zero: Mapping[int, Fate] = {}
    """The fates that a number of the form 799900009NN chooses, by NN."""
    by_digit: Mapping[int, Fate] = {}
    """The fates that a number of the form 79990003ABC chooses, by the digit of this medium."""
    digit: int | None = None
    """Which digit of such a number is this medium's, counted from 0."""
    by_reason: Mapping[int, Fate] = {}
    """The fates that a number of the form 7999000200N chooses, by N."""


def _fate(*steps: Step) -> Fate:
    return Fate((_SENT, *steps))


_SENT, _DELIVERED, _READ, _CLICKED = map(
    Step, (State.ENROUTE, State.DELIVERED, State.READ, State.CLICKED)
)
_LOST, _FAILED = Step(State.UNDELIVERABLE), Step(State.UNDELIVERABLE, "ERROR")
_OVERDUE = Step(State.EXPIRED, at_expiry=True)

_ARRIVED, _SEEN, _SILENT = _fate(_DELIVERED), _fate(_DELIVERED, _READ), _fate()
_BY_DIGIT: Mapping[int, Fate] = {
    0: _ARRIVED,
    1: _fate(_LOST),
    2: _fate(_OVERDUE),
    3: _fate(_FAILED),
    4: _SILENT,
    5: _fate(_OVERDUE, Step(State.DELIVERED, after=_LATE)),
    6: _SEEN,
    **dict.fromkeys((7, 8, 9), _ARRIVED),
}


def _losses(*reasons: str) -> Mapping[int, Fate]:
    return {
        number: _fate(Step(State.UNDELIVERABLE, reason)) for number, reason in enumerate(reasons, 1)
    }


_MESSENGER = Life(default=_SEEN, price="1.8")
_OWN: Mapping[Medium, Life] = {
    Medium.SMS: Life(
        default=_ARRIVED,
        price="1.5",
        by_state={
            8: _fate(Step(State.UNDELIVERABLE, "8")),
            10: _fate(Step(State.REJECTED, "WRONG_SOURCE")),
            11: _fate(Step(State.REJECTED, "WRONG_DESTINATION")),
            41: _fate(Step(State.UNDELIVERABLE, "INVALID_DESTINATION")),
            42: _fate(Step(State.REJECTED, "REJECTED_BY_SMSC")),
            46: _fate(Step(State.EXPIRED)),
            47: _fate(Step(State.DELETED)),
            48: _fate(Step(State.REJECTED, "REJECTED_BY_PLATFORM")),
            69: _fate(Step(State.REJECTED)),
            99: _fate(Step(State.UNKNOWN)),
        },
        below_zero={
            1: _SILENT,
            2: Fate(()),
            3: Fate((Step(State.REJECTED, "-3"),)),
            10: Fate((Step(State.ENROUTE, "-10"),)),
            20: Fate((Step(State.ENROUTE, "-20"),)),
            30: Fate((Step(State.ACCEPTED, "-30"),)),
            40: Fate((Step(State.ACCEPTED, "-40"),)),
            97: Fate((Step(State.DELETED, "-97"),)),
            98: Fate((Step(State.ACCEPTED, "-98"),)),
        },
        # An SMS is refused where a messenger's message fails, and is never known to be read.
        by_digit={**_BY_DIGIT, 3: _fate(Step(State.REJECTED)), 6: _ARRIVED},
        digit=10,
    ),
    Medium.VIBER: Life(
        default=_SEEN,
        price="1.8",
        by_state={
            1: _SILENT,
            2: _ARRIVED,
            3: _SEEN,
            4: _fate(_LOST),
            5: _fate(_FAILED),
            6: _fate(Step(State.UNKNOWN)),
            7: _fate(Step(State.EXPIRED)),
            8: _fate(_DELIVERED, _READ, _CLICKED),
            14: _fate(msgspec.structs.replace(_LOST, resend_after=_PAUSE)),
        },
        by_digit=_BY_DIGIT,
        digit=9,
        by_reason=_losses(
            "USER_BLOCKED",
            "NOT_VIBER_USER",
            "NO_SUITABLE_DEVICE",
            "BAD_DATA",
            "BAD_PARAMETERS",
            "ERROR_INSTANT_MESSAGE_TYPE_FORMAT",
            "BLOCKED_MESSAGE_TYPE",
            "UNKNOWN_ERROR",
        ),
    ),
    Medium.WHATSAPP: msgspec.structs.replace(
        _MESSENGER,
        by_digit=_BY_DIGIT,
        digit=9,
        by_reason=_losses("USER_BLOCKED", "NOT_TEMPLATE_MATCH"),
    ),
    Medium.VK: msgspec.structs.replace(_MESSENGER, by_digit=_BY_DIGIT, digit=8),
    Medium.EMAIL: Life(default=_SEEN, price="0.1"),
}
LIVES: Mapping[Medium, Life] = {medium: _OWN.get(medium, _MESSENGER) for medium in Medium}

_HIDDEN = {
    medium: msgspec.structs.replace(life.default, found=False) for medium, life in LIVES.items()
}


_MAILS = "fate.test"
_NEVER_LEFT = frozenset({"already_unsubscribed", "invalid-sender", "overpackage-related"})
_HARD = frozenset({"bad-mailbox", "bad-domain", "inactive-mailbox"})
_NOT_SENT = "overpackage-related"
_BY_NAME: Mapping[str, Fate] = {
    "notsent": Fate(()),
    "sent": _SILENT,
    "delivered": _ARRIVED,
    "read": _SEEN,
    "clicked": _fate(_DELIVERED, _READ, _CLICKED),
    "unsubscribed": _fate(_DELIVERED, Step(State.READ, consent=Consent.UNSUBSCRIBED)),
    "complained": _fate(_DELIVERED, Step(State.READ, consent=Consent.COMPLAINED)),
    "notfound": _HIDDEN[Medium.EMAIL],
}


@lru_cache(maxsize=100)
def bounced(reason: str, *, late: bool = False) -> Fate:
    """A mail comes back for this reason, ``late`` after it was delivered; or is not sent."""
    if reason in _NEVER_LEFT:
        return filtered(reason)
    back = Step(State.BOUNCED, reason, is_hard=reason in _HARD)
    return _fate(_DELIVERED, msgspec.structs.replace(back, after=_LATE)) if late else _fate(back)


@lru_cache(maxsize=100)
def filtered(reason: str) -> Fate:
    """A mail is not sent, for this reason."""
    return Fate((Step(State.REJECTED, reason, is_hard=reason in _HARD),))


def _mail_fate(to: str) -> Fate:
    name, _, domain = to.lower().rpartition("@")
    if domain == _MAILS:
        first, _, reason = name.partition(".")
        if first == "bounced":
            return bounced(reason or "bad-mailbox")
        if name == "late-bounced":
            return bounced("bad-mailbox", late=True)
        if name == "rejected":
            return bounced(_NOT_SENT)
        if name in _BY_NAME:
            return _BY_NAME[name]
    return LIVES[Medium.EMAIL].default


def chosen(begin: str, table: type[CodeT]) -> Mapping[str, CodeT]:
    """The numbers that choose a code of a table: these digits, then the code as three."""
    return {f"{begin}{code.value:03}": code for code in table}


def default_fate(medium: Medium, to: str) -> Fate:
    """The fate that the number or the address chooses; see this module."""
    if medium is Medium.EMAIL and "@" in to:
        return _mail_fate(to)
    life = LIVES[medium]
    if len(to) != _DIGITS or not to.isdecimal():
        return life.default
    if to == _NEVER_FOUND:
        return _HIDDEN[medium]
    if to.startswith(_BY_STATE):
        return life.by_state.get(int(to[-2:]), life.default)
    if to.startswith(_BELOW_ZERO):
        return life.below_zero.get(int(to[-2:]), life.default)
    if to.startswith(_BY_REASON):
        return life.by_reason.get(int(to[-1]), life.default)
    if to.startswith(_CHAIN) and life.digit is not None:
        return life.by_digit[int(to[life.digit])]
    return life.default
