"""What the platform's numbers of SMS states mean, wherever they travel."""

from __future__ import annotations

from collections.abc import Mapping

from devino_codecs.rest import SmsStateCode
from devino_core import State

__all__ = ["SMS_STATES"]

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
    SmsStateCode.REJECTED_BY_PLATFORM: State.REJECTED,
    SmsStateCode.REJECTED: State.REJECTED,
    SmsStateCode.UNKNOWN: State.UNKNOWN,
    SmsStateCode.NOT_FOUND: State.UNKNOWN,
}
"""Those of REST, which SOAP has too, under other names."""
