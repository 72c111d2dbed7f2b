"""Arguments in forms and queries: each written as its pairs, and read from what came."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from devino_codecs.errors import DecodeError, EncodeError

from ._form import pairs, quote, unquote
from ._plain_forms import PLAIN
from ._structs import Field
from ._wire_forms import WireForm, unwritable

__all__ = ["Argument", "Found", "argument_of", "credential", "names_of", "split_at"]

_TEXT = PLAIN[str]
_MOST_IDLE = 10_000


class Argument(msgspec.Struct, frozen=True):
    """One argument, made ready.

    ``put`` gives its pair or pairs, ``""`` for an absent one. ``take`` gets its values as they
    came, in their order and none of them empty, and gives None or ``()`` for an absent one.
    """

    attribute: str
    name: str
    other_names: tuple[str, ...]
    put: Callable[[Any], str]
    take: Callable[[list[str]], Any]
    is_required: bool
    separators: str = ""


def argument_of(field: Field) -> Argument:
    """A field as an argument."""
    form = field.form
    return Argument(
        field.attribute,
        field.name,
        field.also,
        (_put_all if field.is_list else _put_one)(form, f"{field.name}="),
        (_take_all if field.is_list else _take_one)(form),
        field.is_required,
        form.separators if field.is_list else "",
    )


def credential(attribute: str, name: str) -> Argument:
    """An attribute of credentials as an argument."""
    return Argument(attribute, name, (), _put_one(_TEXT, f"{name}="), _take_one(_TEXT), True)


def _put_one(form: WireForm, prefix: str) -> Callable[[Any], str]:
    if form is _TEXT:

        def put(value: Any) -> str:
            if isinstance(value, str):
                # Most are plain words, and to ask `quote` takes as long as all else here.
                if value.isalnum() and value.isascii():
                    return prefix + value
                return prefix + quote(value) if value else ""
            if value is None:
                return ""
            raise unwritable("str", value)

        return put

    text, is_safe = form.text, form.needs_no_escape

    def put_of_kind(value: Any) -> str:
        if value is None:
            return ""
        said = text(value)
        return (prefix + said if is_safe else prefix + quote(said)) if said else ""

    return put_of_kind


def _put_all(form: WireForm, prefix: str) -> Callable[[Any], str]:
    put, between = _put_one(form, prefix), f"&{prefix}"

    def put_all(value: Any) -> str:
        if not isinstance(value, tuple | list):
            raise unwritable("a tuple", value)
        if form.is_word:
            try:
                together = "".join(value)
            except TypeError:
                raise EncodeError("expected a tuple of str") from None
            # Bytes are looked at in a tenth of the time.
            if together.isascii() and together.encode().isalnum() and all(value):
                return prefix + between.join(value)
        written = [put(item) for item in value]
        if not all(written):
            raise EncodeError("an item is empty")
        return "&".join(written)

    return put_all


def _take_one(form: WireForm) -> Callable[[list[str]], Any]:
    parse = form.parse
    if form is _TEXT:
        return lambda values: values[0] if values else None
    if form.keeps_blanks:
        return lambda values: parse(values[0]) if values else None

    def take(values: list[str]) -> Any:
        for value in values:
            text = value.strip()
            if text:
                return parse(text)
        return None

    return take


def _take_all(form: WireForm) -> Callable[[list[str]], tuple[Any, ...]]:
    parse = form.parse
    if form is _TEXT:
        return tuple
    if form.is_word:
        return lambda values: tuple([item for value in values if (item := parse(value))])
    return lambda values: tuple(
        [item for value in values if value.strip() and (item := parse(value.strip())) is not None]
    )


def names_of(arguments: Iterable[Argument]) -> dict[bytes, str]:
    """As received, in the wire's spelling or in lower case -> canonical."""
    names = {}
    for argument in arguments:
        for name in (argument.name, *argument.other_names):
            names[name.encode()] = names[name.lower().encode()] = argument.name
    return names


class Found:
    """The values of a request's known arguments, still escaped, under their canonical names."""

    def __init__(self, names: Mapping[bytes, str]) -> None:
        self._names = names
        self._spelled: dict[bytes, tuple[str, int | None]] = {}
        self._plain: dict[str, list[bytes]] = {}
        self._indexed: dict[str, list[tuple[int, bytes]]] = {}
        self._idle = 0

    def add(self, data: bytes) -> None:
        """Take the pairs of a form or a query. Raises :exc:`DecodeError` for more pairs that say
        nothing than any client sends."""
        for raw, value in pairs(data):
            name, index = self._names.get(raw), None
            if name is None:
                name, index = self._spelled.get(raw) or self._spell(raw)
            if not (name and value):
                self._idle += 1
                if self._idle > _MOST_IDLE:
                    raise DecodeError(f"more than {_MOST_IDLE} arguments are empty or unknown")
                continue
            if index is None:
                self._plain.setdefault(name, []).append(value)
            else:
                self._indexed.setdefault(name, []).append((index, value))

    def _spell(self, raw: bytes) -> tuple[str, int | None]:
        """Read a name not spelled as in the manual: any case, escaped, ``[]`` or ``[0]``."""
        name = unquote(raw).decode(errors="replace").strip().lower()
        index = None
        if name.endswith("]"):
            name, _, number = name[:-1].rpartition("[")
            if number.isascii() and number.isdecimal() and len(number) < 10:
                index = int(number)
            elif number:
                name = ""
        # An unknown argument is kept under the empty name, which nobody asks for.
        spelled = self._spelled[raw] = (self._names.get(name.encode(), ""), index)
        return spelled

    def has(self, name: str) -> bool:
        """Whether anything came for it."""
        return name in self._plain or name in self._indexed

    def count(self, name: str) -> int:
        """How many values came for it."""
        return len(self._plain.get(name, ())) + len(self._indexed.get(name, ()))

    def texts(self, name: str) -> list[str]:
        """Its values, unescaped. Raises UnicodeDecodeError."""
        values = self._plain.get(name, [])
        if name in self._indexed:
            values = values + [v for _, v in sorted(self._indexed[name], key=lambda item: item[0])]
        if len(values) == 1:
            # Most have one, and many of those no escapes.
            [value] = values
            return [(unquote(value) if b"%" in value else value).decode()]
        return [unquote(value).decode() for value in values]


def split_at(separators: str, values: Iterable[str]) -> list[str]:
    """Each value cut at these characters."""
    return [part for value in values for part in re.split(f"[{re.escape(separators)}]", value)]
