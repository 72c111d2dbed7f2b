"""What the services' states and faults mean in the kernel's vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

from devino_codecs.rest import ErrorCode
from devino_codecs.soap import (
    Fault,
    FaultCode,
    IncomingMessage,
    SmsMessageState,
    ViberMessageState,
)
from devino_core import DevinoError, Incoming, Medium, Rejected, Status
from devino_plugins.kit.refusals import failure, refusal
from devino_plugins.kit.states import state_of

__all__ = ["error_of", "incoming", "sms_status", "viber_status"]


def sms_status(state: SmsMessageState, *, message_id: str) -> Status:
    """The status that an SMS segment's state tells."""
    return Status(
        state=state_of(state.state),
        id=message_id,
        code=int(state.state),
        description=state.state_description,
        created_at=state.creation_date_utc,
        submitted_at=state.submitted_date_utc,
        reported_at=state.reported_date_utc or state.timestamp_utc,
        price=state.price,
        medium=Medium.SMS,
    )


def viber_status(state: ViberMessageState, *, message_id: str) -> Status:
    """The status that a Viber message's state tells, its SMS aside."""
    return Status(
        state=state_of(state.state),
        id=message_id,
        code=str(state.state),
        description=state.state_description,
        created_at=state.creation_date_utc,
        submitted_at=state.submitted_date_utc,
        reported_at=state.reported_date_utc,
        price=state.price,
        medium=Medium.VIBER,
    )


def incoming(messages: Iterable[IncomingMessage], *, channel: str) -> list[Incoming]:
    """What came in. The wire gives no ids: each gets one made of all that it says."""
    seen: Counter[str] = Counter()
    events: list[Incoming] = []
    for sms in messages:
        said = (sms.source_address, sms.destination_address, sms.created_date_utc.isoformat())
        digest = blake2b("\0".join((*said, sms.data)).encode(), digest_size=16).hexdigest()
        seen[digest] += 1
        # The same words twice in one second, from one number, are still two messages.
        event_id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        events.append(
            Incoming(
                id=event_id,
                at=sms.created_date_utc,
                channel=channel,
                raw=sms,
                sender=sms.source_address,
                to=sms.destination_address,
                text=sms.data,
                medium=Medium.SMS,
            )
        )
    return events


def error_of(fault: Fault, *, changes: bool) -> DevinoError:
    """The error to raise for a fault; ``changes`` says whether the call had an effect.

    A fault of the platform in words that no table has may be a failure half-way: of a send it
    does not tell whether it was carried out.
    """
    if fault.rest_code is not None:
        return refusal(ErrorCode(fault.rest_code), fault.message, changes=changes)
    if fault.code != FaultCode.RECEIVER:
        return Rejected(fault.message, code=str(fault.code))
    return failure(fault.message, changes=changes)
