"""Reads what the platform posts about messages, and what recipients answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from devino_codecs.http import Unread
from devino_codecs.viber import CallbackItem, Reply, StatusCallback, decode_callback
from devino_core import Event, Incoming, Medium, Status, StatusChanged
from devino_core.callbacks import CallbackAnswer, CallbackRequest, Read
from devino_plugins.kit.callbacks import events_of
from devino_plugins.kit.states import state_of

__all__ = ["ViberSource", "WhatsAppSource"]


class ViberSource:
    """Statuses and replies, which may come to one URL. Nothing tells of an SMS that went instead:
    a failure is that of the messenger's leg, and who has a fallback asks."""

    medium: ClassVar[Medium] = Medium.VIBER

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        return events_of(
            [
                item if isinstance(item, Unread) else self._event(item, now, channel)
                for item in decode_callback(request.body)
            ]
        )

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return CallbackAnswer()

    def _event(self, item: CallbackItem, now: datetime, channel: str) -> Event:
        # It came a moment ago where it does not say when.
        at = item.received_at or now
        if isinstance(item, Reply):
            return self._incoming(item, at, channel)
        return self._changed(item, at, channel)

    def _changed(self, item: StatusCallback, at: datetime, channel: str) -> StatusChanged:
        word = str(item.status)
        return StatusChanged(
            id=f"{item.id}:{word.lower()}",
            at=at,
            channel=channel,
            raw=item,
            message_id=item.id,
            medium=self.medium,
            status=Status(
                state=state_of(item.status),
                id=item.id,
                code=word,
                description=str(item.error_code or ""),
                reported_at=item.received_at,
                medium=self.medium,
            ),
        )

    def _incoming(self, item: Reply, at: datetime, channel: str) -> Incoming:
        return Incoming(
            id=f"reply:{item.id}",
            at=at,
            channel=channel,
            raw=item,
            sender=item.address,
            to=item.subject,
            text=item.content,
            medium=self.medium,
            in_reply_to=item.parent_id,
        )


class WhatsAppSource(ViberSource):
    """The same about WhatsApp. The text of a reply that is a file is its URL."""

    medium: ClassVar[Medium] = Medium.WHATSAPP
