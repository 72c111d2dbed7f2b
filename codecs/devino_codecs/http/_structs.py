"""Structs, lists and mappings in JSON: the annotations of a struct are its table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import Enum
from functools import cache
from itertools import chain
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import UNSET
from msgspec.structs import fields as struct_fields
from msgspec.structs import replace

from devino_codecs.errors import CodecError, DecodeError, EncodeError

from ._hints import alternatives, bare, item_of, options_of
from ._json import quoted
from ._marks import (
    IF_READABLE,
    IN_BODY_TOO,
    NULL,
    ONE_OR_LIST,
    Also,
    InHeader,
    InQuery,
    Shortcut,
    Unread,
    Within,
)
from ._plain_forms import PLAIN, code
from ._quick import writer_of
from ._wire_forms import WireForm, unexpected, unwritable

__all__ = [
    "Field",
    "fields",
    "fold",
    "join",
    "members_reader",
    "members_writer",
    "wire_form_of",
]


class Field(msgspec.Struct, frozen=True):
    """One row of a struct's table."""

    attribute: str
    name: str
    form: WireForm
    """Of one item, if it ``is_list``."""
    json: WireForm
    """Of the whole."""
    read: Callable[[Any], Any]
    """The whole from JSON, where it is neither missing nor null nor ``empty``."""
    empty: str | None
    """What is as good as null."""
    is_list: bool
    is_required: bool
    is_omitted: bool
    """None is left out."""
    is_null_said: bool
    """Its type has UNSET too: then null says something, and absence does not."""
    also: tuple[str, ...] = ()
    header: str | None = None
    in_query: bool = False
    in_body_too: bool = False
    """Beside its place in the path."""
    if_readable: bool = False
    """What cannot be read is as if it were not there."""
    deeper: tuple[str, ...] = ()
    """The names on the way to a value that stands deeper and may be missing."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The names that are read, in lower case."""
        return tuple(name.lower() for name in (self.name, *self.also))


@cache
def fields(cls: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The table of a struct. Raises TypeError for a field whose form is not said."""
    return tuple(_field(cls, field) for field in struct_fields(cls))


def _field(cls: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> Field:
    try:
        json = wire_form_of(field.type)
    except TypeError as error:
        raise TypeError(f"{cls.__name__}.{field.name}: {error}") from None
    plain, marks = bare(field.type)
    hints, is_nullable, can_be_unset = options_of(plain)
    if IF_READABLE in marks and field.required and not is_nullable:
        raise TypeError(f"{cls.__name__}.{field.name}: IF_READABLE needs a default or None")
    deeper = _names_on_the_way(marks)
    if deeper and any(isinstance(mark, InHeader | InQuery) for mark in marks):
        raise TypeError(f"{cls.__name__}.{field.name}: what is Within stands in JSON alone")
    item = item_of(hints[0]) if len(hints) == 1 else None
    # None and the empty text are told apart before this reads.
    set_form = _form(field.type) if is_nullable and not json.is_word else json
    return Field(
        field.name,
        field.encode_name,
        form=json if item is None or deeper else wire_form_of(item),
        json=json,
        read=_forgiving(set_form).read if _forgives(plain) else set_form.read,
        empty="" if is_nullable and not json.keeps_blanks else None,
        is_list=item is not None,
        is_required=field.required,
        is_omitted=(
            is_nullable and not can_be_unset and NULL not in marks and not json.writes_none
        ),
        is_null_said=is_nullable and can_be_unset,
        also=tuple(mark.name for mark in marks if isinstance(mark, Also)),
        header=next((mark.name for mark in marks if isinstance(mark, InHeader)), None),
        in_query=any(isinstance(mark, InQuery) for mark in marks),
        in_body_too=IN_BODY_TOO in marks,
        if_readable=IF_READABLE in marks or _is_left_out(cls, field),
        deeper=() if field.required else deeper,
    )


def _is_left_out(cls: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> bool:
    """Whether it may be empty, and the struct says that such fields are left out if unreadable."""
    reads_what_it_can: bool = getattr(cls, "reads_what_it_can", False)
    # A number in the place of one that cannot be read would be a lie.
    return reads_what_it_can and any(field.default is empty for empty in (None, UNSET, "", ()))


def _forgives(hint: Any) -> bool:
    """Whether what cannot be read may stand there, too."""
    return Unread in alternatives(hint)


@cache
def wire_form_of(hint: Any) -> WireForm:
    """The form of a type: its mark's, or the one that it has. Raises TypeError if it has none."""
    form = _form(hint)
    plain, _ = bare(hint)
    _, is_nullable, _ = options_of(plain)
    if is_nullable:
        form = _nullable(form)
    elif form.unset and not form.writes_none:
        form = _always_set(form)
    return _forgiving(form) if _forgives(plain) else form


def _form(hint: Any) -> WireForm:
    plain, marks = bare(hint)
    form = _said_form(plain, marks)
    if ONE_OR_LIST in marks:
        form = _one_or_list(form, plain)
    for mark in marks:
        if isinstance(mark, Within):
            form = _within(form, mark, can_be_missing=options_of(plain)[1])
        if isinstance(mark, Shortcut):
            form = _shorter(form, mark)
    return form


def _said_form(plain: Any, marks: tuple[Any, ...]) -> WireForm:
    mark = next((mark for mark in marks if isinstance(mark, WireForm)), None)
    if mark is not None:
        return mark
    if plain in PLAIN:
        return PLAIN[plain]
    options, _, _ = options_of(plain)
    if len(options) == 1 and options[0] is not plain:
        return _form(options[0])
    tables = [each for each in options if isinstance(each, type) and issubclass(each, Enum)]
    if len(tables) == 1 and len(options) <= 2:
        # ``Code | int``: what the table lacks stays a number.
        return code(tables[0], is_open=len(options) == 2)
    item = item_of(plain)
    if item is not None:
        return _array(item)
    origin = get_origin(plain)
    if origin in (dict, Mapping):
        return _mapping(wire_form_of(get_args(plain)[1]))
    cls = origin or plain
    if isinstance(cls, type) and issubclass(cls, msgspec.Struct):
        return _object(plain, cls)
    raise TypeError(f"{plain} has several forms: mark one, as in Annotated[datetime, UTC_SECONDS]")


def _one_or_list(form: WireForm, hint: Any) -> WireForm:
    hints, _, _ = options_of(hint)
    if item_of(hints[0]) is not None:

        def read(value: object) -> Any:
            return form.read([value] if isinstance(value, dict) else value)
    else:

        def read(value: object) -> Any:
            return form.read(value[0] if isinstance(value, list) and len(value) == 1 else value)

    return replace(form, read=read)


def _within(form: WireForm, mark: Within, *, can_be_missing: bool) -> WireForm:
    path, names = mark.path, mark.names
    empty = None if form.keeps_blanks else ""

    def read(value: object) -> Any:
        if can_be_missing and _is_missing(value, names, empty):
            return None
        for depth, name in enumerate(names):
            if not isinstance(value, dict):
                raise below(unexpected("an object", value), ".".join(names[:depth]))
            value = fold(value).get(name.lower())
        try:
            return form.read(value)
        except DecodeError as error:
            raise below(error, path) from None

    def write(value: object) -> str:
        try:
            text = form.write(value)
        except EncodeError as error:
            raise below(error, path) from None
        for name in reversed(names):
            text = f"{{{quoted(name)}:{text}}}"
        return text

    alone = _in_json_alone(f"what is within {path!r}", read, write)
    return replace(
        form,
        name=alone.name,
        read=read,
        write=write,
        text=alone.text,
        parse=alone.parse,
        is_word=False,
        is_json_alone=True,
    )


def _names_on_the_way(marks: tuple[Any, ...]) -> tuple[str, ...]:
    # The innermost mark is the first.
    deeper = [mark.names for mark in reversed(marks) if isinstance(mark, Within)]
    return tuple(chain.from_iterable(deeper))


def _is_missing(value: object, names: Iterable[str], empty: str | None) -> bool:
    """Whether nothing stands so deep. What is no object on the way is there, and cannot be read."""
    for name in names:
        if not isinstance(value, dict):
            return value is None
        value = fold(value).get(name.lower())
    return value is None or value == empty


def _shorter(form: WireForm, shortcut: Shortcut) -> WireForm:
    short = shortcut.write
    if short is None:
        return form

    def write(value: Any) -> str:
        try:
            return short(value)
        except (ValueError, TypeError):
            return form.write(value)

    return replace(form, write=write)


def decoder_of(hint: Any) -> Callable[[bytes], Any] | None:
    """The shortcut by which an answer of this type is read, if it has one."""
    _, marks = bare(hint)
    return next((mark.decode for mark in marks if isinstance(mark, Shortcut)), None)


def _forgiving(form: WireForm) -> WireForm:
    def forgiving(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def read_or_say_why(value: Any) -> Any:
            try:
                return read(value)
            except DecodeError as error:
                return Unread(error.reason, error.path)

        return read_or_say_why

    return replace(form, read=forgiving(form.read), parse=forgiving(form.parse))


def _nullable(form: WireForm) -> WireForm:
    # An empty text is a text; of anything else it is what is not there.
    empty = None if form.keeps_blanks else ""

    def read(value: object) -> Any:
        if value is None or value == empty:
            return None
        found = form.read(value)
        return None if found == empty else found

    write_set = form.write

    def write(value: object) -> str:
        return "null" if value is None else write_set(value)

    return replace(form, read=read, write=write_set if form.writes_none else write)


def _always_set(form: WireForm) -> WireForm:
    reason = f"{form.unset} that is not set"

    def read(value: object) -> Any:
        found = None if value is None else form.read(value)
        if found is None:
            raise DecodeError(reason)
        return found

    def write(value: object) -> str:
        if value is None:
            raise EncodeError(reason)
        return form.write(value)

    return replace(form, read=read, write=write)


def _in_json_alone(name: str, read: Callable[[Any], Any], write: Callable[[Any], str]) -> WireForm:
    def text(_: object) -> str:
        raise EncodeError(f"{name} stands in JSON alone")

    def parse_(_: str) -> Any:
        raise DecodeError(f"{name} stands in JSON alone")

    return WireForm(name, text, parse_, write, read, is_json_alone=True)


_MANY = 4
"""From so many items on it is worth while to try the quick way."""


def _array(hint: Any) -> WireForm:
    item = wire_form_of(hint)
    read_item, write_item = item.read, item.write

    def read(value: object) -> tuple[object, ...]:
        if not isinstance(value, list):
            raise unexpected("an array", value)
        items: list[object] = []
        try:
            for each in value:
                items.append(read_item(each))  # noqa: PERF401 - the error tells which
        except DecodeError as error:
            raise below(error, f"[{len(items)}]") from None
        return tuple(items)

    def write(value: object) -> str:
        if not isinstance(value, tuple | list):
            raise unwritable("tuple", value)
        if len(value) >= _MANY and (write_quickly := writer_of(hint)) is not None:
            with suppress(ValueError, TypeError, OverflowError):
                return write_quickly(value)
        items: list[str] = []
        try:
            for each in value:
                items.append(write_item(each))  # noqa: PERF401
        except EncodeError as error:
            raise below(error, f"[{len(items)}]") from None
        return f"[{','.join(items)}]"

    return _in_json_alone("an array", read, write)


def _mapping(item: WireForm) -> WireForm:
    def read(value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise unexpected("an object", value)
        items: dict[str, object] = {}
        for key, each in value.items():
            try:
                items[key] = item.read(each)
            except DecodeError as error:
                raise below(error, f"[{len(items)}]") from None
        return items

    def write(value: object) -> str:
        if not isinstance(value, Mapping):
            raise unwritable("a mapping", value)
        items: list[str] = []
        for key, each in value.items():
            if not isinstance(key, str):
                raise unwritable("str", key)
            try:
                items.append(f"{quoted(key)}:{item.write(each)}")
            except EncodeError as error:
                raise below(error, f"[{len(items)}]") from None
        return f"{{{','.join(items)}}}"

    return _in_json_alone("an object", read, write)


def _object(hint: Any, cls: type[msgspec.Struct]) -> WireForm:
    table = fields(hint)
    read_members = members_reader(table)
    write_members = members_writer(table)

    def read(value: object) -> msgspec.Struct:
        if not isinstance(value, dict):
            raise unexpected("an object", value)
        return cls(**read_members(fold(value)))

    def write(value: object) -> str:
        if type(value) is not cls:
            raise unwritable(cls.__name__, value)
        return write_members(value)

    return _in_json_alone("an object", read, write)


def members_reader(table: tuple[Field, ...]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What makes a struct's arguments of an object, whose keys are in lower case."""
    rows = [
        (field, field.attribute, *_keys(field), field.empty, field.read, field.deeper)
        for field in table
    ]

    def read(given: Mapping[str, Any]) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for field, attribute, key, other_keys, empty, read_value, deeper in rows:
            value = given.get(key)
            if value is None and other_keys:
                value = next((v for k in other_keys if (v := given.get(k)) is not None), None)
            if deeper and _is_missing(value, deeper, empty):
                value = None
            try:
                if value is not None and value != empty:
                    arguments[attribute] = read_value(value)
                elif field.is_required:
                    arguments[attribute] = field.json.read(None)
                elif field.is_null_said and not given.keys().isdisjoint(field.keys):
                    arguments[attribute] = None
            except DecodeError as error:
                if not field.if_readable:
                    raise below(error, field.name) from None
                if field.is_required:
                    arguments[attribute] = None
        return arguments

    return read


def _keys(field: Field) -> tuple[str, tuple[str, ...]]:
    key, *others = field.keys
    return key, tuple(others)


def members_writer(table: tuple[Field, ...]) -> Callable[[object], str]:
    """What writes a struct as an object of these fields."""
    rows = [
        (field.attribute, field.name, f"{quoted(field.name)}:", field.json.write, field.is_omitted)
        for field in table
    ]

    def write(value: object) -> str:
        written = []
        for attribute, name, key, write_member, is_omitted in rows:
            own = getattr(value, attribute)
            if (own is None and is_omitted) or own is UNSET:
                continue
            try:
                written.append(key + write_member(own))
            except EncodeError as error:
                raise below(error, name) from None
        return f"{{{','.join(written)}}}"

    return write


E = TypeVar("E", bound=CodecError)


def below(error: E, name: str) -> E:
    """The same error, of a value below this one."""
    return type(error)(error.reason, path=join(name, error.path))


def fold(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its keys in lower case."""
    return {key.lower(): item for key, item in value.items()}


def join(name: str, path: str) -> str:
    """The path of what stands below ``name``."""
    return f"{name}.{path}" if path and not path.startswith("[") else name + path
