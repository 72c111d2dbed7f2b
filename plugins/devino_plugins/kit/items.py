"""What messages are on a wire. A mail-out, which says one thing to many, is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from devino_core import Message

__all__ = ["for_each", "looked_at"]

LookT = TypeVar("LookT")
ItemT = TypeVar("ItemT", bound=Struct)

_said = attrgetter(
    "content", "medium", "sender", "send_at", "validity", "priority", "options", "fallback"
)
"""What a message says to whomever it goes."""


def looked_at(
    messages: Iterable[Message], look: Callable[[Message], LookT]
) -> Iterator[tuple[LookT, int]]:
    """What ``look`` gives for messages in order, and for how many that follow each other it holds.

    It looks once at messages that say the same, but at each that has a fallback, whose recipient is
    a field of its own; and at each run of those with options.
    """
    known: dict[object, LookT] = {}
    for said, run in groupby(messages, _said):
        first, *others = run
        if first.fallback is not None:
            yield from [(look(message), 1) for message in (first, *others)]
        elif type(first.content) is not str or first.options:
            yield look(first), 1 + len(others)
        else:
            key = said[:-2]
            if key not in known:
                known[key] = look(first)
            yield known[key], 1 + len(others)


def for_each(item: ItemT, field: str, numbers: Iterable[str]) -> list[ItemT]:
    """The item once for each number, which stands in this field."""
    # To give `replace` a field whose name is a variable takes twice as long.
    items = []
    for number in numbers:
        own = replace(item)
        force_setattr(own, field, number)
        items.append(own)
    return items
