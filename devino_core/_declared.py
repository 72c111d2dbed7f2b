"""Check a struct's field types when a program makes the struct.

msgspec checks them when it decodes, but not when a program calls the class.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import astuple

__all__ = ["Misfit", "misfit_of"]

Misfit = tuple[str, str] | None
"""The first field whose value has a wrong type, and the type that it must have."""


def misfit_of(kind: type[msgspec.Struct]) -> Callable[[msgspec.Struct], Misfit]:
    """A function that checks values of a struct with two or more fields, and of its subclasses."""
    fields = attrgetter(*kind.__struct_fields__)
    # A program's values have few combinations of types, so each combination is checked once.
    fitting: set[tuple[type, ...]] = set()

    def misfit(value: msgspec.Struct) -> Misfit:
        # A subclass may have its fields in another order.
        values = astuple(value) if type(value) is kind else fields(value)
        types = tuple(map(type, values))
        if types in fitting:
            return None
        for (field, fit), given in zip(_declared(kind), types, strict=True):
            if not issubclass(given, fit):
                expected = " or ".join("None" if t is NoneType else t.__name__ for t in fit)
                return field, f"must be {expected}, not {given.__name__}"
        if len(fitting) < _REMEMBERED:
            fitting.add(types)
        return None

    return misfit


_REMEMBERED = 1000


@cache
def _declared(kind: type[msgspec.Struct]) -> list[tuple[str, tuple[type, ...]]]:
    """Each field and the types that it may have."""
    hints = get_type_hints(kind)
    return [(name, _classes(hints[name])) for name in kind.__struct_fields__]


def _classes(hint: Any) -> tuple[type, ...]:
    """``Mapping[str, str] | None`` as ``(Mapping, NoneType)``."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple([get_origin(option) or option for option in options])
