"""What the services' states and faults mean in the kernel's vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from devino_codecs.soap import (
    Fault,
    FaultCode,
    IncomingMessage,
    SmsMessageState,
    SmsState,
    ViberMessageState,
    ViberState,
)
from devino_core import DevinoError, Incoming, Medium, Rejected, State, Status
from devino_plugins.kit.refusals import failure, refusal
from devino_plugins.kit.sms_states import SMS_STATES

__all__ = ["error_of", "incoming", "sms_status", "viber_status"]

_SMS_STATES: Mapping[int, State] = {
    **SMS_STATES,
    SmsState.QUEUED: State.ACCEPTED,
    SmsState.SENDING_TO_GATEWAY: State.ACCEPTED,
    SmsState.SENDING_TO_RECIPIENT: State.ENROUTE,
    SmsState.ERROR_SENDING_DATE_TIME_INTERPRETATION: State.REJECTED,
    SmsState.SYSTEM_ERROR: State.UNDELIVERABLE,
    # Of no table; clients of the platform's first years knew it.
    -10: State.ENROUTE,
}
"""-100 and -200 are filters of reports and no states: UNKNOWN, like any other number."""

_VIBER_STATES: Mapping[str, State] = {
    ViberState.ENQUEUED: State.ACCEPTED,
    ViberState.SENT: State.ENROUTE,
    ViberState.DELIVERED: State.DELIVERED,
    ViberState.READ: State.READ,
    ViberState.UNDELIVERED: State.UNDELIVERABLE,
    ViberState.FAILED: State.UNDELIVERABLE,
    ViberState.UNKNOWN: State.UNKNOWN,
    ViberState.EXPIRED: State.EXPIRED,
}


def sms_status(state: SmsMessageState, *, message_id: str) -> Status:
    """The status that an SMS segment's state tells."""
    return Status(
        state=_SMS_STATES.get(state.state, State.UNKNOWN),
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
        state=_VIBER_STATES.get(state.state, State.UNKNOWN),
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
    code = fault.rest_code
    if code is not None:
        return refusal(code, fault.message, changes=changes)
    if fault.code != FaultCode.RECEIVER:
        return Rejected(fault.message, code=str(fault.code))
    return failure(fault.message, changes=changes)
