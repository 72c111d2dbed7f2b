"""What the platform's answers mean in the kernel's vocabulary."""

from __future__ import annotations

from datetime import datetime, timezone

import msgspec

from devino_codecs import vk
from devino_codecs.http import Coded, Refusal
from devino_core import (
    AuthenticationFailed,
    DevinoError,
    Medium,
    OutcomeUnknown,
    QueueFull,
    Status,
)
from devino_plugins.kit.messengers import sms_status, spring_error, unknown
from devino_plugins.kit.refusals import refusal
from devino_plugins.kit.states import state_of

__all__ = ["error_of", "id_of", "status_of"]


def error_of(refused: Refusal, *, changes: bool) -> DevinoError:
    """The error to raise for a refused request."""
    if refused.code is vk.RequestCode.QUEUE_FULL:
        return QueueFull(f"{refused.description} (code {refused.code.value})")
    if (
        refused.code is vk.RequestCode.VALIDATION_ERROR
        and refused.description == vk.RequestError.LOGIN_NOT_SPECIFIED
    ):
        return AuthenticationFailed(refused.description, code=refused.code.value)
    return spring_error(refused, changes=changes)


def id_of(result: vk.SendResult) -> str:
    """The id of a message that was taken. Raises the error of one that was not."""
    if result.code is not vk.SendCode.OK:
        meaning = result.code.meaning if isinstance(result.code, Coded) else ""
        raise refusal(result.code, meaning, changes=True)
    if result.message_id is None:
        raise OutcomeUnknown("the platform took it and gave no id for it")
    return result.message_id


def status_of(told: vk.MessageStatus, message_id: str, zone: timezone) -> Status:
    """What became of a message, and of what went instead, as one."""
    if told.code is not vk.IdCode.OK:
        meaning = told.code.meaning if isinstance(told.code, Coded) else ""
        return unknown(message_id, Medium.VK, code=str(told.code), why=meaning)
    legs = [
        _leg(told.status, told.error, told.status_at, Medium.VK, zone),
        *(
            [_leg(leg.status, leg.code, leg.status_at, Medium.VIBER, zone)]
            if (leg := told.viber_status) is not None
            else []
        ),
        *([sms_status(told.sms_states)] if told.sms_states else []),
    ]
    return msgspec.structs.replace(Status.of_legs(legs), id=message_id)


def _leg(
    word: str | None,
    reason: str | None,
    at: datetime | None,
    medium: Medium,
    zone: timezone,
) -> Status:
    return Status(
        state=state_of(word),
        code=None if word is None else str(word),
        description=str(reason or ""),
        reported_at=None if at is None else at.replace(tzinfo=zone),
        medium=medium,
    )
