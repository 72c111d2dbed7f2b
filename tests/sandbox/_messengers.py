"""Messengers' interfaces over plain HTTP: no client of ours, so that the wire itself is tested."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World
from tests.sandbox._http import LOGIN, PASSWORD, Answer, Http

TO = "79161234567"


def basic(login: str = LOGIN, password: str = PASSWORD, charset: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode(charset)).decode()


def text(to: str = TO, /, **changes: object) -> dict[str, Any]:
    """A message by Viber; None takes a field away."""
    fields = {
        "subject": "DEVINO",
        "priority": "high",
        "validityPeriodSec": 3600,
        "type": "viber",
        "contentType": "text",
        "content": {"text": "Hello"},
        "address": to,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def with_sms(to: str = TO, /, **changes: object) -> dict[str, Any]:
    sms = {"smsText": "Instead", "smsSrcAddress": "SHOP", "smsValidityPeriodSec": 3600}
    return text(to, **{**sms, **changes})


BUTTON = {"text": "Look", "caption": "Open", "action": "https://shop.example/1"}


class Messenger:
    """A client of one messenger's interface."""

    def __init__(self, http: Http, clock: ManualClock, suffix: str = "") -> None:
        self.http = http
        self.clock = clock
        self._suffix = suffix

    async def post(self, path: str, body: object, **headers: str) -> Answer:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        usual = {"Authorization": basic(), "Content-Type": "application/json"}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.raw("POST", path, sent, {**usual, **given})

    async def send(self, *messages: object, resend: object = None, **more: object) -> Any:
        """The answer to a request with these messages."""
        body = {"messages": messages, **more}
        if resend is not None:
            body["resendSms"] = resend
        answer = await self.post(f"/send{self._suffix}", body)
        assert answer.status == 200
        return answer.json

    async def sent(self, *messages: object, resend: object = None) -> list[int]:
        """The ids of messages that must be taken."""
        answer = await self.send(*messages, resend=resend)
        assert [one["code"] for one in answer["messages"]] == ["ok"] * len(messages), answer
        return [one["providerId"] for one in answer["messages"]]

    async def code(self, message: object, resend: object = None, **more: object) -> str:
        """The code of one message."""
        [taken] = (await self.send(message, resend=resend, **more))["messages"]
        assert ("providerId" in taken) is (taken["code"] == "ok")
        code: str = taken["code"]
        return code

    async def ask(self, *ids: object) -> Any:
        answer = await self.post(f"/status{self._suffix}", {"messages": ids})
        assert answer.status == 200
        return answer.json

    async def status(self, message_id: object) -> dict[str, Any]:
        """What is told of one message."""
        [told] = (await self.ask(message_id))["messages"]
        found: dict[str, Any] = told
        return found


@asynccontextmanager
async def calling(
    world: World, account: Account, urls: Mapping[str, Secret]
) -> AsyncIterator[Http]:
    """A sandbox with the services of its own that calls these URLs."""
    account.callbacks = urls
    async with Sandbox(world, discover=False) as sandbox, aiohttp.ClientSession() as session:
        yield Http(session, sandbox.endpoints)


async def exchange(root: str, *pieces: bytes) -> tuple[int, bytes, bytes]:
    """What a raw request is answered with: the status, the head, the body.

    A second piece is sent when the server has said that it may come.
    """
    host, _, port = root.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(10):
            first, *later = pieces
            writer.write(first)
            for piece in later:
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                writer.write(piece)
            head = await reader.readuntil(b"\r\n\r\n")
            names = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
            body = await reader.readexactly(int(names[b"content-length"]))
    finally:
        writer.close()
        await writer.wait_closed()
    return int(head.split()[1]), head, body


def request(line: str, headers: Sequence[str], body: bytes = b"") -> bytes:
    """A request as it stands on the wire."""
    head = [line, *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body
