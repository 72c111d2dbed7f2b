"""From messages to as few requests as the wire allows, before any I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from devino_codecs import EncodeError, soap
from devino_core import InvalidMessage, Message
from devino_plugins.kit.batches import Batch, SendKind, plan_batches

__all__ = ["Send", "plan", "request_of"]

Send: TypeAlias = (
    soap.SendMessage
    | soap.SendMessageByTimeZone
    | soap.SendMessageByTimeZoneToAddresses
    | soap.SendViberMessage
    | soap.SendViberMessageWithResend
)

VIBER_VALIDITY = 1440
"""Minutes. The wire wants one said: the longest, for messages that name none."""

_FIELDS: Mapping[str, str] = {
    "data": "text",
    "sourceaddress": "sender",
    "optional": "options",
    "validity": "validity",
    "senddate": "send_at",
    "delayuntilutc": "send_at",
}
_NOBODY = soap.Login(login="", password="")


def plan(
    messages: Sequence[Message], sender_of: Callable[[Message], str], *, bulk_size: int
) -> list[Batch]:
    """The batches that send these messages.

    Raises InvalidMessage or Unsupported for the first message that cannot be sent.
    """
    batches = plan_batches(messages, sender_of, bulk_size=bulk_size, optional_each=False)
    for batch in batches:
        _check(request_of(batch), messages[batch.positions[0]])
    return batches


def request_of(batch: Batch) -> Send:
    """The request that sends a batch."""
    return _REQUESTS[batch.content.kind](batch)


def _check(request: Send, message: Message) -> None:
    """XML cannot say every text: better known before anything is sent."""
    service = soap.SMS_V2 if type(request) in soap.SMS_V2.requests else soap.VIBER_V2
    try:
        soap.encode_request(service, _NOBODY, request)
    except EncodeError as error:
        name = error.path.rpartition(".")[2].lower()
        raise InvalidMessage(_FIELDS.get(name, name), error.reason, ref=message.ref) from None


def _sms(batch: Batch) -> Send:
    content = batch.content
    return soap.SendMessage(
        message=soap.SmsMessage(
            data=content.text,
            delay_until_utc=content.send_at,
            destination_addresses=batch.recipients,
            source_address=content.sender,
            # Else no report of the delivery would have to come, and no state would tell of it.
            receipt_requested=True,
            validity=content.validity,
        )
    )


def _sms_by_recipient_clock(batch: Batch) -> Send:
    content = batch.content
    if len(batch.recipients) == 1:
        return soap.SendMessageByTimeZone(
            source_address=content.sender,
            destination_address=batch.recipients[0],
            data=content.text,
            send_date=content.send_at,
            validity=content.validity,
        )
    return soap.SendMessageByTimeZoneToAddresses(
        source_address=content.sender,
        destination_addresses=batch.recipients,
        data=content.text,
        send_date=content.send_at,
        validity=content.validity,
    )


def _viber(batch: Batch) -> soap.ViberMessage:
    content = batch.content
    return soap.ViberMessage(
        data=content.text,
        destination_addresses=batch.recipients,
        source_address=content.sender,
        validity=VIBER_VALIDITY if content.validity is None else content.validity,
        optional=content.optional or "",
    )


_REQUESTS: Mapping[SendKind, Callable[[Batch], Send]] = {
    SendKind.SMS: _sms,
    SendKind.SMS_BY_RECIPIENT_CLOCK: _sms_by_recipient_clock,
    SendKind.VIBER: lambda batch: soap.SendViberMessage(message=_viber(batch)),
    SendKind.VIBER_OR_SMS: lambda batch: soap.SendViberMessageWithResend(message=_viber(batch)),
}
