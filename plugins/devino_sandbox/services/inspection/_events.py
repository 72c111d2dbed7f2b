"""What happens, told at once: Server-Sent Events."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
from starlette.responses import StreamingResponse

from devino_sandbox._journal import Record
from devino_sandbox._messages import IncomingMessage, StoredMessage
from devino_sandbox._shown import IncomingView, MessageView
from devino_sandbox._world import World

from ._table import Asked, Nothing, Row

__all__ = ["EventRoutes"]

_MOST = 20
"""Events a second that one listener gets; the rest is folded into one."""
_REMEMBERED = 1000
"""Events that a listener who comes back is told."""
_LINGER = 30.0
"""Seconds in which nobody listens and events are still remembered, for who comes back."""
_QUIET = 15.0
"""Seconds after which a listener hears that the connection is alive."""


class _Event(NamedTuple):
    number: int
    kind: str
    show: Callable[[], object]


_REFRESH = {"refresh": True}


class EventRoutes:
    """``GET /_sandbox/events``, on one World.

    The World is listened to only while somebody listens here.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        # So that the id of an event of another run means none of this one.
        self._run = secrets.token_hex(4)
        self._events: deque[_Event] = deque(maxlen=_REMEMBERED)
        self._number = 0
        self._heard_since = 0
        """The first event that may be remembered is the one after this."""
        self._listeners: set[asyncio.Event] = set()
        self._ends: Sequence[Callable[[], None]] = ()
        self._lingering: asyncio.TimerHandle | None = None

    @property
    def rows(self) -> Sequence[Row[Any, Any]]:
        """The one."""
        return (
            Row(
                method="GET",
                path="/events",
                about="what happens, as Server-Sent Events: message, state, incoming, call",
                handle=self._listen,
            ),
        )

    def close(self) -> None:
        """Listen to the World no more."""
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        for end in self._ends:
            end()
        self._ends = ()

    async def _listen(self, asked: Asked[Nothing, Nothing]) -> StreamingResponse:
        last = asked.http.headers.get("last-event-id", "")
        return StreamingResponse(
            self._told(last),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    def _begin(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        if self._ends:
            return
        self._heard_since = self._number
        self._events.clear()
        self._ends = (
            self._world.subscribe(
                recorded=self._recorded,
                changed=self._changed,
                arrived=self._arrived,
                forgotten=lambda: self._add("refresh", lambda: _REFRESH),
            ),
            self._world.journal.subscribe(self._called),
        )

    def _recorded(self, message: StoredMessage) -> None:
        if message.listed:
            self._add("message", lambda: MessageView.of(message))

    def _changed(self, message: StoredMessage) -> None:
        if message.listed:
            self._add("state", lambda: MessageView.of(message))

    def _arrived(self, message: IncomingMessage) -> None:
        self._add("incoming", lambda: IncomingView.of(message))

    def _called(self, record: Record) -> None:
        self._add("call", record.line)

    def _add(self, kind: str, show: Callable[[], object]) -> None:
        self._number += 1
        self._events.append(_Event(self._number, kind, show))
        for listener in self._listeners:
            listener.set()

    async def _told(self, last: str) -> AsyncIterator[bytes]:
        self._begin()
        stirred = asyncio.Event()
        self._listeners.add(stirred)
        try:
            yield b"retry: 1000\n\n"
            place = self._place(last)
            if place is None:
                place = self._number
                yield self._refresh()
            loop = asyncio.get_running_loop()
            since, told = loop.time(), 0
            while True:
                stirred.clear()
                if loop.time() - since >= 1:
                    since, told = loop.time(), 0
                new = [event for event in self._events if event.number > place]
                if place + len(new) == self._number and len(new) <= _MOST - told:
                    for event in new:
                        yield self._written(event)
                    place, told = self._number, told + len(new)
                    if not await _stirs(stirred, _QUIET):
                        yield b": still here\n\n"
                    continue
                for event in new[: _MOST - told - 1]:
                    yield self._written(event)
                # The rest of this second is one event at its end.
                await asyncio.sleep(max(since + 1 - loop.time(), 0))
                place = self._number
                yield self._refresh()
        finally:
            self._listeners.discard(stirred)
            if not self._listeners:
                self._lingering = asyncio.get_running_loop().call_later(_LINGER, self.close)

    def _place(self, last: str) -> int | None:
        """The number of the event that a listener heard last; None if it missed some."""
        if not last:
            return self._number
        run, _, number = last.partition("-")
        if run != self._run or not (number.isascii() and number.isdecimal() and len(number) < 20):
            return None
        oldest = self._events[0].number - 1 if self._events else self._heard_since
        return int(number) if max(oldest, self._heard_since) <= int(number) else None

    def _refresh(self) -> bytes:
        return self._written(_Event(self._number, "refresh", lambda: _REFRESH))

    def _written(self, event: _Event) -> bytes:
        # A lone surrogate, which JSON cannot have, stands in what was refused.
        try:
            data = msgspec.json.encode(event.show())
        except UnicodeEncodeError:
            data, event = msgspec.json.encode(_REFRESH), event._replace(kind="refresh")
        head = f"id: {self._run}-{event.number}\nevent: {event.kind}\ndata: ".encode()
        return head + data + b"\n\n"


async def _stirs(event: asyncio.Event, within: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
            return True
    return False
