"""What the five operations that send have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from devino_codecs import soap
from devino_core import Medium

__all__ = ["SENDINGS", "Sending"]


class Sending(NamedTuple):
    """What any of the sending operations asks for."""

    medium: Medium
    sender: str
    text: str
    to: Sequence[str]
    validity: int | None
    send_at: datetime | None = None
    """Aware: an instant. Naive: the recipient's clock."""
    resend: bool = False
    content: Mapping[str, object] | None = None
    """What is handed through, as the inspection API shows it."""


def _sms(call: soap.SendMessage) -> Sending:
    message = call.message
    return Sending(
        Medium.SMS,
        message.source_address,
        message.data,
        message.destination_addresses,
        message.validity,
        message.delay_until_utc,
        content={"optionals": message.optionals} if message.optionals else None,
    )


def _by_time_zone(
    call: soap.SendMessageByTimeZone | soap.SendMessageByTimeZoneToAddresses,
) -> Sending:
    to = (
        (call.destination_address,)
        if isinstance(call, soap.SendMessageByTimeZone)
        else call.destination_addresses
    )
    return Sending(Medium.SMS, call.source_address, call.data, to, call.validity, call.send_date)


def _viber(call: soap.SendViberMessage | soap.SendViberMessageWithResend) -> Sending:
    message = call.message
    return Sending(
        Medium.VIBER,
        message.source_address,
        message.data,
        message.destination_addresses,
        message.validity,
        resend=isinstance(call, soap.SendViberMessageWithResend),
        content={"optional": message.optional} if message.optional else None,
    )


SENDINGS: Mapping[type[soap.AnyRequest], Callable[[Any], Sending]] = {
    soap.SendMessage: _sms,
    soap.SendMessageByTimeZone: _by_time_zone,
    soap.SendMessageByTimeZoneToAddresses: _by_time_zone,
    soap.SendViberMessage: _viber,
    soap.SendViberMessageWithResend: _viber,
}
