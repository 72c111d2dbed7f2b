"""What the platform's numbers of SMS states mean, wherever they travel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from devino_codecs.rest import SmsStateCode
from devino_core import State, Status

__all__ = ["SMS_STATES", "resent"]

SMS_STATES: Mapping[int, State] = {
    SmsStateCode.STOPPED: State.ACCEPTED,
    SmsStateCode.QUEUED: State.ACCEPTED,
    SmsStateCode.SENT: State.ENROUTE,
    SmsStateCode.DELIVERED: State.DELIVERED,
    SmsStateCode.WRONG_SOURCE: State.REJECTED,
    SmsStateCode.WRONG_DESTINATION: State.REJECTED,
    SmsStateCode.INVALID_DESTINATION: State.UNDELIVERABLE,
    SmsStateCode.REJECTED_BY_SMSC: State.REJECTED,
    SmsStateCode.EXPIRED: State.EXPIRED,
    SmsStateCode.DELETED: State.DELETED,
    SmsStateCode.DELETED_OLD: State.DELETED,
    SmsStateCode.REJECTED_BY_PLATFORM: State.REJECTED,
    SmsStateCode.REJECTED: State.REJECTED,
    SmsStateCode.UNKNOWN: State.UNKNOWN,
    SmsStateCode.NOT_FOUND: State.UNKNOWN,
}
"""Those of REST, which SOAP has too, under other names."""


def resent(viber: Status, sms: Sequence[Status]) -> Status:
    """What became of a Viber message that the platform may have resent by SMS.

    Where it did, both are legs of one message: see :meth:`Status.of_legs
    <devino_core.Status.of_legs>`. The id is the Viber message's.
    """
    if not sms:
        return viber
    return msgspec.structs.replace(Status.of_legs([viber, Status.combined(sms)]), id=viber.id)
