"""The forms of single values: the marks that stand in ``Annotated``.

A mark is the form on the wire, so two forms of one Python type are two marks, and no mark equals
another. Those of dates are in a module of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Final, NoReturn

import msgspec

from devino_codecs.errors import DecodeError, EncodeError

from ._json import json_type, quoted

__all__ = [
    "BOOLEAN_WORD",
    "ID",
    "MINUTES",
    "NOTHING",
    "NUMBER_ID",
    "PHONE",
    "PLAIN",
    "TEXT_OR_NUMBER",
    "WireForm",
    "code",
    "form_of",
    "unexpected",
    "unwritable",
]

_MAX_INT32 = 2**31 - 1
_MAX_INT64 = 2**63 - 1
# .NET's decimal holds 29 digits; beyond this no price is meant, and 1E+999999 would not be printed.
_MAX_DIGITS = 40


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


def _number_id(value: object) -> str:
    text = _text(value)
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:20]) <= _MAX_INT64):
        raise EncodeError("expected the digits of a positive 64-bit number")
    if text[0] == "0":
        raise EncodeError("a number that begins with 0")
    return text


def _read_number_id(value: object) -> str:
    if isinstance(value, Decimal):
        # A number that was written with a fraction may have lost digits on its way.
        raise unexpected("a whole number", value)
    number = _read_whole(value)
    if number <= 0:
        raise DecodeError("a number out of range")
    return str(number)


NUMBER_ID: Final = WireForm(
    "NUMBER_ID", _number_id, _read_number_id, _number_id, _read_number_id, needs_no_escape=True
)
"""A positive whole number on the wire, its digits here, so that all 19 survive whoever holds them;
digits in a string are read too."""


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


def _whole(value: object) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise unwritable("int", value)
    if not -_MAX_INT64 <= value <= _MAX_INT64:
        raise EncodeError("a number out of range")
    return str(int(value))


def _read_whole(value: object) -> int:
    if isinstance(value, str) and len(value) <= 20 and value.isascii():
        value = int(value) if value.removeprefix("-").isdecimal() else value
    elif isinstance(value, Decimal) and _is_printable(value) and value == int(value):
        value = int(value)
    if type(value) is not int:
        raise unexpected("a whole number", value)
    if not -_MAX_INT64 <= value <= _MAX_INT64:
        raise DecodeError("a number out of range")
    return value


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


def _decimal(value: object) -> str:
    if not isinstance(value, Decimal):
        raise unwritable("Decimal", value)
    if not _is_printable(value):
        raise EncodeError("a number out of range")
    return f"{value:f}"


def _read_decimal(value: object) -> Decimal:
    if isinstance(value, str):
        return _parse_decimal(value)
    number = Decimal(value) if type(value) is int else value
    if not isinstance(number, Decimal):
        raise unexpected("a number", value)
    if not _is_printable(number):
        raise DecodeError("a number out of range")
    return number


def _parse_decimal(text: str) -> Decimal:
    if len(text) > 3 * _MAX_DIGITS or not text.isascii() or "_" in text:
        raise DecodeError("expected a number")
    try:
        # Some writers use their own comma.
        number = Decimal(text.replace(",", "."))
    except ArithmeticError:
        raise DecodeError("expected a number") from None
    return _read_decimal(number)


def _is_printable(number: Decimal) -> bool:
    _, digits, exponent = number.as_tuple()
    return (
        isinstance(exponent, int)
        and -_MAX_DIGITS <= exponent <= _MAX_DIGITS
        and len(digits) <= _MAX_DIGITS
    )


# Truth.


def _truth(value: object) -> str:
    if not isinstance(value, bool):
        raise unwritable("bool", value)
    return "true" if value else "false"


def _read_truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    found = {"true": True, "false": False, "1": True, "0": False}.get(
        str(value).lower() if type(value) in (str, int) else ""
    )
    if found is None:
        raise unexpected("true or false", value)
    return found


BOOLEAN_WORD: Final = WireForm(
    "BOOLEAN_WORD", _truth, _read_truth, lambda value: f'"{_truth(value)}"', _read_truth
)
"""A bool that JSON holds as ``"true"`` or ``"false"``; a plain one is read too."""


# Codes.


def _word(value: object) -> str:
    return _text(value.value if isinstance(value, Enum) else value)


def _read_word(value: object) -> str:
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise unexpected("a string", value)
    return value


@cache
def code(table: type[Enum], *, is_open: bool = True) -> WireForm:
    """A code of a table: its member. Words are read in any case, and numbers from digits.

    If it ``is_open``, a value that the table lacks stays as it is; else it is an error.
    """
    is_number = issubclass(table, int)
    if not is_number and not issubclass(table, str):
        raise TypeError(f"{table.__name__} is a table of neither numbers nor words")
    plain_text: Callable[[object], str] = _whole if is_number else _word
    plain: Callable[[object], int | str] = _read_whole if is_number else _read_word
    members = {_folded(member.value): member for member in table}

    def back(value: object) -> object:
        found = plain(value)
        member = members.get(_folded(found))
        if member is not None:
            return member
        if not is_open:
            raise DecodeError(f"not in the table {table.__name__}")
        return found

    def forth(value: object) -> str:
        if not is_open and not isinstance(value, table):
            raise unwritable(table.__name__, value)
        return plain_text(value)

    write = forth if is_number else lambda value: quoted(forth(value))
    return WireForm(table.__name__, forth, back, write, back)


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else int(value)


# What needs no mark.


NOTHING: Final = WireForm(
    "NOTHING",
    lambda value: "" if value is None else _refuse(value),
    lambda _: None,
    lambda value: "null" if value is None else _refuse(value),
    lambda _: None,
)
"""The answer that says no more than that it was done."""


def _refuse(value: object) -> NoReturn:
    raise unwritable("None", value)


TEXT: Final = WireForm(
    "TEXT", _text, _same, _write_text, _read_text, keeps_blanks=True, is_word=True
)
PLAIN: Final[dict[object, WireForm]] = {
    str: TEXT,
    int: WireForm("WHOLE", _whole, _read_whole, _whole, _read_whole, needs_no_escape=True),
    bool: WireForm("BOOLEAN", _truth, _read_truth, _truth, _read_truth, needs_no_escape=True),
    Decimal: WireForm("DECIMAL", _decimal, _parse_decimal, _decimal, _read_decimal),
    type(None): NOTHING,
}
"""The forms of types that have but one."""
