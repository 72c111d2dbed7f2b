"""What the platform's answers mean in the kernel's vocabulary."""

from __future__ import annotations

from datetime import datetime, timezone

import msgspec

from devino_codecs import vk
from devino_codecs.http import Refusal, Unread
from devino_core import (
    AuthenticationFailed,
    DevinoError,
    Medium,
    OutcomeUnknown,
    QueueFull,
    Status,
)
from devino_plugins.kit.answered import of_answer
from devino_plugins.kit.messengers import (
    Hide,
    leg_status,
    not_told,
    sms_status,
    spring_error,
)
from devino_plugins.kit.refusals import refused_item

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


def id_of(result: vk.SendResult, hide: Hide) -> str:
    """The id of a message that was taken. Raises the error of one that was not."""
    if result.code is not vk.SendCode.OK:
        raise of_answer(refused_item(result.code, "", hide))
    if result.message_id is None:
        raise of_answer(OutcomeUnknown("the platform took it and gave no id for it"))
    return result.message_id


def status_of(told: vk.MessageStatus, message_id: str, zone: timezone, hide: Hide) -> Status:
    """What became of a message, and of what went instead, as one."""
    if told.code is not vk.IdCode.OK:
        return not_told(told.code, message_id, Medium.VK, hide)

    def leg(
        word: str | Unread | None, reason: str | None, at: datetime | None, medium: Medium
    ) -> Status:
        when = None if at is None else at.replace(tzinfo=zone)
        return leg_status(word, reason, when, message_id=message_id, medium=medium, hide=hide)

    legs = [leg(told.status, told.error, told.status_at, Medium.VK)]
    if (second := told.viber_status) is not None:
        legs.append(
            leg(second, None, None, Medium.VIBER)
            if isinstance(second, Unread)
            else leg(second.status, second.code, second.status_at, Medium.VIBER)
        )
    if told.sms_states:
        legs.append(sms_status(told.sms_states, hide))
    return msgspec.structs.replace(Status.of_legs(legs), id=message_id)
