"""What the services' states and faults mean in the kernel's vocabulary."""

from __future__ import annotations

from devino_codecs.rest import ErrorCode
from devino_codecs.soap import (
    Fault,
    FaultCode,
    IncomingMessage,
    SmsMessageState,
    ViberMessageState,
    ViberResentSms,
)
from devino_core import DevinoError, Medium, Rejected, Status
from devino_plugins.kit.inbox import ReceivedSms
from devino_plugins.kit.refusals import failure, refusal
from devino_plugins.kit.states import state_of

__all__ = ["error_of", "received", "resent_status", "sms_status", "viber_status"]


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


def resent_status(sms: ViberResentSms) -> Status | None:
    """The status of an SMS that went in place of a Viber message; None if only its id is told."""
    if sms.state is None:
        return None
    return Status(
        state=state_of(sms.state),
        id=sms.id,
        code=int(sms.state),
        description=sms.state_description,
        created_at=sms.creation_date_utc,
        submitted_at=sms.submitted_date_utc,
        reported_at=sms.reported_date_utc,
        price=sms.price,
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


def received(sms: IncomingMessage) -> ReceivedSms:
    """An SMS that came in."""
    return ReceivedSms(
        id=sms.id,
        at=sms.created_date_utc,
        sender=sms.source_address,
        to=sms.destination_address,
        text=sms.data,
        raw=sms,
    )


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
