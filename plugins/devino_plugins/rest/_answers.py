"""What the platform's codes mean in the kernel's vocabulary."""

from __future__ import annotations

from devino_codecs.rest import ResentSms, SmsState, ViberState
from devino_core import Status
from devino_plugins.kit.states import resent, state_of

__all__ = ["sms_status", "viber_status"]


def sms_status(state: SmsState, *, message_id: str) -> Status:
    """The status that an SMS segment's state tells."""
    return _status(state, message_id)


def viber_status(state: ViberState, *, message_id: str) -> Status:
    """The status that a Viber message's state tells.

    Where the platform resent it by SMS, the SMS decides what became of the message.
    """
    viber = _status(state, message_id)
    return resent(viber, [_status(sms, sms.id) for sms in state.resent_sms])


def _status(state: SmsState | ResentSms | ViberState, message_id: str) -> Status:
    return Status(
        state=state_of(state.state),
        id=message_id,
        code=int(state.state),
        description=state.description,
        created_at=state.creation,
        submitted_at=state.submitted,
        reported_at=state.reported or state.timestamp,
        price=state.price,
    )
