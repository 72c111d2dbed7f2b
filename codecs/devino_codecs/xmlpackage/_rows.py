"""Structs whose fields are the attributes and the text of one element. One table serves both ways.

The table of a struct is its annotations: ``id: Annotated[int | None, Attribute(LONG)]`` is the
attribute ``id``, left out if ``None``. A package has hundreds of thousands of rows, and a loop over
the table would take twice the parser's time. So :class:`Row` unrolls the table into two functions,
as :mod:`dataclasses` does. ``Row.source`` shows them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, get_type_hints

import msgspec

from devino_codecs._xsd import Scalar, read_integer, write_integer
from devino_codecs.errors import DecodeError, EncodeError

__all__ = ["Attribute", "LostRow", "Row", "Text"]

S = TypeVar("S", bound=msgspec.Struct)

# The table pairs fields and scalars of every type. mypy cannot check the pairs; tests do.
_AnyScalar = Scalar[Any]
_Get = Callable[[str], str | None]

_UNREAD = "unread"
"""The field of a struct that is no attribute: the names of those that could not be read."""
_SAFE = 2**63
"""Integers between minus this and this fit 64 bits."""


class LostRow(Exception):
    """A row lacks what it is about, so it is passed over. It never leaves this package."""


class Attribute(msgspec.Struct, frozen=True):
    """The field is the attribute of its name. ``none`` is the wire's text for ``None``, if the wire
    does not leave the attribute out."""

    scalar: _AnyScalar
    none: str | None = None


class Text(msgspec.Struct, frozen=True):
    """The field is the text of the element."""

    scalar: _AnyScalar


class _Field(msgspec.Struct, frozen=True):
    name: str
    kind: Attribute | Text
    default: object

    @property
    def is_text(self) -> bool:
        """Whether any text is a value. It needs no reading, and "" counts as absent."""
        return self.kind.scalar.read is str

    def read(self, get: _Get, text: str) -> object:
        if isinstance(self.kind, Text):
            return self.kind.scalar.read(text)
        found = get(self.name)
        if found is None or found in ("", self.kind.none):
            return self.default
        return self.kind.scalar.read(found)

    def check_write(self, value: object) -> None:
        absent = value is None or (self.is_text and value == "")
        if isinstance(self.kind, Text) or self.default is not None or not absent:
            self.kind.scalar.write(value)


class Row(Generic[S]):
    """Translates between a struct and an element ``tag``, in both directions.

    ``read(get, text)`` takes a function that gives an attribute by name, and the text of the
    element. An empty attribute counts as absent. ``write(value)`` gives the element, compact.
    ``open(value)`` gives only its start tag. Their errors name the field.

    If it ``spares``, one field that cannot be read does not cost the others their place: it has its
    default, and its name stands in the struct's ``unread``, if that has such a field. What has no
    default is what the row is about: without it ``read`` raises :exc:`LostRow`.
    """

    def __init__(self, tag: str, cls: type[S], *, spares: bool = False) -> None:
        self.tag = tag
        self.cls = cls
        self._spares = spares
        hints = get_type_hints(cls, include_extras=True)
        self._fields = [
            # Only strings may lack a default: for them an absent attribute is "".
            _Field(
                field.name,
                hints[field.name].__metadata__[0],
                "" if field.required else field.default,
            )
            for field in msgspec.structs.fields(cls)
            if field.name != _UNREAD
        ]
        self._says_unread = _UNREAD in cls.__struct_fields__
        self.source: str = _source(tag, self._fields)
        scope: dict[str, object] = {
            "cls": cls,
            # Not under its own name, because a field may have the same one.
            "type_of": type,
            "misread": self._misread,
            "miswritten": self._miswritten,
        }
        for field in self._fields:
            scope[f"read_{field.name}"] = field.kind.scalar.read
            scope[f"write_{field.name}"] = field.kind.scalar.write
        exec(self.source, scope)  # noqa: S102  (made of this package's own names alone)
        self.read: Callable[[_Get, str], S] = cast("Callable[[_Get, str], S]", scope["read"])
        self.write: Callable[[S], str] = cast("Callable[[S], str]", scope["write"])
        self.open: Callable[[S], str] = cast("Callable[[S], str]", scope["open"])

    def _misread(self, get: _Get, text: str) -> S:
        values: dict[str, Any] = {}
        unread: list[str] = []
        for field in self._fields:
            try:
                values[field.name] = field.read(get, text)
            except DecodeError as exc:
                exc.path = field.name
                if not self._spares:
                    raise
                if isinstance(field.kind, Text):
                    raise LostRow from None
                values[field.name] = field.default
                unread.append(field.name)
        if self._says_unread:
            values[_UNREAD] = tuple(unread)
        return self.cls(**values)

    def _miswritten(self, value: object) -> EncodeError:
        if not isinstance(value, self.cls):
            return EncodeError(f"a {self.cls.__name__} is expected, not {type(value).__name__}")
        for field in self._fields:
            try:
                field.check_write(getattr(value, field.name))
            except EncodeError as exc:
                exc.path = field.name
                return exc
        return EncodeError(f"a {self.cls.__name__} that can be written is expected")


def _source(tag: str, fields: list[_Field]) -> str:
    reading: list[str] = []
    writing: list[str] = []
    text = ""
    for field in fields:
        name, kind = field.name, field.kind
        if isinstance(kind, Text):
            text = f"{{write_{name}(value.{name})}}"
            if not field.is_text:
                reading.append(f"{name} = read_{name}(text)")
            continue
        reading.append(f"{name} = get({name!r})")
        said = name if kind.none is None else f"{name} and {name} != {kind.none!r}"
        if field.is_text:
            reading.append(f"{name} = {name} or {field.default!r}")
        else:
            value = f"read_{name}({name})"
            if kind.scalar.read is read_integer:
                # Most values read are integers, and a call costs as much as the conversion.
                value = f'(int({name}) if len({name}) < 19 and "_" not in {name} else {value})'
            reading.append(f"{name} = {value} if {said} else {field.default!r}")
        writing.append(f"{name} = value.{name}")
        written = f"""f' {name}="{{write_{name}({name})}}"'"""
        # Most values written are as plain as this, and a call costs more than the rest.
        plain = f"""f' {name}="{{{name}}}"'"""
        if field.is_text:
            written = f"{plain} if {name}.isalnum() else {written}"
        elif kind.scalar.write is write_integer:
            written = (
                f"{plain} if type_of({name}) is int and -{_SAFE} < {name} < {_SAFE} else {written}"
            )
        if field.default is None:
            none = "" if kind.none is None else f' {name}="{kind.none}"'
            empty = f"{name} in (None, '')" if field.is_text else f"{name} is None"
            written = f"{none!r} if {empty} else {written}"
        writing.append(f"{name} = {written}")
    attributes = "".join(f"{{{f.name}}}" for f in fields if isinstance(f.kind, Attribute))
    arguments = ", ".join(f"{field.name}={field.name}" for field in fields)
    element = f"<{tag}{attributes}>{text}</{tag}>" if text else f"<{tag}{attributes}/>"
    return "\n".join(
        [
            *_function(
                "read(get, text)", reading, f"cls({arguments})", "return misread(get, text)"
            ),
            *_function("write(value)", writing, f"f'{element}'", _MISWRITTEN),
            *_function("open(value)", writing, f"f'<{tag}{attributes}>'", _MISWRITTEN),
        ]
    )


_MISWRITTEN = "raise miswritten(value) from None"


def _function(head: str, body: list[str], result: str, otherwise: str) -> list[str]:
    lines = [f"def {head}:", "    try:"]
    lines += [f"        {line}" for line in (*body, f"return {result}")]
    lines += ["    except (ValueError, AttributeError):", f"        {otherwise}"]
    return lines
