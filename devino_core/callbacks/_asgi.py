"""The receiver as an ASGI application: translates scopes and messages to requests and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TypeAlias, cast

from ._values import CallbackAnswer, CallbackRequest

__all__ = [
    "Application",
    "Receive",
    "Scope",
    "Send",
    "application",
    "body_of",
    "lifespan",
    "request_of",
    "send_answer",
]

Scope: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, object]]]
Send: TypeAlias = Callable[[MutableMapping[str, object]], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def application(serve: Application) -> Application:
    """Wrap a method in a function: uvicorn takes a bound method for an ASGI 2 application."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await serve(scope, receive, send)

    return asgi


def request_of(scope: Scope) -> CallbackRequest:
    """The request without its body."""
    path = cast("str", scope["path"])
    root = cast("str", scope.get("root_path") or "")
    headers = cast("list[tuple[bytes, bytes]]", scope["headers"])
    client = cast("tuple[str, int] | None", scope.get("client"))
    return CallbackRequest(
        method=cast("str", scope["method"]),
        # Frameworks differ: some include the mount path in the path, some do not.
        path=path if path.startswith(root) else f"{root}/{path}",
        query=cast("bytes", scope.get("query_string") or b""),
        headers={name.decode("latin-1"): text.decode("latin-1") for name, text in headers},
        peer=client[0] if client else None,
    )


async def body_of(receive: Receive, limit: int) -> bytes | None:
    """The body, cut short once it exceeds the limit; None if the client left."""
    event = await receive()
    body = cast("bytes", event.get("body", b""))
    if event["type"] == "http.request" and not event.get("more_body"):
        return body
    chunks = bytearray(body)
    while event["type"] == "http.request":
        if not event.get("more_body") or len(chunks) > limit:
            return bytes(chunks)
        event = await receive()
        chunks += cast("bytes", event.get("body", b""))
    return None


async def send_answer(send: Send, answer: CallbackAnswer) -> None:
    headers = [(b"content-length", b"%d" % len(answer.body))]
    for name, text in answer.headers.items():
        headers.append((name.lower().encode("latin-1"), text.encode("latin-1")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def lifespan(
    receive: Receive,
    send: Send,
    *,
    startup: Callable[[], None],
    shutdown: Callable[[], Awaitable[None]],
) -> None:
    """Answer the server's start and its end."""
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            startup()
            await send({"type": "lifespan.startup.complete"})
        elif event["type"] == "lifespan.shutdown":
            await shutdown()
            await send({"type": "lifespan.shutdown.complete"})
            return
