"""Callbacks: single-item requests through the receiver, against an application that only decodes.

The floor is a bare ASGI application that reads the body, decodes the same JSON with msgspec, and
answers 200: no secret, no event, no task, nothing remembered. Every request is another event.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, MutableMapping
from typing import Any

import msgspec
import pytest

from devino_core import Event, Secret
from devino_core.callbacks import CallbackRequest, Callbacks
from tests.bench.conftest import Table
from tests.core._asgi import App, scope
from tests.core._callbacks import SECRET
from tests.core._examples import example

REQUESTS = 5_000
PATH = f"/hooks/{SECRET}/acme"
SHOWN = example("callback_source")
NUMBERS = itertools.count(3158611117333282817)
HEADERS = [
    (b"host", b"example.org"),
    (b"user-agent", b"Apache-HttpClient/4.5"),
    (b"content-type", b"application/json"),
    (b"content-length", b"80"),
    (b"connection", b"Keep-Alive"),
]


async def take(event: Event) -> None:
    """Nothing that takes time."""


async def bare(asked: object, receive: Callable[[], Any], send: Callable[[object], Any]) -> None:
    event = await receive()
    BATCH.decode(event["body"])
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})


BATCH = msgspec.json.Decoder(list[SHOWN.Report])  # type: ignore[name-defined]


def bodies(items: int) -> list[bytes]:
    return [
        msgspec.json.encode(
            [
                {"id": next(NUMBERS), "state": "delivered", "at": "2026-01-01T12:00:00Z"}
                for _ in range(items)
            ]
        )
        for _ in range(REQUESTS // items)
    ]


def receiver() -> Callbacks:
    return Callbacks(take, SHOWN.devino_callbacks(), secrets=[Secret(SECRET)])


async def through(app: App, given: list[bytes]) -> None:
    asked = scope(PATH, headers=HEADERS)
    statuses: set[int] = set()

    async def send(event: MutableMapping[str, Any]) -> None:
        if "status" in event:
            statuses.add(event["status"])

    for body in given:

        async def receive(body: bytes = body) -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        await app(asked, receive, send)
    assert statuses == {200}


async def handled(given: list[bytes]) -> None:
    callbacks = receiver()
    for body in given:
        answer = await callbacks.handle(CallbackRequest(method="POST", path=PATH, body=body))
        assert answer.status == 200


@pytest.mark.parametrize("items", [1, 100])
def test_requests(compare: Table, items: int) -> None:
    name = f"callbacks, {items} an HTTP request"
    given = bodies(items)
    compare(
        name,
        lambda: asyncio.run(through(receiver().asgi, given)),
        {
            "bare ASGI": lambda: asyncio.run(through(bare, given)),
            "handle alone": lambda: asyncio.run(handled(given)),
        },
    )
    for contender in ("devino", "bare ASGI", "handle alone"):
        took = next(row[2] for row in reversed(compare.rows) if row[:2] == (name, contender))
        compare.note(f"{name}, {contender}: {REQUESTS / took:,.0f} events a second")
