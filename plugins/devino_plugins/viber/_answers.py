"""What the platform's answers mean in the kernel's vocabulary."""

from __future__ import annotations

from typing import Final

import msgspec

from devino_codecs import viber
from devino_codecs.http import Refusal, Unread
from devino_codecs.viber import MessageCode, MessageStatus
from devino_core import Medium, OutcomeUnknown, Status
from devino_plugins.kit.messengers import Hide, leg_status, not_told, sms_status
from devino_plugins.kit.receipts import TakenIf
from devino_plugins.kit.states import unread

__all__ = ["TAKEN", "outcome", "status_of"]


TAKEN: Final = TakenIf(id="provider_id", says={"code": MessageCode.OK})


def outcome(told: viber.Taken) -> Refusal | OutcomeUnknown:
    """What was told of a message that was not plainly taken."""
    if told.code is not MessageCode.OK:
        return Refusal(told.code)
    return OutcomeUnknown("the platform took it and gave no id for it")


def status_of(
    told: MessageStatus | Unread | None, message_id: str, medium: Medium, hide: Hide
) -> Status:
    """What became of a message, and of the SMS that went instead; None is no answer about it."""
    if told is None:
        return unread(message_id, medium, "does not name it")
    if isinstance(told, Unread):
        return unread(message_id, medium, f"cannot be read: {told}")
    if told.code is not MessageCode.OK:
        return not_told(told.code, message_id, medium, hide)
    own = leg_status(
        told.status,
        told.error_code,
        told.status_at,
        message_id=message_id,
        medium=medium,
        hide=hide,
    )
    if not told.sms_states:
        return own
    legs = [own] if told.status is not None else []
    legs.append(sms_status(told.sms_states, hide))
    return msgspec.structs.replace(Status.of_legs(legs), id=message_id)
