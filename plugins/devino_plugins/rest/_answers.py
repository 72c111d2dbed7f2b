"""What the platform's codes mean in the kernel's vocabulary."""

from __future__ import annotations

from devino_codecs.http import Unread
from devino_codecs.rest import IncomingSms, ResentSms, SmsState, ViberState
from devino_core import Medium, Status
from devino_plugins.kit.inbox import ReceivedSms
from devino_plugins.kit.states import resent, state_of, unread

__all__ = ["received", "sms_status", "viber_status"]


def sms_status(state: SmsState | ResentSms, *, message_id: str) -> Status:
    """The status that an SMS segment's state tells."""
    return _status(state, message_id, Medium.SMS)


def viber_status(state: ViberState, *, message_id: str) -> Status:
    """The status that a Viber message's state tells, and that of the SMS sent in its place."""
    viber = _status(state, message_id, Medium.VIBER)
    told = state.resent_sms
    return resent(viber, list(map(_resent_status, [told] if isinstance(told, Unread) else told)))


def _resent_status(sms: ResentSms | Unread) -> Status:
    if isinstance(sms, Unread):
        return unread(None, Medium.SMS, f"about the SMS sent instead cannot be read: {sms}")
    return sms_status(sms, message_id=sms.id)


def received(sms: IncomingSms | Unread | None) -> ReceivedSms | Unread | None:
    """An SMS that came in."""
    if sms is None or isinstance(sms, Unread):
        return sms
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
