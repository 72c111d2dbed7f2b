"""Reads what the platform posts about messages in VK and OK."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from devino_codecs.http import Unread
from devino_codecs.vk import StatusCallback, decode_callback
from devino_core import Medium, Status, StatusChanged
from devino_core.callbacks import CallbackAnswer, CallbackRequest, Read
from devino_plugins.kit.callbacks import events_of
from devino_plugins.kit.states import state_of

__all__ = ["VkSource"]


class VkSource:
    """Statuses. Nothing tells of a Viber message or an SMS that went instead: a failure is that of
    the leg in VK, and who has a fallback asks."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        return events_of(
            [
                item if isinstance(item, Unread) else _changed(item, now, channel)
                for item in decode_callback(request.body)
            ]
        )

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return CallbackAnswer()


def _changed(item: StatusCallback, now: datetime, channel: str) -> StatusChanged:
    word = str(item.status)
    return StatusChanged(
        id=f"{item.message_id}:{word.lower()}",
        # It came a moment ago where it does not say when.
        at=item.received_at or now,
        channel=channel,
        raw=item,
        message_id=item.message_id,
        medium=Medium.VK,
        status=Status(
            state=state_of(item.status),
            id=item.message_id,
            code=word,
            description=item.error,
            reported_at=item.received_at,
            medium=Medium.VK,
        ),
    )
