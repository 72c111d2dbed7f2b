"""What the platform's codes mean in the kernel's vocabulary."""

from __future__ import annotations

from devino_codecs.rest import IncomingSms, ResentSms, SmsState, ViberState
from devino_core import Medium, Status
from devino_plugins.kit.inbox import ReceivedSms
from devino_plugins.kit.states import resent, state_of

__all__ = ["received", "sms_status", "viber_status"]


def sms_status(state: SmsState | ResentSms, *, message_id: str) -> Status:
    """The status that an SMS segment's state tells."""
    return _status(state, message_id, Medium.SMS)


def viber_status(state: ViberState, *, message_id: str) -> Status:
    """The status that a Viber message's state tells, and that of the SMS sent in its place."""
    viber = _status(state, message_id, Medium.VIBER)
    return resent(viber, [sms_status(sms, message_id=sms.id) for sms in state.resent_sms])


def received(sms: IncomingSms) -> ReceivedSms:
    """An SMS that came in."""
    return ReceivedSms(
        id=sms.id,
        at=sms.created,
        sender=sms.source_address,
        to=sms.destination_address,
        text=sms.data,
        raw=sms,
    )


def _status(state: SmsState | ResentSms | ViberState, message_id: str, medium: Medium) -> Status:
    return Status(
        state=state_of(state.state),
        id=message_id,
        code=int(state.state),
        description=state.description,
        created_at=state.creation,
        submitted_at=state.submitted,
        reported_at=state.reported or state.timestamp,
        price=state.price,
        medium=medium,
    )
