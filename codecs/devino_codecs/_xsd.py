"""Lexical types: they turn a value into text and back, and have a name in XML Schema.

``read`` raises :exc:`DecodeError` and ``write`` raises :exc:`EncodeError`. The errors have no path:
the caller knows the field and adds it. No error quotes the text, which may be a password or a phone
number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Final, Generic, TypeVar

import msgspec

from ._xml import escape_attribute, escape_text
from .errors import DecodeError, EncodeError

__all__ = [
    "ATTRIBUTE",
    "BOOLEAN",
    "CLOCK_MINUTES",
    "CLOCK_SECONDS",
    "DECIMAL",
    "INT",
    "LONG",
    "MINUTES",
    "TEXT",
    "UNSET",
    "UTC_TIME",
    "UTC_TIME_Z",
    "WALL_CLOCK",
    "Scalar",
    "codes",
    "read_integer",
    "write_integer",
]

T = TypeVar("T")


class Scalar(msgspec.Struct, Generic[T], frozen=True):
    """A type of text. ``xsd`` is its name in XML Schema. ``write`` gives escaped text."""

    xsd: str
    read: Callable[[str], T]
    write: Callable[[T], str]


def read_integer(text: str) -> int:
    """A 64-bit integer. It may have blanks around it, and a plus sign."""
    try:
        value = int(text)
    except ValueError:
        raise DecodeError("an integer is expected") from None
    # int() would also take "1_000", and any length.
    if "_" in text or (len(text) > 18 and not -(2**63) <= value < 2**63):
        raise DecodeError("an integer of 64 bits is expected")
    return value


def write_integer(value: int, bits: int = 64) -> str:
    """Decimal digits. It takes enum members too, but refuses ``bool``."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise EncodeError(f"an integer is expected, not {type(value).__name__}")
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise EncodeError(f"an integer of {bits} bits is expected")
    return f"{int(value)}"


def _read_int(text: str) -> int:
    value = read_integer(text)
    if not -(2**31) <= value < 2**31:
        raise DecodeError("an integer of 32 bits is expected")
    return value


def _write_int(value: int) -> str:
    return write_integer(value, 32)


def codes(*enums: type[IntEnum]) -> Scalar[int]:
    """Integers. One that a table in ``enums`` has becomes its member; any other stays an int."""
    known: dict[int, int] = {int(member): member for enum in enums for member in enum}
    texts = {str(code): member for code, member in known.items()}

    def read(text: str) -> int:
        code = texts.get(text)
        if code is not None:
            return code
        code = _read_int(text)
        return known.get(code, code)

    return Scalar("int", read, _write_int)


def _write_minutes_count(value: int) -> str:
    text = _write_int(value)
    if value < 0:
        raise EncodeError("a number of minutes is expected")
    return text


_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def _read_boolean(text: str) -> bool:
    try:
        return _TRUTH[text.strip().lower()]
    except KeyError:
        raise DecodeError("true or false is expected") from None


def _write_boolean(value: bool) -> str:
    if not isinstance(value, bool):
        raise EncodeError(f"a bool is expected, not {type(value).__name__}")
    return "true" if value else "false"


_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,28}(?:\.[0-9]{0,28})?|\.[0-9]{1,28})", re.ASCII)
# Some writers use their own comma, or an exponent. A large exponent is refused: Decimal("1E+99999")
# is small until somebody prints it.
_LOOSE_DECIMAL = re.compile(
    r"[+-]?(?:[0-9]{1,28}(?:[.,][0-9]{0,28})?|[.,][0-9]{1,28})(?:[eE][+-]?[0-9]{1,2})?", re.ASCII
)


def _read_decimal(text: str) -> Decimal:
    text = text.strip()
    if _LOOSE_DECIMAL.fullmatch(text) is None:
        raise DecodeError("a decimal number is expected")
    value = Decimal(text.replace(",", "."))
    if not -28 <= value.adjusted() < 28:
        raise DecodeError("a decimal number of at most 28 digits is expected")
    return value


def _write_decimal(value: Decimal) -> str:
    if not isinstance(value, Decimal):
        raise EncodeError(f"a Decimal is expected, not {type(value).__name__}")
    if not value.is_finite() or not -28 <= value.adjusted() < 28:
        raise EncodeError("a finite decimal of at most 28 digits is expected")
    text = f"{value:f}"
    if _DECIMAL.fullmatch(text) is None:
        raise EncodeError("a finite decimal of at most 28 digits is expected")
    return text


UNSET: Final = datetime.fromisoformat("0001-01-01T00:00:00")
"""An unset DateTime of .NET, which may be printed with any zone."""


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise DecodeError("a date and time of ISO 8601 is expected") from None


def _checked(value: datetime | None) -> datetime:
    if not isinstance(value, datetime):
        raise EncodeError(f"a datetime is expected, not {type(value).__name__}")
    return value


def _write_clock(value: datetime | None, timespec: str) -> str:
    value = _checked(value)
    if value.tzinfo is not None:
        raise EncodeError("the wire carries no zone here: a naive datetime is expected")
    return value.isoformat(timespec=timespec)


def _write_minutes(value: datetime) -> str:
    return _write_clock(value, "seconds" if _checked(value).second else "minutes")


def _write_seconds(value: datetime | None) -> str:
    return _write_clock(value, "seconds")


def _read_wall_clock(text: str) -> datetime | None:
    moment = _moment(text).replace(tzinfo=None)
    return None if moment == UNSET else moment


def _read_utc(text: str) -> datetime | None:
    moment = _moment(text)
    if moment.replace(tzinfo=None) == UNSET:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise DecodeError("a date and time within the years 1 to 9999 is expected") from None


def _write_utc(value: datetime | None) -> str:
    value = _checked(value)
    if value.tzinfo is None:
        raise EncodeError("an instant is expected: give the datetime its zone")
    try:
        value = value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise EncodeError("a date and time within the years 1 to 9999 is expected") from None
    return value.replace(tzinfo=None).isoformat(timespec="seconds")


def _write_utc_z(value: datetime | None) -> str:
    return f"{_write_utc(value)}Z"


TEXT: Final = Scalar[str]("string", str, escape_text)
"""Text between tags."""
ATTRIBUTE: Final = Scalar[str]("string", str, escape_attribute)
INT: Final = Scalar[int]("int", _read_int, _write_int)
LONG: Final = Scalar[int]("long", read_integer, write_integer)
MINUTES: Final = Scalar[int]("int", _read_int, _write_minutes_count)
BOOLEAN: Final = Scalar[bool]("boolean", _read_boolean, _write_boolean)
DECIMAL: Final = Scalar[Decimal]("decimal", _read_decimal, _write_decimal)

# The types below read a fraction of a second but do not write it: no field of the platform has one.
CLOCK_MINUTES: Final = Scalar[datetime]("dateTime", _moment, _write_minutes)
"""Naive, without a zone; zero seconds are left out. Read as it is: aware if it has a zone."""
CLOCK_SECONDS: Final = Scalar[datetime]("dateTime", _moment, _write_seconds)
"""Naive, without a zone, always with seconds. Read as it is: aware if it has a zone."""
WALL_CLOCK: Final = Scalar[datetime | None]("dateTime", _read_wall_clock, _write_seconds)
"""Naive: a time by the recipient's clock. A zone on the wire is dropped. .NET's least date, in any
zone, is None in this type and the next two."""
UTC_TIME: Final = Scalar[datetime | None]("dateTime", _read_utc, _write_utc)
"""Aware. On the wire it is UTC without a zone."""
UTC_TIME_Z: Final = Scalar[datetime | None]("dateTime", _read_utc, _write_utc_z)
"""Aware. On the wire it is UTC with ``Z``."""
