"""What the platform's numbers of SMS states mean, wherever they travel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

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

    Where it did, the SMS decides, under the Viber message's id; the price is that of both.
    """
    if not sms:
        return viber
    status = Status.combined(sms)
    prices = [each.price for each in (viber, status) if each.price is not None]
    return msgspec.structs.replace(
        status, id=viber.id, price=sum(prices, Decimal(0)) if prices else None
    )
