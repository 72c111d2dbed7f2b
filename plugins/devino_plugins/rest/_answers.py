"""What the platform's codes mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

from devino_codecs.rest import ResentSms, SmsState, ViberState, ViberStateCode
from devino_core import Medium, State, Status
from devino_plugins.kit.sms_states import SMS_STATES, resent

__all__ = ["VIBER_STATES", "sms_status", "viber_status"]

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


def sms_status(state: SmsState | ResentSms, *, message_id: str) -> Status:
    """The status that an SMS segment's state tells."""
    return _status(state, SMS_STATES, message_id, Medium.SMS)


def viber_status(state: ViberState, *, message_id: str) -> Status:
    """The status that a Viber message's state tells, and that of the SMS sent in its place."""
    viber = _status(state, VIBER_STATES, message_id, Medium.VIBER)
    return resent(viber, [sms_status(sms, message_id=sms.id) for sms in state.resent_sms])


def _status(
    state: SmsState | ResentSms | ViberState,
    states: Mapping[int, State],
    message_id: str,
    medium: Medium,
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
        medium=medium,
    )
