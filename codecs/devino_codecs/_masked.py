"""Values that carry secrets and do not show them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec

__all__ = ["SECRET", "Masked", "secret_values", "secrets_of", "without_secrets"]


class _Secret(msgspec.Struct, frozen=True):
    def __repr__(self) -> str:
        return "SECRET"


SECRET: Final = _Secret()
"""A mark in ``Annotated``: this field is never shown."""


class Masked(msgspec.Struct, frozen=True, kw_only=True):
    """A struct whose ``repr`` prints its secrets as ``***``.

    The secrets are the fields marked with :data:`SECRET`.
    """

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    # msgspec's own method shows every field to rich's console and tracebacks.
    def __rich_repr__(self) -> list[tuple[str, object]]:
        hidden = secrets_of(type(self))
        return [
            (name, "***" if name in hidden else getattr(self, name))
            for name in self.__struct_fields__
        ]


@cache
def secrets_of(cls: type[msgspec.Struct]) -> frozenset[str]:
    """The names of a struct's secret fields."""
    return frozenset(
        field.name
        for field in msgspec.structs.fields(cls)
        if SECRET in getattr(field.type, "__metadata__", ())
    )


def secret_values(value: msgspec.Struct) -> Iterator[str]:
    """The texts of a struct's secret fields, and of those of the structs within it."""
    hidden = secrets_of(type(value))
    for name in value.__struct_fields__:
        own = getattr(value, name)
        for item in own if isinstance(own, tuple | list) else (own,):
            if isinstance(item, msgspec.Struct):
                yield from secret_values(item)
            elif name in hidden and item:
                yield str(item)


def without_secrets(value: msgspec.Struct) -> dict[str, Any]:
    """A struct's fields by name, with ``***`` for secrets, also in the structs within it."""
    hidden = secrets_of(type(value))
    return {
        name: "***" if name in hidden else _shown(getattr(value, name))
        for name in value.__struct_fields__
    }


def _shown(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return without_secrets(value)
    if isinstance(value, tuple | list):
        return [_shown(item) for item in value]
    return value
