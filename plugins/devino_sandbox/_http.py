"""One HTTP exchange for services that answer at once: bytes in, bytes out, or a broken line."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias, cast

import msgspec

from ._faults import Action, AnswerError, AnswerHttp, Drop, DropAnswer, Hang
from ._http_said import CALL
from ._journal import Record

__all__ = [
    "ABORT",
    "WITHOUT_BODY",
    "ASGIApp",
    "AtOnce",
    "Broken",
    "Outcome",
    "RawAnswer",
    "RawRequest",
    "answering",
    "json_answer",
    "struck",
]

Event: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Event, Receive, Send], Awaitable[None]]

ABORT = "devino_sandbox.abort"
"""The ASGI extension that closes the connection at once; the sandbox's own server has it."""

WITHOUT_BODY = frozenset({204, 304})
"""Statuses of answers that end with their head (RFC 9112, 6.3)."""


class RawRequest(msgspec.Struct, frozen=True):
    """A request as it came. It may hold passwords, so the repr shows nothing but the path."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    """Names in lower case."""
    body: bytes
    scheme: str = "http"
    """Or ``https``."""
    target: str = ""
    """The path as it was sent, still escaped."""

    def __repr__(self) -> str:
        return f"RawRequest({self.method} {self.path})"

    # msgspec gives rich an attribute list of its own, which would print the body.
    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("method", self.method), ("path", self.path)]


class RawAnswer(msgspec.Struct, frozen=True):
    """An answer; Content-Length is added."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Broken(enum.Enum):
    """What a client may get in place of an answer."""

    DROP = enum.auto()
    """The connection is closed."""
    HANG = enum.auto()
    """Nothing, until one of the two closes."""


Outcome: TypeAlias = RawAnswer | Broken


def json_answer(status: int, value: object) -> RawAnswer:
    """For what no protocol of the platform prescribes."""
    return RawAnswer(
        status, msgspec.json.encode(value) + b"\n", ((b"content-type", b"application/json"),)
    )


def struck(
    action: Action,
    carry_out: Callable[[], Outcome],
    error: Callable[[AnswerError], Outcome],
) -> Outcome:
    """What a fault makes of an HTTP call; ``error`` says its protocol's errors."""
    match action:
        case AnswerError():
            return error(action)
        case AnswerHttp():
            headers = ((b"content-type", action.content_type.encode()),)
            return RawAnswer(action.status, action.body.encode(), headers)
        case Drop():
            return Broken.DROP
        case DropAnswer():
            carry_out()
            return Broken.DROP
        case Hang():
            return Broken.HANG


class AtOnce:
    """An ASGI app around a plain function, which the sandbox's own server calls without ASGI."""

    def __init__(self, handle: Callable[[RawRequest], Outcome]) -> None:
        self._handle = handle

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return
        outcome = self.outcome(scope, body)
        if isinstance(outcome, Broken):
            await _break(outcome, scope, receive)
            return
        headers, body = [*outcome.headers], b""
        if outcome.status not in WITHOUT_BODY:
            body = outcome.body
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": outcome.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def outcome(self, scope: Event, body: bytes) -> Outcome:
        """What becomes of a request. What happens meanwhile belongs to its call in the journal."""
        of: Any = scope
        request = RawRequest(
            of["method"],
            of["path"],
            of["query_string"],
            of["headers"],
            body,
            of["scheme"],
            of.get("raw_path", b"").decode("latin-1"),
        )
        record: Record | None = of.get("extensions", {}).get(CALL)
        if record is None:
            return self._handle(request)
        # As `with record` does, which is two calls.
        journal = record.journal
        before, journal.now = journal.now, record
        try:
            return self._handle(request)
        finally:
            journal.now = before


def answering(handle: Callable[[RawRequest], Outcome]) -> ASGIApp:
    """An ASGI app around a plain function. The sandbox's server limits the body.

    That server calls the function itself, in the turn of the loop in which the request is whole:
    no task is current then.
    """
    return AtOnce(handle)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if the client left."""
    event = await receive()
    if event["type"] == "http.request" and not event.get("more_body"):
        return cast("bytes", event.get("body", b""))
    chunks = bytearray()
    while event["type"] == "http.request":
        chunks += cast("bytes", event.get("body", b""))
        if not event.get("more_body"):
            return bytes(chunks)
        event = await receive()
    return None


async def _break(how: Broken, scope: Event, receive: Receive) -> None:
    extensions = cast("dict[str, Callable[[], None]]", scope.get("extensions") or {})
    if how is Broken.DROP and ABORT in extensions:
        extensions[ABORT]()
    while (await receive())["type"] != "http.disconnect":
        pass
