"""Values that carry secrets and do not show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec

__all__ = [
    "RECIPIENT",
    "SECRET",
    "SHOWN",
    "WORDS",
    "Kind",
    "Kinds",
    "Listed",
    "Masked",
    "secret_values",
    "secrets_of",
    "without_secrets",
]


class Kind(StrEnum):
    """What a value tells whoever reads a log. The members are marks in ``Annotated``.

    A string without a mark is a TEXT, and a number, a date, a code or an id is SHOWN, unless its
    form is that of a phone number, which is a RECIPIENT.
    """

    SECRET = "secret"  # noqa: S105 - it is a word
    """It is never shown."""
    RECIPIENT = "recipient"
    """It tells who a person is: a phone number, a mail address."""
    TEXT = "text"
    """What somebody writes to somebody."""
    WORDS = "words"
    """What the platform says about a call. It may quote numbers."""
    SHOWN = "shown"
    """It tells nothing about a person."""

    def __repr__(self) -> str:
        return self.name


SECRET: Final = Kind.SECRET
"""A mark in ``Annotated``: this field is never shown."""
RECIPIENT: Final = Kind.RECIPIENT
"""A mark in ``Annotated``: this field tells who a person is; its middle is hidden in logs."""
WORDS: Final = Kind.WORDS
"""A mark in ``Annotated``: the platform's words about a call; logs hide numbers in them."""
SHOWN: Final = Kind.SHOWN
"""A mark in ``Annotated``: a text that logs show, such as the name of a sender."""


Kinds: TypeAlias = Mapping[str, Kind]
"""What each value is, by its name on the wire in lower case. ``""`` is what has no name."""


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


class Listed(Masked, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A struct of long lists, in which msgspec alone writes and reads what is as it mostly is.

    ``omit_defaults`` and ``forbid_unknown_fields`` are for that quick way. Whatever it cannot do
    goes by the annotations, as that of any other struct.
    """


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
