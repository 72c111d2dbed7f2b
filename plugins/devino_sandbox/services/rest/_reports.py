"""What the World knows, as the answers of the REST interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from devino_codecs import rest
from devino_codecs.rest import SmsStateCode, ViberStateCode
from devino_sandbox import _statistics as shared
from devino_sandbox._fates import Step
from devino_sandbox._messages import IncomingMessage, StoredMessage
from devino_sandbox.services._codes import sms_code, viber_code

__all__ = ["incoming", "sms_state", "statistics", "viber_state"]

_Times = tuple[datetime | None, datetime | None, datetime | None, datetime | None]


def sms_state(message: StoredMessage | None) -> rest.SmsState:
    """The state of a segment; None is a message that the platform does not know."""
    if message is None:
        return rest.SmsState(SmsStateCode.NOT_FOUND, description=SmsStateCode.NOT_FOUND.text)
    code = SmsStateCode(sms_code(message.step, SmsStateCode))
    return rest.SmsState(code, *_times(message), code.text, message.price)


def viber_state(message: StoredMessage | None) -> rest.ViberState:
    """The state of a Viber message, with the SMS that went in its place."""
    if message is None:
        return rest.ViberState(ViberStateCode.UNKNOWN, description=ViberStateCode.UNKNOWN.text)
    code = ViberStateCode(viber_code(message.step, ViberStateCode))
    return rest.ViberState(
        code,
        *_times(message),
        code.text,
        message.price,
        resent_sms=() if message.resent is None else tuple(_resent(message.resent)),
    )


def _resent(sms: StoredMessage) -> Iterable[rest.ResentSms]:
    code = SmsStateCode(sms_code(sms.step, SmsStateCode))
    for message_id in sms.ids:
        yield rest.ResentSms(code, *_times(sms), code.text, sms.price, id=message_id)


def _times(message: StoredMessage) -> _Times:
    """Creation, submission, delivery or failure, and the report of it."""
    return (
        message.created_at,
        message.submitted_at,
        message.reported_at,
        message.reported_at,
    )


def incoming(messages: Iterable[IncomingMessage]) -> tuple[rest.IncomingSms, ...]:
    """The list that ``Sms/In`` gives."""
    return tuple(
        rest.IncomingSms(
            data=message.text,
            source_address=message.sender,
            destination_address=message.to,
            id=message.id,
            created=message.at,
        )
        for message in messages
    )


def statistics(tally: Mapping[Step, int]) -> rest.Statistics:
    """The columns and what they add up to."""
    counted = shared.statistics(tally)
    return rest.Statistics(
        **counted._asdict(),
        total=counted.total,
        total_with_errors=counted.total_with_errors,
        delivery_ratio=counted.delivery_ratio,
    )
