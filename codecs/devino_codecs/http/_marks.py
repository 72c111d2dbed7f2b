"""Marks of a field that say where it stands, beside the mark that says its form."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["IF_READABLE", "NULL", "Also", "InHeader", "InQuery"]


class Also(msgspec.Struct, frozen=True):
    """Another spelling of the field's name, which is read and never written."""

    name: str


class InHeader(msgspec.Struct, frozen=True):
    """The field stands in this header of the request."""

    name: str


class InQuery(msgspec.Struct, frozen=True):
    """The field stands in the query, beside a JSON body."""


class _Null(msgspec.Struct, frozen=True):
    def __repr__(self) -> str:
        return "NULL"


NULL: Final = _Null()
"""None is written as ``null``. Without this mark a field that is None is left out."""


class _IfReadable(msgspec.Struct, frozen=True):
    def __repr__(self) -> str:
        return "IF_READABLE"


IF_READABLE: Final = _IfReadable()
"""What cannot be read is as if it were not there, so the field needs a default. It is for the side
fields of answers: they must not take the rest with them."""
