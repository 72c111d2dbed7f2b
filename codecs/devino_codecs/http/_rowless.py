"""What comes without a row, such as a callback: a value by its annotations alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from devino_codecs._sizes import MAX_ANSWER, check_size

from ._json import parse_json

if TYPE_CHECKING:
    from ._wire_forms import WireForm

__all__ = ["read_json", "read_value", "write_json"]

T = TypeVar("T")


def read_json(of: type[T], body: bytes, *, max_size: int = MAX_ANSWER) -> T:
    """A value of a type whose annotations say its form, from a body of JSON. Names are read in any
    case, unknown ones ignored.

    Raises :exc:`DecodeError`, also for more than ``max_size`` bytes, and TypeError for a type whose
    form is not said.
    """
    check_size(body, max_size)
    return read_value(of, parse_json(body))


def read_value(of: type[T], value: object) -> T:
    """The same, from what :func:`parse_json` made of a body or of a part of it."""
    hint: Any = of
    read: T = _form_of(hint).read(value)
    return read


def write_json(of: type[T], value: T) -> bytes:
    """Back: compact JSON, names in the order of the fields. Raises :exc:`EncodeError`."""
    hint: Any = of
    return _form_of(hint).write(value).encode()


@cache
def _form_of(of: Any) -> WireForm:
    # Not above: the forms of structs are loaded at the first call, as those of rows are.
    from ._structs import wire_form_of

    return wire_form_of(of)
