"""The source of the docs, tested by the conformance kit, through `handle` and through `asgi`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from devino_core import AsyncClient, Event, Incoming, Plugins, Secret, State, Status, StatusChanged
from devino_core.callbacks import CallbackRequest
from devino_core.testing import CallbackConformance, Readable
from tests.core._asgi import ask, scope
from tests.core._callbacks import SECRET
from tests.core._examples import example

SHOWN = example("callback_source")
REPORTS, INBOX = SHOWN.devino_callbacks()

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def posted(body: str) -> CallbackRequest:
    return CallbackRequest(method="POST", path="/", body=body.encode())


def changed(number: int, state: State, word: str) -> StatusChanged:
    return StatusChanged(
        id=f"{number}:{word}",
        at=NOON,
        channel="acme",
        message_id=str(number),
        status=Status(state=state, id=str(number), code=word, reported_at=NOON),
    )


def item(number: int, word: str, at: str = "2026-01-01T12:00:00Z") -> str:
    return f'{{"id": {number}, "state": "{word}", "at": "{at}"}}'


FIRST, SECOND = 3158611117333282817, 3158611117333282818


class TestReports(CallbackConformance):
    spec = REPORTS
    canary = "canary"
    readable = (
        Readable(
            posted(f"[{item(FIRST, 'delivered')}, {item(SECOND, 'failed')}]"),
            [
                changed(FIRST, State.DELIVERED, "delivered"),
                changed(SECOND, State.UNDELIVERABLE, "failed"),
            ],
        ),
        Readable(posted(f"[{item(FIRST, 'read')}]"), [changed(FIRST, State.READ, "read")]),
        Readable(posted(f"[{item(FIRST, 'canary')}]"), [changed(FIRST, State.UNKNOWN, "canary")]),
        Readable(
            posted(f'[{{"id": "canary"}}, {item(FIRST, "read")}, {item(1, "x", at="canary")}]'),
            [changed(FIRST, State.READ, "read")],
            unread=2,
        ),
        Readable(posted("[]"), []),
    )
    unreadable = tuple(map(posted, ("", "[", "{}", '"canary"', "[canary]", "[" * 10_000)))
    repeats = (
        (
            posted(f"[{item(FIRST, 'delivered')}, {item(SECOND, 'failed')}]"),
            posted(f"[ {item(SECOND, 'failed', at='2026-01-01T15:00:00+03:00')} ]"),
        ),
    )


def written(text: str) -> str:
    return f'{{"id": 5, "from": "79031234567", "to": "1234", "text": "{text}"}}'


class TestInbox(CallbackConformance):
    spec = INBOX
    canary = "Канарейка"
    one_item = True
    readable = (
        Readable(
            posted(written("Канарейка")),
            [
                Incoming(
                    id="5",
                    at=NOON,
                    channel="acme-inbox",
                    sender="79031234567",
                    to="1234",
                    text="Канарейка",
                )
            ],
        ),
    )
    unreadable = tuple(map(posted, ("", "[]", "Канарейка", '{"text": "Канарейка"}')))
    repeats = ((posted(written("Hi")), posted(written("Hi").replace(", ", ",\n"))),)


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    plugins = Plugins(discover=False)
    plugins.register(SHOWN, "callback_source")
    async with AsyncClient({}, plugins=plugins) as client:
        yield client


async def test_both_sources_are_received_through_a_client(client: AsyncClient) -> None:
    taken: list[Event] = []

    async def take(event: Event) -> str | None:
        taken.append(event)
        return "Hello" if isinstance(event, Incoming) else None

    client.callbacks(take, secrets=[Secret(SECRET)])
    reports = CallbackRequest(
        method="POST", path=f"/{SECRET}/acme", body=f"[{item(FIRST, 'read')}]".encode()
    )
    assert (await client.handle_callback(reports)).status == 200
    answer = await client.handle_callback(
        CallbackRequest(method="POST", path=f"/{SECRET}/acme-inbox", body=written("Hi").encode())
    )
    assert (answer.body, answer.content_type) == (b'{"reply":"Hello"}', "application/json")
    assert [(event.channel, event.id) for event in taken] == [
        ("acme", f"{FIRST}:read"),
        ("acme-inbox", "5"),
    ]


async def test_a_reply_leaves_through_asgi(client: AsyncClient) -> None:
    callbacks = client.callbacks(lambda event: "Hello", secrets=[Secret(SECRET)])
    answer = await ask(
        callbacks.asgi, scope(f"/hooks/{SECRET}/acme-inbox"), [written("Hi").encode()]
    )
    assert answer is not None
    assert (answer.status, answer.body) == (200, b'{"reply":"Hello"}')
