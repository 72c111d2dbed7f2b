"""What the platform's answers mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from devino_codecs.http import Unread
from devino_codecs.viber import MessageCode, MessageStatus, Taken
from devino_core import DevinoError, Medium, Message, OutcomeUnknown, Receipt, Status
from devino_core.clock import Clock
from devino_core.dispatch import failed_receipt
from devino_plugins.kit.messengers import sms_status, unknown
from devino_plugins.kit.refusals import refusal
from devino_plugins.kit.states import accepted, state_of

__all__ = ["receipts", "status_of"]


def receipts(
    messages: Sequence[Message], taken: Sequence[Taken | Unread], *, channel: str, clock: Clock
) -> list[Receipt]:
    """One receipt for each message of a request. Where the numbers differ, nothing is guessed."""
    ids = [one.provider_id for one in taken if isinstance(one, Taken) and one.provider_id]
    if len(taken) != len(messages) or len(set(ids)) != len(ids):
        lost = OutcomeUnknown(
            f"the platform answered with {len(taken)} results and {len(set(ids))} ids for "
            f"{len(messages)} messages: nothing says which belongs to which"
        )
        return [
            msgspec.structs.replace(
                failed_receipt(message, lost, channel=channel), unassigned_ids=tuple(ids)
            )
            for message in messages
        ]
    return [
        _receipt(message, one, channel=channel, clock=clock)
        for message, one in zip(messages, taken, strict=True)
    ]


def _receipt(message: Message, taken: Taken | Unread, *, channel: str, clock: Clock) -> Receipt:
    outcome = _outcome(taken)
    if isinstance(outcome, DevinoError):
        return failed_receipt(message, outcome, channel=channel)
    return Receipt.of(message, accepted(message, clock), channel=channel, ids=(outcome,))


def _outcome(taken: Taken | Unread) -> str | DevinoError:
    """The message's id, or why it has none."""
    if isinstance(taken, Unread):
        return OutcomeUnknown(f"the platform's answer about it cannot be read: {taken}")
    if taken.code is not MessageCode.OK:
        meaning = taken.code.meaning if isinstance(taken.code, MessageCode) else ""
        return refusal(taken.code, meaning, changes=True)
    if taken.provider_id is None:
        return OutcomeUnknown("the platform took it and gave no id for it")
    return taken.provider_id


def status_of(told: MessageStatus | Unread | None, message_id: str, medium: Medium) -> Status:
    """What became of a message, and of the SMS that went instead; None is no answer about it."""
    if told is None:
        return unknown(message_id, medium, why="the platform's answer does not name it")
    if isinstance(told, Unread):
        return unknown(message_id, medium, why=f"the platform's answer cannot be read: {told}")
    if told.code is not MessageCode.OK:
        meaning = told.code.meaning if isinstance(told.code, MessageCode) else ""
        return unknown(message_id, medium, code=str(told.code), why=meaning)
    word = told.status
    own = Status(
        state=state_of(word),
        id=message_id,
        code=None if word is None else str(word),
        description=str(told.error_code or ""),
        reported_at=told.status_at,
        medium=medium,
    )
    if not told.sms_states:
        return own
    legs = [sms_status(told.sms_states)]
    if word is not None:
        legs.insert(0, own)
    return msgspec.structs.replace(Status.of_legs(legs), id=message_id)
