"""A callback's request, what is read from it, and its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec

from devino_core._events import Event
from devino_core.errors import PluginError
from devino_core.lazy import resolve

__all__ = ["CallbackAnswer", "CallbackRequest", "CallbackSpec", "Read", "Source", "Take"]

Take: TypeAlias = Callable[[Event], Awaitable[str | None] | str | None]
"""What an application does with an event. It may give a reply to the sender, if the source has one.

An ``async def`` is awaited in the event loop; a plain function runs in a thread. An exception says
that the event was not taken: the platform repeats it.
"""


class CallbackRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request of the platform, received by any framework.

    The repr shows only the method: the path holds the secret, and the rest holds content.
    """

    method: str
    """In capitals, as HTTP has it."""
    path: str
    """Decoded. Its last two segments count, so any part of the URL before them may be missing."""
    query: bytes = b""
    """As it came, without ``?``."""
    headers: Mapping[str, str] = {}
    """Names in any case."""
    body: bytes = b""
    peer: str | None = None
    """The IP address that the connection came from; None if it has none."""

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name."""
        wanted = name.lower()
        return next((text for key, text in self.headers.items() if key.lower() == wanted), None)

    def __repr__(self) -> str:
        return f"CallbackRequest({self.method})"

    # msgspec gives rich a list of all attributes, and rich would print them.
    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("method", self.method)]


class CallbackAnswer(msgspec.Struct, frozen=True):
    """What the platform gets. The body may hold a reply to a subscriber, so the repr hides it."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    allow: str | None = None
    """The allowed verbs, for 405."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers to send, without Content-Length."""
        given = {"Content-Type": self.content_type, "Allow": self.allow}
        return {name: text for name, text in given.items() if text is not None}

    def __repr__(self) -> str:
        return f"CallbackAnswer({self.status}, {len(self.body)} bytes)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("status", self.status)]


class Read(msgspec.Struct, frozen=True):
    """What a request said. The repr only counts the events, because they hold content."""

    events: Sequence[Event]
    unread: Sequence[str] = ()
    """Why items could not be read: one text for each. It is logged, so it holds no content."""

    def __repr__(self) -> str:
        return f"Read({len(self.events)} events, {len(self.unread)} unread)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("events", len(self.events)), ("unread", len(self.unread))]


@runtime_checkable
class Source(Protocol):
    """One kind of callback: it reads requests and writes answers, and does no I/O."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        """The events of a request, in order; ``channel`` is their channel.

        ``now`` is the time of an event that tells none. An event's id is made from what the event
        tells, such as a message's id and its state. It is the same in every repeat, whatever else
        the request holds. An unknown status word is not an error: it gives State.UNKNOWN.

        Raises ValueError if the request as a whole cannot be read; a RecursionError may pass too.
        The error's text is logged, so it says why and holds no content.
        """
        ...

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        """The answer to a request whose events were all taken. One reply for each, in order.

        Raises ValueError for a reply that cannot be sent. The text is logged, so it holds no
        content.
        """
        ...


class CallbackSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A source's manifest: cheap to make, so that listing sources imports none."""

    name: str
    """The last segment of its URL, and the channel of its events."""
    summary: str
    """One line for people."""
    source: str | Source
    """Where the source is, as ``"package.module:name"``, or the source itself.

    The name may be that of a class that takes no arguments.
    """
    methods: frozenset[str]
    """The HTTP methods that it reads, such as ``frozenset({"POST"})``."""

    def load(self) -> Source:
        """Import the source. Raises PluginError."""
        if not isinstance(self.source, str):
            return self.source
        try:
            found = resolve(self.source)
        except (ImportError, AttributeError, ValueError) as error:
            raise PluginError(
                f"source {self.name!r}: its manifest names {self.source!r}, which cannot be "
                f"imported: {error}"
            ) from error
        source: object = found() if isinstance(found, type) else found
        if not isinstance(source, Source):
            raise PluginError(
                f"source {self.name!r}: its manifest names {self.source!r}, which is no Source"
            )
        return source
