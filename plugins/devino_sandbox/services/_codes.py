"""The platform's numbers of states, which REST and SOAP, receipts and the inspection API share."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import cache

from devino_codecs.rest import SmsStateCode, ViberStateCode
from devino_core import Medium, State
from devino_sandbox._fates import Step
from devino_sandbox._messages import StoredMessage

__all__ = ["code_of", "sms_code", "viber_code"]

# The number of a state where the step gives no reason that is a row of the platform's table.
_SMS: Mapping[State, SmsStateCode] = {
    State.SCHEDULED: SmsStateCode.QUEUED,
    State.ACCEPTED: SmsStateCode.QUEUED,
    State.ENROUTE: SmsStateCode.SENT,
    State.DELIVERED: SmsStateCode.DELIVERED,
    State.READ: SmsStateCode.DELIVERED,
    State.CLICKED: SmsStateCode.DELIVERED,
    State.UNDELIVERABLE: SmsStateCode.INVALID_DESTINATION,
    State.BOUNCED: SmsStateCode.INVALID_DESTINATION,
    State.EXPIRED: SmsStateCode.EXPIRED,
    State.REJECTED: SmsStateCode.REJECTED,
    State.DELETED: SmsStateCode.DELETED,
    State.UNKNOWN: SmsStateCode.UNKNOWN,
}
_VIBER: Mapping[State, ViberStateCode] = {
    State.SCHEDULED: ViberStateCode.SENDING,
    State.ACCEPTED: ViberStateCode.SENDING,
    State.ENROUTE: ViberStateCode.SENT,
    State.DELIVERED: ViberStateCode.DELIVERED,
    State.READ: ViberStateCode.READ,
    State.CLICKED: ViberStateCode.CLICKED,
    State.UNDELIVERABLE: ViberStateCode.UNDELIVERED,
    State.BOUNCED: ViberStateCode.UNDELIVERED,
    State.EXPIRED: ViberStateCode.EXPIRED,
    State.REJECTED: ViberStateCode.ERROR,
    # There is no row for what was taken back.
    State.DELETED: ViberStateCode.UNKNOWN,
    State.UNKNOWN: ViberStateCode.UNKNOWN,
}


def sms_code(step: Step, table: type[IntEnum] | None = None) -> int:
    """The number of an SMS's state. If ``table`` lacks it: the usual one of that state."""
    return _code(step, SmsStateCode, _SMS[step.state], table)


def viber_code(step: Step, table: type[IntEnum] | None = None) -> int:
    """The number of a Viber message's state, likewise."""
    return _code(step, ViberStateCode, _VIBER[step.state], table)


def code_of(message: StoredMessage) -> int | None:
    """The number of where a message is; None for a medium without one, and for a refused one."""
    if message.reason is not None:
        return None
    if message.submission.medium is Medium.SMS:
        return sms_code(message.step)
    return viber_code(message.step) if message.submission.medium is Medium.VIBER else None


def _code(step: Step, names: type[IntEnum], usual: int, table: type[IntEnum] | None) -> int:
    reason = step.reason
    if not reason:
        return int(usual)
    is_number = reason.removeprefix("-").isdecimal()
    number = int(reason) if is_number else int(names.__members__.get(reason, usual))
    return number if table is None or number in _numbers(table) else int(usual)


@cache
def _numbers(table: type[IntEnum]) -> frozenset[int]:
    return frozenset([int(code) for code in table])
