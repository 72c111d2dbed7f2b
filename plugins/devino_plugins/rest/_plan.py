"""From messages to as few requests as the wire allows, before any I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from devino_core import Message
from devino_plugins.kit.batches import Batch, PlannedCall, SendKind, plan_batches

__all__ = ["PlannedCall", "plan"]


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


def plan(
    messages: Sequence[Message], sender_of: Callable[[Message], str], *, bulk_size: int
) -> list[PlannedCall[Request[Ids]]]:
    """The requests that send these messages.

    Raises InvalidMessage or Unsupported for the first message that cannot be sent.
    """
    batches = plan_batches(messages, sender_of, bulk_size=bulk_size, optional_each=True)
    return [PlannedCall.of(batch, _request) for batch in batches]


def _request(batch: Batch) -> Request[Ids]:
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
