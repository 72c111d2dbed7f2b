"""From a batch of messages to the request that sends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from devino_codecs.rest import (
    Ids,
    Request,
    SendSms,
    SendSmsBulk,
    SendSmsByTimeZone,
    SendSmsByTimeZoneToAddresses,
    SendViber,
    SendViberBulk,
    SendViberWithResend,
    SendViberWithResendBulk,
)
from devino_plugins.kit.batches import Batch, SendKind

__all__ = ["request_of"]


class _Operation(NamedTuple):
    """How one thing is said to one recipient and to many."""

    single: Callable[..., Request[Ids]]
    bulk: Callable[..., Request[Ids]]
    takes_date: bool = True


_OPERATIONS: Mapping[SendKind, _Operation] = {
    SendKind.SMS: _Operation(SendSms, SendSmsBulk),
    SendKind.SMS_BY_RECIPIENT_CLOCK: _Operation(SendSmsByTimeZone, SendSmsByTimeZoneToAddresses),
    SendKind.VIBER: _Operation(SendViber, SendViberBulk, takes_date=False),
    SendKind.VIBER_OR_SMS: _Operation(
        SendViberWithResend, SendViberWithResendBulk, takes_date=False
    ),
}


def request_of(batch: Batch) -> Request[Ids]:
    """The request that sends a batch."""
    content = batch.content
    operation = _OPERATIONS[content.kind]
    shared: dict[str, object] = {"validity": content.validity}
    if operation.takes_date:
        shared["send_date"] = content.send_at
    if len(batch.recipients) == 1:
        if batch.optionals:
            shared["optional"] = batch.optionals[0]
        return operation.single(content.sender, batch.recipients[0], content.text, **shared)
    if batch.optionals:
        shared["optionals"] = batch.optionals
    return operation.bulk(content.sender, batch.recipients, content.text, **shared)
