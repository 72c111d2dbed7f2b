"""What messages are on a wire. A mail-out, which says one thing to many, is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from devino_core import Message

__all__ = ["at", "looked_at", "with_numbers"]

T = TypeVar("T")
LookT = TypeVar("LookT")
ItemT = TypeVar("ItemT", bound=Struct)

_plainly_said = attrgetter("content", "medium", "sender", "validity", "priority")


def _said(message: Message) -> tuple[object, ...]:
    """What a message without options and fallback says to whomever it goes."""
    at = message.send_at
    # Where the clocks go back, two times of one zone are equal and an hour apart.
    return (*_plainly_said(message), at and at.isoformat())


def _are_same(options: Mapping[str, object], others: Mapping[str, object]) -> bool:
    """Whether these options say the same. One and True are equal, and do not."""
    are_texts = {str}.issuperset(map(type, options.values()))
    return options == others and (are_texts or repr(options) == repr(others))


def looked_at(
    messages: Iterable[Message], look: Callable[[Message], LookT]
) -> Iterator[tuple[LookT, int]]:
    """What ``look`` gives for messages in order, and for how many that follow each other it holds.

    It looks once at messages that say the same, but at each that has a fallback, whose recipient is
    a field of its own; and at each run of those with options.
    """
    known: dict[object, LookT] = {}
    for first, count in _runs(messages):
        if first.fallback is not None or type(first.content) is not str or first.options:
            yield look(first), count
        else:
            key = _said(first)
            if key not in known:
                known[key] = look(first)
            yield known[key], count


def _runs(messages: Iterable[Message]) -> Iterator[tuple[Message, int]]:
    """The first of those that follow each other and say the same, and how many they are. Times
    are the same if they are one object."""
    first, count = None, 0
    for message in messages:
        # Field by field takes half the time of a comparison of tuples.
        if (
            first is not None
            and message.content == first.content
            and message.medium is first.medium
            and (message.sender is first.sender or message.sender == first.sender)
            and message.send_at is first.send_at
            and message.validity is first.validity
            and message.priority is first.priority
            and (message.options is first.options or _are_same(message.options, first.options))
            and message.fallback is first.fallback is None
        ):
            count += 1
            continue
        if first is not None:
            yield first, count
        first, count = message, 1
    if first is not None:
        yield first, count


def at(places: Sequence[int], of: Sequence[T]) -> Sequence[T]:
    """What stands at these places. Mostly they follow each other."""
    if isinstance(places, range) and places.step == 1 and places.start >= 0:
        return of[places.start : places.start + len(places)]
    return list(map(of.__getitem__, places))


def with_numbers(items: Iterable[ItemT], field: str, numbers: Iterable[str]) -> tuple[ItemT, ...]:
    """Copies of the items, each with its number in this field.

    Raises ValueError unless there is one number for each.
    """
    # To give `replace` a field whose name is a variable takes twice as long. The garbage collector
    # looks into a long list again and again, but not into a tuple of what it does not track.
    copies, own = tuple(map(replace, items)), tuple(numbers)
    if len(copies) != len(own):
        # An item would go to the number of another.
        raise ValueError(f"{len(own)} numbers for {len(copies)} items")
    for _ in map(force_setattr, copies, repeat(field), own):
        pass
    return copies
