"""The forms of single values: the marks that stand in ``Annotated``.

A mark is the form on the wire, so two forms of one Python type are two marks, and no mark equals
another. Those of dates are in modules of their own, and so are the forms of what has no mark.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from devino_codecs.errors import DecodeError, EncodeError

from ._json import json_type, quoted

__all__ = [
    "ID",
    "MINUTES",
    "PHONE",
    "TEXT",
    "TEXT_OR_NUMBER",
    "WireForm",
    "form_of",
    "unexpected",
    "unwritable",
]

_MAX_INT32 = 2**31 - 1


class WireForm(msgspec.Struct, frozen=True, eq=False):
    """A form on the wire. Make one of your own with :func:`form_of`; it is compared by identity.

    Errors are :exc:`DecodeError` and :exc:`EncodeError`, whose path is below this value.
    """

    name: str
    text: Callable[[Any], str]
    """The value in a form, a path or a header, before it is escaped."""
    parse: Callable[[str], Any]
    """Back; None where the text says that there is none. It is never empty, nor blank unless
    ``keeps_blanks``."""
    write: Callable[[Any], str]
    """The value in JSON."""
    read: Callable[[Any], Any]
    """Back, from what a JSON parser made; None for a missing key."""
    keeps_blanks: bool = False
    """Blanks around it are part of it."""
    is_word: bool = False
    """The value is its own text, and needs no check where it is ASCII letters and digits."""
    needs_no_escape: bool = False
    separators: str = ""
    """Where one line of several is cut, if that is asked for."""
    unset: str = ""
    """What it is called where it is not set; "" for what cannot be: then ``read`` gives no None."""
    writes_none: bool = False
    """None has a form of its own."""
    is_json_alone: bool = False
    """It has no text, and stands in no form, path or header."""

    def __repr__(self) -> str:
        return self.name


def unexpected(wanted: str, value: object) -> DecodeError:
    return DecodeError(f"expected {wanted}, got {json_type(value)}")


def unwritable(wanted: str, value: object) -> EncodeError:
    return EncodeError(f"expected {wanted}, got {type(value).__name__}")


def form_of(
    name: str,
    read: Callable[[str], Any],
    write: Callable[[Any], str],
    *,
    of: type,
    noun: str = "a string",
    is_number: bool = False,
) -> WireForm:
    """A mark of your own: how values of type ``of`` are read from text, and written as it.

    Both may raise ValueError with a reason; ``noun`` is what an error says it expected.
    ``is_number`` writes the text into JSON without quotes, and reads numbers too.

    >>> HEX = form_of("HEX", lambda text: int(text, 16), "{:x}".format, of=int)
    """

    def back(value: object) -> Any:
        if not isinstance(value, str):
            raise unexpected(noun, value)
        try:
            return read(value)
        except (ValueError, OverflowError) as error:
            raise DecodeError(str(error)) from None

    def forth(value: Any) -> str:
        if not isinstance(value, of):
            raise unwritable(of.__name__, value)
        try:
            return write(value)
        except (ValueError, OverflowError) as error:
            raise EncodeError(str(error)) from None

    def from_json(value: object) -> Any:
        return back(str(value) if type(value) in (int, Decimal) else value)

    def to_json(value: Any) -> str:
        return quoted(forth(value))

    if is_number:
        return WireForm(name, forth, back, forth, from_json)
    return WireForm(name, forth, back, to_json, back)


# Text.


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise unwritable("str", value)
    return value


def _write_text(value: object) -> str:
    return quoted(str(_text(value)))


def _read_text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise unexpected("a string", value)
    return value


def _same(text: str) -> str:
    return text


TEXT: Final = WireForm(
    "TEXT", _text, _same, _write_text, _read_text, keeps_blanks=True, is_word=True
)
"""A text as it is. It is the form of what has no mark."""


def _id(value: object) -> str:
    if value == "":
        raise EncodeError("an empty id")
    return _text(value)


def _read_id(value: object) -> str:
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise unexpected("a string or a whole number", value)
    if not value:
        raise DecodeError("an empty id")
    return value


def _read_text_or_number(value: object) -> str:
    return str(value) if type(value) is int else _read_text(value)


TEXT_OR_NUMBER: Final = WireForm(
    "TEXT_OR_NUMBER",
    _text,
    _same,
    _write_text,
    _read_text_or_number,
    is_word=True,
    keeps_blanks=True,
)
"""Text; a whole number is read too, as its digits."""
ID: Final = WireForm("ID", _id, _same, lambda value: quoted(_id(value)), _read_id, is_word=True)
"""Text that is not empty; a whole number is read too, exactly, and one with a fraction is not."""


def _phone(value: object) -> str:
    text = _text(value)
    if text != text.strip():
        raise EncodeError("a phone number with blanks around it")
    return text


def _read_phone(value: object) -> str:
    # A plus sign that was not escaped arrives as a blank.
    return _read_text_or_number(value).strip()


PHONE: Final = WireForm(
    "PHONE",
    _phone,
    str.strip,
    lambda value: quoted(_phone(value)),
    _read_phone,
    is_word=True,
    separators=",;",
)
"""79031234567, +79031234567 or 89031234567; blanks around it are lost on the wire, and a number is
read too."""


# Numbers.


def _minutes(value: object) -> str:
    if type(value) is not int:
        raise unwritable("a whole number of minutes", value)
    if not 1 <= value <= _MAX_INT32:
        raise EncodeError("expected at least one minute")
    return str(value)


def _read_minutes(value: object) -> int | None:
    text = str(value) if type(value) is int else value
    if not isinstance(text, str):
        raise unexpected("a whole number of minutes", value)
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= _MAX_INT32):
        raise DecodeError("expected a whole number of minutes")
    return int(text) or None


MINUTES: Final = WireForm(
    "MINUTES",
    _minutes,
    _read_minutes,
    _minutes,
    _read_minutes,
    needs_no_escape=True,
    unset="a number of minutes",
)
"""A positive number of minutes; 0 is read as none."""
