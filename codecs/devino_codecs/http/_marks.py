"""Marks of a field that say where it stands, beside the mark that says its form; and what stands in
the place of what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

__all__ = [
    "IF_READABLE",
    "IN_BODY_TOO",
    "NULL",
    "ONE_OR_LIST",
    "Also",
    "InHeader",
    "InQuery",
    "Shortcut",
    "Unread",
    "Within",
]


class Also(msgspec.Struct, frozen=True):
    """Another spelling of the field's name, which is read and never written."""

    name: str


class InHeader(msgspec.Struct, frozen=True):
    """The field stands in this header of the request."""

    name: str


class InQuery(msgspec.Struct, frozen=True):
    """The field stands in the query, beside a JSON body."""


class Within(msgspec.Struct, frozen=True):
    """In JSON the value stands deeper in its place: of ``Within("result.account")`` in the member
    ``account`` of an object that is the member ``result`` of another. Where one of them is not
    there, the value is missing. No name has a dot in it, and no such field stands in a path, a
    query, a form or a header."""

    path: str

    @property
    def names(self) -> list[str]:
        """The names on the way to the value, from without; the last is its own."""
        return self.path.split(".")


class _Flag(msgspec.Struct, frozen=True):
    """A mark that says all by being there."""

    name: str

    def __repr__(self) -> str:
        return self.name


IN_BODY_TOO: Final = _Flag("IN_BODY_TOO")
"""The field stands in the path, and is written into the JSON body too. The path's counts."""


class Shortcut(msgspec.Struct, frozen=True, eq=False):
    """Quicker ways for values as they nearly always are, such as msgspec's own.

    Each may raise ValueError or TypeError for any other value, which then goes the long way, by the
    annotations. A shortcut must not read or write anything that the long way does not.
    """

    decode: Callable[[bytes], Any] | None = None
    """From the body of an answer, with all that stands around it. It marks the type of an answer.
    """
    write: Callable[[Any], str] | None = None
    """To JSON."""


ONE_OR_LIST: Final = _Flag("ONE_OR_LIST")
"""An item without its list is read as a list of one, and a list of one as its item, whichever the
type says. It is written as the type says."""


NULL: Final = _Flag("NULL")
"""None is written as ``null``. Without this mark a field that is None is left out."""

IF_READABLE: Final = _Flag("IF_READABLE")
"""What cannot be read is as if it were not there: the field has a default, or may be None. It is
for the side fields of answers: they must not take the rest with them. A struct of answers whose
fields that may be empty (None, UNSET, a text, a tuple) are all so says
``reads_what_it_can: ClassVar[bool] = True``."""


class Unread(msgspec.Struct, frozen=True):
    """Why a value could not be read, in a place whose type allows for it, such as ``int | Unread``.

    So one bad item costs no other its place: ``tuple[Report | Unread, ...]``. It cannot be written.
    """

    reason: str
    """Without any of the content."""
    path: str = ""
    """The field below that place, in the wire's words; ``""`` is the place itself."""

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason
