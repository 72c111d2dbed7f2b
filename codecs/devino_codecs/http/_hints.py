"""Annotations, taken apart."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec

from ._marks import Unread

__all__ = ["Hint", "alternatives", "bare", "item_of", "options_of", "taken_apart"]


def bare(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type and its marks."""
    if get_origin(hint) is Annotated:
        return hint.__origin__, hint.__metadata__
    return type(None) if hint is None else hint, ()


def options_of(hint: Any) -> tuple[list[Any], bool, bool]:
    """What may stand there besides None, UNSET and Unread, and whether the first two may."""
    options = alternatives(hint)
    hints = [each for each in options if each not in (type(None), msgspec.UnsetType, Unread)]
    if not hints:
        return [type(None)], False, False
    return hints, type(None) in options, msgspec.UnsetType in options


def alternatives(hint: Any) -> list[Any]:
    return list(get_args(hint)) if get_origin(hint) in (Union, UnionType) else [hint]


def item_of(hint: Any) -> Any | None:
    """What a tuple of any length holds."""
    arguments = get_args(hint)
    is_list = get_origin(hint) is tuple and len(arguments) == 2 and arguments[1] is ...
    return arguments[0] if is_list else None


class Hint(NamedTuple):
    """What an annotation says, with all that is within its unions and marks."""

    types: tuple[Any, ...]
    marks: tuple[Any, ...]
    can_be_none: bool
    can_be_unset: bool
    can_be_unread: bool


def taken_apart(hint: Any) -> Hint:
    """An annotation, taken apart down to its types."""
    plain, marks = bare(hint)
    types, can_be_none, can_be_unset = options_of(plain)
    can_be_unread = Unread in alternatives(plain)
    if len(types) > 1 or types[0] is plain:
        return Hint(tuple(types), marks, can_be_none, can_be_unset, can_be_unread)
    inner = taken_apart(types[0])
    return Hint(
        inner.types,
        marks + inner.marks,
        can_be_none or inner.can_be_none,
        can_be_unset or inner.can_be_unset,
        can_be_unread or inner.can_be_unread,
    )
