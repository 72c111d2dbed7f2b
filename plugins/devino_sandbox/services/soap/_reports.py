"""What the World knows, as the answers of the SOAP services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from devino_codecs import soap
from devino_codecs.rest import ViberStateCode
from devino_sandbox import _statistics as shared
from devino_sandbox._fates import Step
from devino_sandbox._messages import IncomingMessage, StoredMessage
from devino_sandbox.services._codes import sms_code, viber_code

__all__ = ["incoming", "sms_state", "statistics", "viber_state"]

# REST's numbers count the names in their order, and know one more.
_VIBER_STATES: Mapping[int, soap.ViberStateCode] = {
    **dict(enumerate(soap.ViberStateCode)),
    len(soap.ViberStateCode): soap.ViberStateCode.READ,
}


def sms_state(message: StoredMessage | None) -> soap.SmsMessageState:
    """The state of a segment; None is a message that the platform does not know."""
    if message is None:
        unknown = soap.SmsStateCode.UNKNOWN
        return soap.SmsMessageState(state=unknown, state_description=unknown.text)
    state = soap.SmsStateCode(sms_code(message.step, soap.SmsStateCode))
    return soap.SmsMessageState(
        state=state,
        state_description=state.text,
        creation_date_utc=message.created_at,
        submitted_date_utc=message.submitted_at,
        reported_date_utc=message.reported_at,
        timestamp_utc=message.reported_at,
        price=message.price,
    )


def viber_state(message: StoredMessage | None) -> soap.ViberMessageState:
    """The state of a Viber message, with the SMS that went in its place."""
    if message is None:
        unknown = soap.ViberStateCode.UNKNOWN
        return soap.ViberMessageState(state=unknown, state_description=unknown.text)
    resent = () if message.resent is None else message.resent.ids
    state = _VIBER_STATES[viber_code(message.step, ViberStateCode)]
    return soap.ViberMessageState(
        state=state,
        state_description=state.text,
        resent_sms=tuple([soap.ViberResentSms(id=sms_id) for sms_id in resent]),
        creation_date_utc=message.created_at,
        submitted_date_utc=message.submitted_at,
        reported_date_utc=message.reported_at,
        price=message.price,
    )


def incoming(messages: Iterable[IncomingMessage]) -> tuple[soap.IncomingMessage, ...]:
    """The list that GetIncomingMessages gives."""
    return tuple(
        [
            soap.IncomingMessage(
                id=message.id,
                data=message.text,
                source_address=message.sender,
                destination_address=message.to,
                created_date_utc=message.at,
            )
            for message in messages
        ]
    )


def statistics(tally: Mapping[Step, int]) -> soap.DeliveryStatistics:
    """The same counts as in REST, and two that only SOAP has."""
    counted = shared.statistics(tally)
    return soap.DeliveryStatistics(
        **counted._asdict(),
        # Nothing says what is optimized. Whatever was taken was charged.
        optimized=0,
        tarificated=counted.total_with_errors,
        total=counted.total,
        total_with_errors=counted.total_with_errors,
        delivery_ratio=counted.delivery_ratio,
    )
