"""One request to an ASGI application, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, NamedTuple

App = Callable[[Any, Any, Any], Awaitable[None]]


class Answered(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes
    read: int
    """How many messages of the request the application asked for."""


def scope(path: str, method: str = "POST", **given: object) -> dict[str, object]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1234),
        "server": ("127.0.0.1", 80),
        **given,
    }


async def ask(
    app: App, asked: Mapping[str, object], chunks: Iterable[bytes | None] = (b"",)
) -> Answered | None:
    """The answer to these pieces of a body. A piece that is None means that the client leaves."""
    pieces = list(chunks)
    waiting = iter(enumerate(pieces, 1))
    sent: list[MutableMapping[str, Any]] = []
    read = 0

    async def receive() -> dict[str, object]:
        nonlocal read
        read += 1
        number, chunk = next(waiting, (0, None))
        if chunk is None:
            if not number:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": number < len(pieces)}

    async def send(event: MutableMapping[str, Any]) -> None:
        sent.append(event)

    await app(dict(asked), receive, send)
    if not sent:
        return None
    start, body = sent
    headers = {name.decode(): text.decode() for name, text in start["headers"]}
    assert headers["content-length"] == str(len(body["body"]))
    return Answered(start["status"], headers, body["body"], read)
