"""The source of what Pigeon posts."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from devino_core import Event, Incoming, Status, StatusChanged
from devino_core.callbacks import CallbackAnswer, CallbackRequest, Read
from devino_plugins.kit.callbacks import read_items
from devino_plugins.kit.states import state_of

from .wire import News


class Source:
    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        return read_items(request.body, News, partial(event, channel))

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return CallbackAnswer()


def event(channel: str, it: News) -> Event:
    if it.state is None:
        return Incoming(
            id=it.id, at=it.at, channel=channel, raw=it, sender=it.sender, to=it.to, text=it.text
        )
    status = Status(id=it.id, state=state_of(it.state), code=str(it.state), reported_at=it.at)
    id = f"{it.id}:{it.state}"
    return StatusChanged(
        id=id, at=it.at, channel=channel, raw=it, message_id=it.id, status=status, ref=it.ref
    )
