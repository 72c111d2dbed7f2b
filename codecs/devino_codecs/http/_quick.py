"""Lists as msgspec alone writes and reads them, where this comes to the same as the long way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, Struct
from msgspec.structs import fields as struct_fields

from devino_codecs._columns import are_alike

from ._hints import Hint, item_of, taken_apart
from ._marks import NULL, Within
from ._plain_forms import WORD_OR_NUMBER
from ._wire_forms import ID, TEXT, TEXT_OR_NUMBER, WireForm

__all__ = ["reader_of", "writer_of"]

_WHOLE = Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)]
"""With bounds, as msgspec takes 1e400 for a whole number."""
_SET = Annotated[str, Meta(min_length=1)]
_encode = msgspec.json.Encoder().encode


class _NoWayError(Exception):
    """Here msgspec does something else than the annotations say."""


def _here(hint: Any) -> Hint:
    """An annotation, taken apart. To msgspec each value stands in its place, and none deeper."""
    found = taken_apart(hint)
    if any(isinstance(mark, Within) for mark in found.marks):
        raise _NoWayError
    return found


# Writing. What msgspec has written is read back, as types that say whether all of it was as the
# long way writes it.


@cache
def writer_of(item: Any) -> Callable[[Any], str] | None:
    """What writes a list of such structs at once; None for items that have no quick way.

    It raises ValueError, TypeError or OverflowError for a list that must go the long way. Values
    must have the types that the annotations say.
    """
    words: list[str] = []
    try:
        (one,) = _here(item).types
        cls = _struct(one)
        written: Any = list[_written_struct(one, words)]  # type: ignore[misc]
    except (_NoWayError, ValueError):
        return None
    check = msgspec.json.Decoder(written).decode
    getters = [attrgetter(name) for name in words]

    def write(values: Any) -> str:
        if not {cls}.issuperset(map(type, values)):
            raise TypeError("items of another type")
        body = _encode(values).decode()
        columns = [list(map(getter, values)) for getter in getters]
        is_one_enough = len(columns) == 1 and are_alike(values, columns[0], body)
        check(_encode(values[:1]) if is_one_enough else body)
        for column in columns:
            # Of bytes, and so of ASCII alone: a text looks every character up in Unicode's tables.
            if not (all(column) and "".join(column).encode().isalnum()):
                raise ValueError("the form of these words must be looked at")
        return body

    return write


def _struct(hint: Any) -> type[Struct]:
    cls = get_origin(hint) or hint
    if not isinstance(cls, type) or not issubclass(cls, Struct):
        raise _NoWayError
    config = cls.__struct_config__
    if config.array_like or config.tag is not None:
        raise _NoWayError
    return cls


def _written_struct(hint: Any, words: list[str] | None) -> type[Struct]:
    """``words`` gets the names of the fields that must be ASCII letters and digits, too; None:
    there is no room for such fields."""
    members: list[Any] = []
    for field in struct_fields(hint):
        # Only what is empty may be left out.
        can_be_missing = field.default is None or field.default is UNSET
        if NULL in taken_apart(field.type).marks:
            raise _NoWayError
        try:
            hint = _here(field.type)
            kind = _written_field(field.name, hint, None if can_be_missing else words)
        except _NoWayError:
            if not can_be_missing:
                raise
            # One that is there is an unknown one then, and the list goes the long way.
            continue
        members.append((field.encode_name, kind, *([UNSET] if can_be_missing else [])))
    return msgspec.defstruct("Written", members, forbid_unknown_fields=True, kw_only=True, gc=False)


def _written_field(name: str, hint: Hint, words: list[str] | None) -> Any:
    form = _form_in(hint)
    if words is not None and form is not None and form.is_word and form not in _TEXTS:
        words.append(name)
        return _SET
    return _written(hint)


def _written(hint: Hint) -> Any:
    form = _form_in(hint)
    if form is WORD_OR_NUMBER:
        return _WHOLE | _SET
    if form is not None:
        if form not in _TEXTS:
            raise _NoWayError
        return _SET if form is ID else str
    tables = list(filter(_is_table, hint.types))
    if len(tables) == 1 and {str, *tables}.issuperset(hint.types):
        values = tuple([one.value for one in tables[0]])
        return Literal[values] if len(hint.types) == 1 else str
    if len(hint.types) != 1:
        raise _NoWayError
    (one,) = hint.types
    if one in (str, bool):
        return one
    if one is int:
        return _WHOLE
    if get_origin(one) in (dict, Mapping):
        return dict[str, _written(_here(get_args(one)[1]))]  # type: ignore[misc]
    if (item := item_of(one)) is not None:
        return list[_written(_here(item))]  # type: ignore[misc]
    _struct(one)
    return _written_struct(one, None)


def _is_table(hint: Any) -> bool:
    """Whether it is a table of words."""
    return isinstance(hint, type) and issubclass(hint, Enum) and issubclass(hint, str)


def _form_in(hint: Hint) -> WireForm | None:
    return next((mark for mark in hint.marks if isinstance(mark, WireForm)), None)


_TEXTS = (ID, TEXT, TEXT_OR_NUMBER)


# Reading, straight to the types of the answer.


def reader_of(hint: Any) -> Callable[[bytes], Any] | None:
    """What reads an answer that is a list, or a struct that holds nothing but lists; None where it
    has no quick way.

    It raises ValueError, TypeError or RecursionError for what must go the long way.
    """
    try:
        found = _here(hint)
        if _form_in(found) is not None or found.can_be_none or len(found.types) != 1:
            return None
        (one,) = found.types
        item = item_of(one)
        if item is None:
            return _reader_around(one)
        items: Any = tuple[_read_item(item), ...]  # type: ignore[misc]
    except _NoWayError:
        return None
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(items).decode
    return decode


def _reader_around(hint: Any) -> Callable[[bytes], Any]:
    cls, members, names = _struct(hint), [], []
    for field in struct_fields(hint):
        item = item_of(field.type)
        if item is None or not field.required:
            raise _NoWayError
        items: Any = tuple[_read_item(item), ...]  # type: ignore[misc]
        members.append((field.encode_name, items))
        names.append((field.name, attrgetter(field.encode_name)))
    if not members:
        raise _NoWayError
    mirror = msgspec.defstruct("Read", members, forbid_unknown_fields=True)
    decode = msgspec.json.Decoder(mirror).decode

    def read(body: bytes) -> Any:
        found = decode(body)
        return cls(**{name: own(found) for name, own in names})

    return read


def _read_item(hint: Any) -> Any:
    """The type of an item. One that may be Unread is looked at the long way if it is."""
    found = _here(hint)
    if len(found.types) != 1:
        raise _NoWayError
    (one,) = found.types
    if one is str and _form_in(found) is ID:
        one = _SET
    else:
        _check_read(found._replace(can_be_unread=False))
    return one | None if found.can_be_none else one


def _check_read(hint: Hint) -> None:
    """Raise where msgspec reads as a value what the long way reads as another, or as none."""
    form = _form_in(hint)
    if hint.can_be_unset or hint.can_be_unread or len(hint.types) != 1:
        raise _NoWayError
    if form is ID:
        # It is not empty.
        if not any(isinstance(mark, Meta) and mark.min_length for mark in hint.marks):
            raise _NoWayError
    elif form not in (None, TEXT, TEXT_OR_NUMBER):
        raise _NoWayError
    (one,) = hint.types
    if one in (str, bool) or _is_table(one):
        return
    if (item := item_of(one)) is not None:
        _check_read(_here(item))
        return
    if not _struct(one).__struct_config__.forbid_unknown_fields:
        # The long way reads names in any case. To msgspec another case is another name.
        raise _NoWayError
    for field in struct_fields(one):
        own = _here(field.type)
        if own.can_be_none and not field.required and field.default is not None:
            raise _NoWayError
        _check_read(own)
