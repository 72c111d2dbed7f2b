"""Reads what the platform posts about mails."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from devino_codecs.email import BounceReason, CallbackEvent, MessageEvent, decode_callback
from devino_codecs.http import Unread
from devino_core import ConsentChanged, Event, Medium, State, Status, StatusChanged
from devino_core.callbacks import CallbackAnswer, CallbackRequest, Read
from devino_plugins.kit.callbacks import events_of
from devino_plugins.kit.states import state_of

__all__ = ["EmailSource"]

_EVENTS = {str(each): each for each in CallbackEvent}
_REASONS = {str(each): each for each in BounceReason}
_CONSENTS = {
    CallbackEvent.SUBSCRIBED: True,
    CallbackEvent.UNSUBSCRIBED: False,
    CallbackEvent.COMPLAINED: False,
}


class EmailSource:
    """States of mails, and whether a recipient wants more of them.

    Who unsubscribed within minutes may be a program that follows every link of a mail to look for
    harm. What a recipient reads mails with stands in the event's ``raw``.

    Times of callbacks have no zone and are UTC, as all times of this interface. If they are not,
    register a source of your own: ``CallbackSpec(..., source=EmailSource(utc_offset=3))``, in hours
    ahead of UTC.
    """

    def __init__(self, *, utc_offset: float = 0.0) -> None:
        self._zone = timezone(timedelta(hours=utc_offset))

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        return events_of(
            [
                item if isinstance(item, Unread) else _event(item, self._at(item), now, channel)
                for item in decode_callback(request.body)
            ]
        )

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return CallbackAnswer()

    def _at(self, item: MessageEvent) -> datetime | None:
        said = item.date_time
        if said is None:
            return None
        aware = said if said.tzinfo is not None else said.replace(tzinfo=self._zone)
        try:
            return aware.astimezone(UTC)
        except OverflowError:
            return aware


def _event(item: MessageEvent, at: datetime | None, now: datetime, channel: str) -> Event:
    word = item.event
    known = _EVENTS.get(word)
    if known is not None and known in _CONSENTS:
        return ConsentChanged(
            # Who leaves, returns and leaves again does three things.
            id=f"{item.message_id}:{word}:{item.date_time.isoformat() if item.date_time else ''}",
            at=at or now,
            channel=channel,
            raw=item,
            address=item.email,
            medium=Medium.EMAIL,
            allowed=_CONSENTS[known],
        )
    code, description = word, ""
    state = state_of(known)
    if known is CallbackEvent.BOUNCED:
        reason = item.reason or ""
        state = state_of(_REASONS.get(reason), otherwise=State.BOUNCED)
        code = reason or word
        description = {None: "", True: "hard", False: "soft"}[item.is_hardbounce]
    elif known is CallbackEvent.CLICKED:
        description = item.url or ""
    return StatusChanged(
        id=_id(item, known),
        # It came a moment ago where it does not say when.
        at=at or now,
        channel=channel,
        raw=item,
        ref=item.user_message_id or None,
        message_id=item.message_id,
        medium=Medium.EMAIL,
        status=Status(
            state=state,
            id=item.message_id,
            code=code,
            description=description,
            reported_at=at,
            medium=Medium.EMAIL,
        ),
    )


def _id(item: MessageEvent, known: CallbackEvent | None) -> str:
    told = f"{item.message_id}:{item.event}"
    if known is not CallbackEvent.CLICKED:
        return told
    # Another link is another event.
    url = (item.url or "").encode(errors="surrogatepass")
    return f"{told}:{hashlib.sha256(url).hexdigest()[:8]}"
