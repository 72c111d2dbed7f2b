"""Typed structs and their elements: one description serves writing, reading and the WSDL.

A struct's annotations say which element each field is: ``data: Annotated[str,
Element("Data", STRING)]``.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeAlias, TypeVar, get_type_hints

import msgspec

from devino_codecs import _xsd
from devino_codecs._xml import Element as XmlElement
from devino_codecs._xml import escape_text, local_name
from devino_codecs.errors import CodecError, DecodeError, EncodeError

__all__ = [
    "BOOLEAN",
    "DECIMAL",
    "ID",
    "INT",
    "LONG",
    "MINUTES",
    "STRING",
    "UTC_TIME",
    "UTC_TIME_Z",
    "WALL_CLOCK",
    "XSI",
    "Array",
    "Complex",
    "Element",
    "Field",
    "Simple",
    "Type",
    "children",
    "fields",
    "names",
    "read_element",
    "read_fields",
    "write_element",
    "write_fields",
]

S = TypeVar("S", bound=msgspec.Struct)

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{XSI}}}nil"


class Simple(msgspec.Struct, frozen=True):
    """A type of text. ``none`` is the text that means no value. ``values`` are the values that the
    WSDL lists under the type's ``name``."""

    scalar: _xsd.Scalar[Any]
    none: str | None = None
    name: str = ""
    values: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether any text is a value, even the empty one."""
        return self.scalar.read in (str, str.strip)

    def write(self, value: Any) -> str | None:
        """The text of a value; ``None`` if the value means that there is none."""
        text = self.scalar.write(value)
        return None if text == self.none else text

    def read(self, element: XmlElement) -> Any:
        """The value of an element; ``None`` if it is empty, nil, or the text for no value."""
        if len(element):
            raise DecodeError("text is expected, not an element")
        text = element.text
        # Most elements have no attributes, and that is cheaper to check.
        if not text or (element.keys() and _is_nil(element)):
            return None
        read = self.scalar.read
        if read is str:
            return text
        # In a string the blanks are part of the value; elsewhere they are layout.
        text = text.strip()
        if not text or text == self.none:
            return None
        return read(text)


class Array(msgspec.Struct, frozen=True):
    """A tuple: one element ``item`` of type ``of`` for each value. ``name`` is the type's name in
    the WSDL. If ``nillable``, an item that is empty or nil is None; else it is no item."""

    item: str
    of: Type
    name: str
    nillable: bool = False

    def write(self, value: object) -> str:
        """An element for each item."""
        if not isinstance(value, tuple | list):
            raise EncodeError(f"a tuple is expected, not {type(value).__name__}")
        write, pieces = self.of.write, []
        try:
            for item in value:
                if item is None and self.nillable:
                    pieces.append(_nil(self.item))
                    continue
                inner = write(item)
                if not inner:
                    # A reader would take it for no item.
                    raise EncodeError("an item is empty")  # noqa: TRY301
                pieces.append(f"<{self.item}>{inner}</{self.item}>")
        except EncodeError as exc:
            _prefix(exc, f"[{len(pieces)}]")
            raise
        return "".join(pieces)

    def read(self, element: XmlElement) -> tuple[Any, ...] | None:
        """The items, whatever the names of their elements."""
        if _is_nil(element):
            return None
        read, items, seen = self.of.read, [], 0
        try:
            for child in element:
                item = read(child)
                if item is not None or self.nillable:
                    items.append(item)
                seen += 1
        except DecodeError as exc:
            _prefix(exc, f"[{seen}]")
            raise
        return tuple(items)


class Complex(msgspec.Struct, frozen=True):
    """A struct whose fields are elements. ``name`` is the type's name in the WSDL.

    If ``lenient``, what cannot be read is as if it were not there, unless the struct needs it: the
    rest of an answer is not lost because of it.
    """

    cls: type[msgspec.Struct]
    name: str
    lenient: bool = False

    def write(self, value: object) -> str:
        """An element for each field."""
        if not isinstance(value, self.cls):
            raise EncodeError(f"a {self.cls.__name__} is expected, not {type(value).__name__}")
        return write_fields(value)

    def read(self, element: XmlElement) -> msgspec.Struct | None:
        """The struct; ``None`` if the element is empty."""
        found = children(element)
        if not found or _is_nil(element):
            return None
        return read_fields(self.cls, found, lenient=self.lenient)


Type: TypeAlias = Simple | Array | Complex


class Element(msgspec.Struct, frozen=True):
    """A field's element on the wire.

    ``None`` is written as ``xsi:nil`` if ``nillable``, left out if ``optional``, and written as its
    type's text for no value if ``unset``. Otherwise it cannot be written.
    """

    name: str
    type: Type
    optional: bool = False
    nillable: bool = False
    unset: bool = False

    @property
    def min_occurs(self) -> int:
        """As in the platform's own description: 1 only for types that .NET cannot leave null."""
        kind = self.type
        is_value = isinstance(kind, Simple) and (kind.scalar.xsd != "string" or kind.values)
        return int(bool(is_value) and not self.optional)


class Field(msgspec.Struct, frozen=True):
    """A field of a struct, its element, and the name by which the element is found."""

    attribute: str
    element: Element
    key: str
    default: object

    @property
    def can_lack(self) -> bool:
        """Whether the struct can do without its element."""
        kind = self.element.type
        is_text = isinstance(kind, Simple) and kind.is_text
        return self.default is not msgspec.NODEFAULT or is_text


STRING: Final = Simple(_xsd.TEXT)
INT: Final = Simple(_xsd.INT)
MINUTES: Final = Simple(_xsd.MINUTES, "0")
BOOLEAN: Final = Simple(_xsd.BOOLEAN)
DECIMAL: Final = Simple(_xsd.DECIMAL)
LONG: Final = Simple(_xsd.LONG)
# .NET cannot leave a date out; it writes its least date instead.
WALL_CLOCK: Final = Simple(_xsd.WALL_CLOCK, "0001-01-01T00:00:00")
UTC_TIME: Final = Simple(_xsd.UTC_TIME, "0001-01-01T00:00:00")
UTC_TIME_Z: Final = Simple(_xsd.UTC_TIME_Z)
# It is a long in the description and a string in the manual, and the platform has sent both. Text
# holds either.
ID: Final = Simple(_xsd.Scalar("long", str.strip, escape_text))


def names(enum: type[StrEnum], name: str) -> Simple:
    """Members by name in any case, or by their number in the enum's order; other names stay."""
    known = {member.lower(): member for member in enum}
    known |= {str(number): member for number, member in enumerate(enum)}

    def read_name(text: str) -> str:
        text = text.strip()
        return known.get(text.lower(), text)

    return Simple(_xsd.Scalar("string", read_name, escape_text), None, name, tuple(enum))


@cache
def fields(cls: type[msgspec.Struct]) -> tuple[Field, ...]:
    """A struct's fields and their elements, in the order of the wire."""
    hints = get_type_hints(cls, include_extras=True)
    elements: list[Element] = [
        hints[field.name].__metadata__[0] for field in msgspec.structs.fields(cls)
    ]
    return tuple(
        Field(field.name, element, element.name.lower(), field.default)
        for field, element in zip(msgspec.structs.fields(cls), elements, strict=True)
    )


def write_fields(value: msgspec.Struct) -> str:
    """The elements of a struct, without an element around them."""
    return "".join(
        [
            write_element(field.element, getattr(value, field.attribute))
            for field in fields(type(value))
        ]
    )


def write_element(element: Element, value: object) -> str:
    """A value as the element, or ``""`` if the element leaves it out. Raises :exc:`EncodeError`."""
    name = element.name
    try:
        inner = None if value is None else element.type.write(value)
    except EncodeError as exc:
        _prefix(exc, name)
        raise
    if inner or (inner is not None and not element.optional):
        return _enclosed(name, inner)
    if element.nillable:
        return _nil(name)
    if element.optional:
        return ""
    if element.unset and isinstance(element.type, Simple):
        return _enclosed(name, element.type.none or "")
    raise EncodeError("a value is required", path=name)


def _nil(name: str) -> str:
    return f'<{name} xsi:nil="true" />'


def _enclosed(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>" if inner else f"<{name} />"


def children(element: XmlElement) -> dict[str, XmlElement]:
    """Children by local name in lower case; of several with one name, the first not empty."""
    found: dict[str, XmlElement] = {}
    for child in element:
        name = local_name(child.tag).lower()
        if name not in found or not (len(found[name]) or found[name].text):
            found[name] = child
    return found


def read_fields(cls: type[S], found: dict[str, XmlElement], *, lenient: bool = False) -> S:
    """A struct from the elements that :func:`children` found; :class:`Complex` says how lenient."""
    values: dict[str, object] = {}
    for field in fields(cls):
        try:
            value = read_element(field.element, found.get(field.key), field.default)
        except DecodeError:
            if not lenient or not field.can_lack:
                raise
            value = read_element(field.element, None, field.default)
        values[field.attribute] = value
    return cls(**values)


def read_element(
    element: Element, found: XmlElement | None, default: object = msgspec.NODEFAULT
) -> Any:
    """The value of an element, or the default if it is absent, empty, nil or means no value.

    Without a default a string is ``""`` and an array is ``()``. Any other type raises
    :exc:`DecodeError`.
    """
    kind = element.type
    if found is not None:
        try:
            value = kind.read(found)
        except DecodeError as exc:
            _prefix(exc, element.name)
            raise
        if value is not None:
            return value
    if default is not msgspec.NODEFAULT:
        return default
    if isinstance(kind, Array):
        return ()
    if isinstance(kind, Simple) and kind.is_text:
        return ""
    raise DecodeError("a value is required", path=element.name)


def _is_nil(element: XmlElement) -> bool:
    return element.get(_NIL) in ("true", "1")


def _prefix(error: CodecError, name: str) -> None:
    inner = error.path
    error.path = f"{name}{inner}" if inner.startswith("[") or not inner else f"{name}.{inner}"
