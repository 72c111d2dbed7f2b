"""A service of the test that calls back, and a receiver of its calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp import web

from devino_core import Secret
from devino_sandbox import (
    Account,
    ASGIApp,
    CallbackKind,
    HttpService,
    IncomingMessage,
    Sandbox,
    StoredMessage,
    Submission,
    World,
    answering,
    json_answer,
)
from tests.sandbox._http import Http

SECRET = "s3cret-of-the-path"
TO, OTHER = "79161234567", "79161234568"


class Call(msgspec.Struct, frozen=True):
    """A callback as it came."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def rows(self) -> list[list[str]]:
        """What a status callback says: numbers and states."""
        return msgspec.json.decode(self.body, type=list[list[str]])


Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """An application's end: what it was called with, and what it answers."""

    def __init__(self) -> None:
        self.root = ""
        self.answers: list[int | str | Answering] = []
        """For the next calls: a status, a text, or whatever a handler does; then 200, empty."""
        self.most_at_once = 0
        self._at_once = 0
        self._calls: asyncio.Queue[Call] = asyncio.Queue()

    def url(self, kind: str, query: str = "") -> Secret:
        return Secret(f"{self.root}/{SECRET}/{kind}{query}")

    async def call(self) -> Call:
        """The next call; it comes, if it does, at once."""
        async with asyncio.timeout(10):
            return await self._calls.get()

    @property
    def nothing_more(self) -> bool:
        return self._calls.empty()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self._calls.put_nowait(
                Call(
                    request.method,
                    request.path,
                    request.rel_url.raw_query_string,
                    await request.read(),
                    dict(request.headers),
                )
            )
            answer = self.answers.pop(0) if self.answers else 200
            if isinstance(answer, int):
                return web.Response(status=answer, headers={"Location": f"{self.root}/elsewhere"})
            if isinstance(answer, str):
                return web.Response(text=answer)
            return await answer(request)
        finally:
            self._at_once -= 1


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.answer)
    # Whoever waits here for ever is done with when the sandbox hangs up.
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.root = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def silent(request: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets that event")


class Pigeon(HttpService):
    """Posts states in arrays, and asks about what comes in; the answer goes to the subscriber."""

    name = "pigeon"
    prefixes = ("/pigeon",)

    def __init__(self, world: World, **changes: Any) -> None:
        self._world = world
        self.callback_kinds = {
            "status": CallbackKind(
                changed=self._changed,
                **{"write": msgspec.json.encode, "batch": 100, **changes},
            ),
            "reply": CallbackKind(
                verb="GET",
                write=lambda items: urlencode(items[0]).encode(),
                arrived=self._arrived,
                answered=self._answered,
                after_silence=0,
                after_error=300,
                give_up_after=3600,
            ),
        }

    @property
    def app(self) -> ASGIApp:
        return answering(lambda request: json_answer(200, "coo"))

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"pigeon": f"{base_url}/pigeon"}

    def _changed(self, message: StoredMessage) -> tuple[str, str] | None:
        if not message.state.is_final:
            return None
        return message.to, message.state

    def _arrived(self, message: IncomingMessage) -> dict[str, str]:
        return {"from": message.sender, "text": message.text}

    def _answered(self, account: Account, items: Sequence[dict[str, str]], body: bytes) -> None:
        if body:
            order = Submission(account=account, via=self.name, sender="X", text=body.decode())
            self._world.submit(order, [items[0]["from"]])


def endless(headers: Mapping[str, str]) -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)

    return answer


async def broken(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def calling(
    world: World, account: Account, urls: Mapping[str, Secret], **changes: Any
) -> AsyncIterator[Http]:
    """A sandbox that calls these URLs."""
    account.callbacks = urls
    services = [lambda world: Pigeon(world, **changes)]
    async with (
        Sandbox(world, services=services, discover=False) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        yield Http(session, sandbox.endpoints)


def send(world: World, *to: str) -> None:
    """Messages that end a second later."""
    [account, *_] = world.accounts.values()
    world.submit(Submission(account=account, via="test", sender="X", text="x"), to or [TO])


async def wait(http: Http, seconds: float) -> None:
    """Let time pass as a client of the sandbox does."""
    body = json.dumps({"advance": seconds}).encode()
    assert (await http.raw("POST", "/_sandbox/clock", body)).status == 200


async def deliver(http: Http, world: World, *to: str) -> None:
    send(world, *to)
    await wait(http, 1)


async def shown(http: Http) -> list[dict[str, Any]]:
    answer = await http.raw("GET", "/_sandbox/callbacks")
    assert SECRET.encode() not in answer.body
    assert b"127.0.0.1" not in answer.body
    return answer.json  # type: ignore[no-any-return]


async def concluded(http: Http) -> list[dict[str, Any]]:
    """What is shown as soon as no request is under way."""
    async with asyncio.timeout(10):
        while True:
            rows = await shown(http)
            if all(row["due"] or row["answered"] or row["given_up"] for row in rows):
                return rows
