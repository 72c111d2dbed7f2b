"""Two sources for what Acme's gateway posts to us.

It posts reports in batches to .../<secret>/acme, and expects 200:
    [{"id": 17, "state": "delivered", "at": "2026-01-01T12:00:00Z"}, ...]
It posts what a subscriber wrote to .../<secret>/acme-inbox. The answer may hold a reply:
    {"id": 5, "from": "79031234567", "to": "1234", "text": "Hi"}   {"reply": "Hello"}
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from devino_core import Event, Incoming, State, Status, StatusChanged, hookimpl
from devino_core.callbacks import CallbackAnswer, CallbackRequest, CallbackSpec, Read

STATES = {"delivered": State.DELIVERED, "read": State.READ, "failed": State.UNDELIVERABLE}


class Report(msgspec.Struct, frozen=True):
    id: int
    state: str
    at: Annotated[datetime, msgspec.Meta(tz=True)]


class Written(msgspec.Struct, frozen=True):
    id: int
    sender: str = msgspec.field(name="from")
    to: str
    text: str


items = msgspec.json.Decoder(list[msgspec.Raw])
report = msgspec.json.Decoder(Report)
written = msgspec.json.Decoder(Written)
# No text of msgspec's errors quotes what it could not read.
unreadable = (msgspec.MsgspecError, UnicodeDecodeError)


class Reports:
    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        try:
            batch = items.decode(request.body)
        except unreadable as error:
            raise ValueError(str(error)) from None
        events: list[Event] = []
        unread: list[str] = []
        for place, item in enumerate(batch):
            try:
                events.append(status_changed(report.decode(item), channel))
            except unreadable as error:
                unread.append(f"[{place}]: {error}")
        return Read(events, unread)

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return CallbackAnswer()


class Inbox:
    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        try:
            item = written.decode(request.body)
        except unreadable as error:
            raise ValueError(str(error)) from None
        # The request does not say when, so use `now`.
        event = Incoming(
            id=str(item.id),
            at=now,
            channel=channel,
            raw=item,
            sender=item.sender,
            to=item.to,
            text=item.text,
        )
        return Read([event])

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        (reply,) = replies
        if reply is None:
            return CallbackAnswer()
        return CallbackAnswer(200, msgspec.json.encode({"reply": reply}), "application/json")


def status_changed(item: Report, channel: str) -> StatusChanged:
    state = STATES.get(item.state, State.UNKNOWN)
    return StatusChanged(
        # Made from the message and its state: a report that is told twice has the same id.
        id=f"{item.id}:{item.state}",
        at=item.at,
        channel=channel,
        raw=item,
        message_id=str(item.id),
        status=Status(state=state, id=str(item.id), code=item.state, reported_at=item.at),
    )


@hookimpl
def devino_callbacks() -> Iterable[CallbackSpec]:
    post = frozenset({"POST"})
    return [
        CallbackSpec(name="acme", summary="Acme's reports.", source=Reports(), methods=post),
        CallbackSpec(name="acme-inbox", summary="Acme's replies.", source=Inbox(), methods=post),
    ]
