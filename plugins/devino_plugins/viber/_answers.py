"""What the platform's answers mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from devino_codecs.http import Unread
from devino_codecs.viber import MessageCode, MessageStatus, Taken
from devino_core import DevinoError, Medium, Message, OutcomeUnknown, Receipt, Status
from devino_core.clock import Clock
from devino_core.dispatch import failed_receipt
from devino_plugins.kit.ids import GivenIds
from devino_plugins.kit.messengers import Hide, leg_status, not_told, sms_status
from devino_plugins.kit.receipts import not_read, unassigned
from devino_plugins.kit.refusals import refused_item
from devino_plugins.kit.states import accepted, unread

__all__ = ["receipts", "status_of"]


def receipts(
    messages: Sequence[Message],
    taken: Sequence[Taken | Unread],
    *,
    given: GivenIds,
    channel: str,
    clock: Clock,
    hide: Hide,
) -> list[Receipt]:
    """One receipt for each message of a request. Where the numbers differ, nothing is guessed.

    Raises ProtocolViolation for an id that another call was given.
    """
    ids = [one.provider_id for one in taken if type(one) is Taken and one.provider_id]
    different = set(ids)
    given.remember(different)
    if len(taken) != len(messages) or len(different) != len(ids):
        return unassigned(messages, ids, told=len(taken), channel=channel)
    ok = MessageCode.OK
    # None is for later: this wire cannot say so.
    now = accepted(messages[0], clock)
    if len(ids) == len(messages) == [one.code for one in taken if type(one) is Taken].count(ok):
        return Receipt.of_each(messages, now, channel=channel, ids=ids)
    return [
        Receipt.of(message, now, channel=channel, ids=(one.provider_id,))
        if type(one) is Taken and one.code is ok and one.provider_id is not None
        else failed_receipt(message, _why_not(one, hide), channel=channel)
        for message, one in zip(messages, taken, strict=True)
    ]


def _why_not(taken: Taken | Unread, hide: Hide) -> DevinoError:
    """Why a message has no id."""
    if isinstance(taken, Unread):
        return not_read(taken)
    if taken.code is not MessageCode.OK:
        return refused_item(taken.code, "", hide)
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
