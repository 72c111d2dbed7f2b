"""The forms of what needs no mark, of codes, and two marks that vary them.

They are loaded when the first row is used.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Final, NoReturn

from devino_codecs.errors import DecodeError, EncodeError

from ._json import quoted
from ._wire_forms import ID, TEXT, WireForm, unexpected, unwritable

__all__ = ["BOOLEAN_WORD", "NOTHING", "NUMBER_ID", "PLAIN", "WORD_OR_NUMBER", "code"]

_MAX_INT64 = 2**63 - 1
# .NET's decimal holds 29 digits; beyond this no price is meant, and 1E+999999 would not be printed.
_MAX_DIGITS = 40


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


def _number_id(value: object) -> str:
    text = TEXT.text(value)
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
    return TEXT.text(value.value if isinstance(value, Enum) else value)


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


PLAIN: Final[dict[object, WireForm]] = {
    str: TEXT,
    int: WireForm("WHOLE", _whole, _read_whole, _whole, _read_whole, needs_no_escape=True),
    bool: WireForm("BOOLEAN", _truth, _read_truth, _truth, _read_truth, needs_no_escape=True),
    Decimal: WireForm("DECIMAL", _decimal, _parse_decimal, _decimal, _read_decimal),
    type(None): NOTHING,
}
"""The forms of types that have but one."""


def _read_word_or_number(value: object) -> int | str:
    found: int | str = (PLAIN[int] if type(value) is int else ID).read(value)
    return found


def _write_word_or_number(value: object) -> str:
    return (PLAIN[int] if isinstance(value, int) else ID).write(value)


WORD_OR_NUMBER: Final = WireForm(
    "WORD_OR_NUMBER", str, str, _write_word_or_number, _read_word_or_number
)
"""A word, which is not empty, or a whole number: each stays what it is."""
