"""What sources of callbacks share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from devino_codecs.errors import DecodeError
from devino_codecs.http import Unread, read_json
from devino_core import Event
from devino_core.callbacks import CallbackAnswer, CallbackRequest, Read

__all__ = ["ItemSource", "events_of", "read_items"]

Item = TypeVar("Item")

_items = msgspec.json.Decoder(list[msgspec.Raw])


def read_items(body: bytes, of: type[Item], event: Callable[[Item], Event]) -> Read:
    """The events of a callback whose body is a JSON array. An item that cannot be read costs no
    other its place.

    ``of`` is the type of an item; its annotations say its form, see :mod:`devino_codecs.http`.
    ``event`` makes an event of an item.

    Raises ValueError for a body that is no JSON array.
    """
    try:
        items = _items.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        # No text of these errors quotes what could not be read.
        raise ValueError(str(error)) from None
    return events_of([_read(of, bytes(item), event) for item in items])


def events_of(items: Iterable[Event | Unread]) -> Read:
    """What a request said, of what a codec made of its items."""
    events: list[Event] = []
    unread: list[str] = []
    for place, item in enumerate(items):
        if isinstance(item, Unread):
            unread.append(f"[{place}]: {item}")
        else:
            events.append(item)
    return Read(events, unread)


class ItemSource(ABC, Generic[Item]):
    """A source whose callbacks are JSON arrays, and are answered with nothing but the status::

        class Reports(ItemSource[Report]):
            item = Report

            def event(self, item: Report, channel: str) -> Event:
                return StatusChanged(...)

    :func:`read_items` reads them.
    """

    item: type[Item]
    """What the array holds; its annotations say its form, see :mod:`devino_codecs.http`."""

    @abstractmethod
    def event(self, item: Item, channel: str, /) -> Event:
        """The event of an item; ``channel`` is what :attr:`Event.channel` says."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        return read_items(request.body, self.item, lambda item: self.event(item, channel))

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return CallbackAnswer()


def _read(of: type[Item], item: bytes, event: Callable[[Item], Event]) -> Event | Unread:
    try:
        return event(read_json(of, item))
    except DecodeError as error:
        return Unread(error.reason, error.path)
