"""What the platform's codes mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from devino_codecs.rest import (
    ErrorCode,
    ResentSms,
    RestError,
    SmsState,
    SmsStateCode,
    ViberState,
    ViberStateCode,
)
from devino_core import (
    AuthenticationFailed,
    DevinoError,
    InsufficientFunds,
    OutcomeUnknown,
    Rejected,
    State,
    Status,
    Unavailable,
)

__all__ = ["SMS_STATES", "VIBER_STATES", "error_of", "sms_status", "viber_status"]

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

VIBER_STATES: Mapping[int, State] = {
    ViberStateCode.SENDING: State.ACCEPTED,
    ViberStateCode.SENT: State.ENROUTE,
    ViberStateCode.DELIVERED: State.DELIVERED,
    ViberStateCode.READ: State.READ,
    ViberStateCode.UNDELIVERED: State.UNDELIVERABLE,
    ViberStateCode.ERROR: State.UNDELIVERABLE,
    ViberStateCode.UNKNOWN: State.UNKNOWN,
    ViberStateCode.EXPIRED: State.EXPIRED,
    ViberStateCode.CLICKED: State.CLICKED,
}

_REFUSALS: Mapping[int, Callable[[RestError], DevinoError]] = {
    ErrorCode.INVALID_SESSION_ID: lambda e: AuthenticationFailed(e.description, code=e.code),
    ErrorCode.UNAUTHORIZED: lambda e: AuthenticationFailed(e.description, code=e.code),
    ErrorCode.NOT_ENOUGH_CREDITS: lambda e: InsufficientFunds(
        e.description or "the balance does not cover this call", code=e.code
    ),
}
_BROKEN = frozenset({ErrorCode.GATEWAY_ERROR, ErrorCode.INTERNAL_ERROR})


def sms_status(state: SmsState, *, message_id: str) -> Status:
    """The status that an SMS segment's state tells."""
    return _status(state, SMS_STATES, message_id)


def viber_status(state: ViberState, *, message_id: str) -> Status:
    """The status that a Viber message's state tells.

    Where the platform resent it by SMS, the SMS decides what became of the message.
    """
    if state.resent_sms:
        return Status.combined(_status(sms, SMS_STATES, sms.id) for sms in state.resent_sms)
    return _status(state, VIBER_STATES, message_id)


def error_of(error: RestError, *, changes: bool) -> DevinoError:
    """The error to raise for a refusal; ``changes`` says whether the call had an effect.

    The platform's own failures (codes 8 and 9) do not tell whether a send was carried out.
    """
    if error.code in _BROKEN:
        text = f"the platform failed: {error.description} (code {int(error.code)})"
        return OutcomeUnknown(f"{text}; it may have been sent") if changes else Unavailable(text)
    make = _REFUSALS.get(error.code)
    return make(error) if make else Rejected(error.description, code=int(error.code))


def _status(
    state: SmsState | ResentSms | ViberState, states: Mapping[int, State], message_id: str
) -> Status:
    return Status(
        state=states.get(state.state, State.UNKNOWN),
        id=message_id,
        code=int(state.state),
        description=state.description,
        created_at=state.creation,
        submitted_at=state.submitted,
        reported_at=state.reported or state.timestamp,
        price=state.price,
    )
