"""Sources without a platform, and an application that a test can hold up or make fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime

from devino_core import Event, Incoming, Secret, State, Status, StatusChanged
from devino_core.callbacks import CallbackAnswer, CallbackRequest, Callbacks, CallbackSpec, Read
from devino_core.testing import ManualClock

SECRET = "the-present-secret"
OLD_SECRET = "the-secret-before-it"


class Reports:
    """A JSON list of ids. Each reports that this message was read; "?" cannot be read."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        if request.body == b"a bug":
            raise KeyError("79031234567")
        try:
            ids = json.loads(request.body)
        except ValueError:
            raise ValueError("the body is no JSON") from None
        return Read(
            [report(one, now=now, channel=channel) for one in ids if one != "?"],
            ["id: is no id"] * ids.count("?"),
        )

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return CallbackAnswer()


class Messages:
    """The text of one message, from the query or the body; the answer holds the reply."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        text = (request.query or request.body).decode()
        return Read(
            [Incoming(id=text, at=now, channel=channel, sender="79031234567", to="1234", text=text)]
        )

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        (reply,) = replies
        if reply is None:
            return CallbackAnswer()
        if reply == "a bug":
            raise KeyError(reply)
        if "\0" in reply:
            raise ValueError("a control character")
        return CallbackAnswer(200, f"{{sms={reply}}}".encode(), "text/plain; charset=utf-8")


REPORTS = CallbackSpec(
    name="reports", summary="Reports.", source=Reports(), methods=frozenset({"POST"})
)
MESSAGES = CallbackSpec(
    name="messages", summary="Messages.", source=Messages(), methods=frozenset({"GET", "POST"})
)


def report(message_id: str, *, now: datetime, channel: str) -> StatusChanged:
    return StatusChanged(
        id=f"{message_id}:READ",
        at=now,
        channel=channel,
        message_id=message_id,
        status=Status(state=State.READ, id=message_id),
    )


class Application:
    """Takes events, but slowly while it is ``busy``. It fails for ids in ``failing``."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.taken: list[Event] = []
        self.failing: set[str] = set()
        self.replies: dict[str, str] = {}
        self.has_begun = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()

    @property
    def ids(self) -> list[str]:
        return [event.id for event in self.taken]

    def busy(self) -> None:
        self._free.clear()

    def free(self) -> None:
        self._free.set()

    async def __call__(self, event: Event) -> str | None:
        self.begun.append(event.id)
        self.has_begun.set()
        await self._free.wait()
        if event.id in self.failing:
            raise RuntimeError("the database is away")
        self.taken.append(event)
        return self.replies.get(event.id)


class Receiving:
    """A receiver on a clock that the test drives."""

    def __init__(self, **options: object) -> None:
        self.application = Application()
        self.clock = ManualClock()
        self.callbacks = Callbacks(
            self.application,
            [REPORTS, MESSAGES],
            secrets=[Secret(SECRET), Secret(OLD_SECRET)],
            clock=self.clock,
            **options,  # type: ignore[arg-type]
        )

    async def post(self, *ids: str) -> int:
        """Post reports about these messages, and give the status of the answer."""
        return (await self.callbacks.handle(posted(*ids))).status

    def posting(self, *ids: str) -> asyncio.Task[int]:
        return asyncio.create_task(self.post(*ids))


def posted(*ids: str) -> CallbackRequest:
    return request(body=json.dumps(ids).encode())


def request(
    method: str = "POST",
    path: str = f"/hooks/{SECRET}/reports",
    *,
    query: bytes = b"",
    body: bytes = b"",
    peer: str | None = None,
    authorization: str | None = None,
) -> CallbackRequest:
    headers = {} if authorization is None else {"Authorization": authorization}
    return CallbackRequest(
        method=method, path=path, query=query, headers=headers, body=body, peer=peer
    )


async def settle() -> None:
    """Let all tasks run that can run."""
    for _ in range(20):
        await asyncio.sleep(0)
