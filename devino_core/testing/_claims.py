"""Messages that test what a channel claims to take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from devino_core._content import Button, Card, Content, Fill, Mail, Priority, Template
from devino_core._message import Medium, Message
from devino_core._takes import Expressible, Takes, asked

__all__ = ["as_fills", "beyond", "unshown"]

_CONTENTS: Mapping[type, Content] = {
    str: "Hello",
    Card: Card("Hello", button=Button("Look", "https://example.org")),
    Template: Template("hello"),
    Mail: Mail("Hello", "Hello"),
}
_LATER = datetime(2100, 1, 1, 12)  # noqa: DTZ001 - by the recipient's clock
_FIELDS: Mapping[Expressible, Callable[[Message], Message]] = {
    Expressible.SEND_AT: lambda message: msgspec.structs.replace(
        message, send_at=_LATER.astimezone()
    ),
    Expressible.WALL_CLOCK: lambda message: msgspec.structs.replace(message, send_at=_LATER),
    Expressible.VALIDITY: lambda message: msgspec.structs.replace(
        message, validity=timedelta(hours=1)
    ),
    Expressible.PRIORITY: lambda message: msgspec.structs.replace(message, priority=Priority.HIGH),
    Expressible.FALLBACK: lambda message: msgspec.structs.replace(
        message, fallback=Message(message.to, "Hello", sender=message.sender)
    ),
}


def beyond(
    carried: Sequence[Message], takes: Mapping[Medium, Takes]
) -> Iterator[tuple[Message, str]]:
    """Messages with one thing that is not taken, and the name of that thing."""
    for medium in Medium:
        if medium not in takes:
            yield msgspec.structs.replace(carried[0], medium=medium), f"medium {medium}"
    for sample, taken in _samples(carried, takes):
        by = f"by {sample.medium}"
        for kind, content in _CONTENTS.items():
            if kind not in taken.contents:
                yield msgspec.structs.replace(sample, content=content), f"{kind.__name__} {by}"
        for what, asking in _FIELDS.items():
            if what not in taken.expresses:
                yield asking(sample), f"{what} {by}"


def unshown(carried: Sequence[Message], takes: Mapping[Medium, Takes]) -> Iterator[str]:
    """Things that are taken, but that no message proves."""
    for medium, taken in takes.items():
        shown = [message for message in carried if message.medium is medium]
        contents = {type(message.content) for message in shown}
        for missing in sorted(kind.__name__ for kind in taken.contents - contents):
            yield f"{missing} by {medium}"
        expressed = {what for message in shown for what in asked(message)}
        for what in Expressible:
            if what in taken.expresses - expressed:
                yield f"{what} by {medium}"
        given = {name for message in shown for name in message.options}
        for field in msgspec.structs.fields(taken.options) if taken.options else ():
            if field.encode_name not in given:
                yield f"option {field.encode_name} by {medium}"


def as_fills(carried: Sequence[Message], takes: Mapping[Medium, Takes]) -> Iterator[Message]:
    """Carried texts as a Fill of the same text: a channel that takes texts takes those."""
    for sample, taken in _samples(carried, takes):
        if str in taken.contents and isinstance(sample.content, str):
            fill = Fill("{said}", {"said": sample.content})
            yield msgspec.structs.replace(sample, content=fill)


def _samples(
    carried: Sequence[Message], takes: Mapping[Medium, Takes]
) -> Iterator[tuple[Message, Takes]]:
    """One carried message for each medium."""
    for medium, taken in takes.items():
        for message in carried:
            if message.medium is medium:
                yield message, taken
                break
