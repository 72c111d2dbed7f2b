"""Typed values for every operation of the SOAP services, made from their own tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from devino_codecs import soap
from devino_codecs.soap import _schema

LEGAL = st.one_of(
    st.sampled_from("\t\n\r &<>\"']é"),
    st.characters(min_codepoint=0x20, max_codepoint=0xD7FF),
    st.characters(min_codepoint=0xE000, max_codepoint=0xFFFD),
    st.characters(min_codepoint=0x10000),
)
# The least date means that there is none.
CLOCKS = st.datetimes(datetime.fromisoformat("0001-01-02")).map(
    lambda moment: moment.replace(microsecond=0)
)

SIMPLE: dict[str, st.SearchStrategy[object]] = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "decimal": st.decimals(-(10**20), 10**20, allow_nan=False, allow_infinity=False, places=4),
}


def of_type(kind: _schema.Type) -> st.SearchStrategy[Any]:
    """Values that a type can write and read back."""
    if isinstance(kind, _schema.Array):
        items = of_type(kind.of).filter(lambda item: item != "")
        return st.lists(st.none() | items if kind.nillable else items, max_size=3).map(tuple)
    if isinstance(kind, _schema.Complex):
        return of_struct(kind.cls)
    if kind is _schema.WALL_CLOCK:
        return CLOCKS
    if kind in (_schema.UTC_TIME, _schema.UTC_TIME_Z):
        return CLOCKS.map(lambda moment: moment.replace(tzinfo=UTC))
    if kind is _schema.ID:
        return st.integers(0, 2**63 - 1).map(str)
    if kind is _schema.MINUTES:
        return st.integers(1, 2**31 - 1)
    if kind.values:
        return st.sampled_from([*soap.ViberStateCode])
    if kind.is_text:
        return st.text(LEGAL, max_size=12)
    if kind == field_of(soap.SmsMessageState, "state").type:
        return st.sampled_from([*soap.SmsStateCode, 69, -98])
    return SIMPLE[kind.scalar.xsd]


def field_of(cls: type[msgspec.Struct], attribute: str) -> _schema.Element:
    (found,) = (f.element for f in _schema.fields(cls) if f.attribute == attribute)
    return found


def of_struct(cls: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Structs that can be written. Every field that may be ``None`` sometimes is."""
    arguments = {}
    for field in _schema.fields(cls):
        element = field.element
        values = of_type(element.type)
        if field.default is None and (element.nillable or element.optional or element.unset):
            values = st.none() | values
        arguments[field.attribute] = values
    return st.builds(cls, **arguments)


# The type of any operation's request. mypy knows the result of each, but not of all.
AnyType = Any
OPERATIONS: list[tuple[soap.Service, AnyType]] = [
    (service, request) for service in soap.SERVICES for request in service.requests
]
OPERATION_IDS = [f"{service.name}.{request.operation.name}" for service, request in OPERATIONS]
