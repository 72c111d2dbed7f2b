"""How each kind of value stands in an answer's JSON; the answers' annotations name the kinds."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from msgspec import Struct
from msgspec.json import encode as _encode
from msgspec.structs import fields as struct_fields

from devino_codecs.errors import DecodeError, EncodeError

from ._answers import (
    Ids,
    IncomingSms,
    MinValueDate,
    NetDate,
    ResentSms,
    RestError,
    SmsState,
    Statistics,
    TextOrNumber,
    ViberState,
)
from ._codes import ErrorCode, SmsStateCode, ViberStateCode
from ._credentials import Session
from ._dates import read_net_date, write_net_date

__all__ = ["KINDS", "Kind", "json_type"]

_MAX_INT64 = 2**63 - 1
# .NET's decimal holds 29 digits; beyond this no price is meant, and 1E+999999 would not be printed.
_MAX_DIGITS = 40


class Kind(Struct, frozen=True):
    """``read`` takes what the JSON parser made, None for a missing key; ``write`` gives JSON.

    They raise :exc:`DecodeError` and :exc:`EncodeError`, with the path below this value.
    """

    read: Callable[[object], object]
    write: Callable[[object], str]


def json_type(value: object) -> str:
    """Say what a JSON value is, without saying what it holds."""
    names = {dict: "an object", list: "an array", str: "a string", type(None): "nothing"}
    return names.get(type(value), "a boolean" if isinstance(value, bool) else "a number")


def _unexpected(wanted: str, value: object) -> DecodeError:
    return DecodeError(f"expected {wanted}, got {json_type(value)}")


def _unwritable(wanted: str, value: object) -> EncodeError:
    return EncodeError(f"expected {wanted}, got {type(value).__name__}")


def _read_int(value: object) -> int:
    if isinstance(value, str) and len(value) < 20 and value.isascii():
        value = int(value) if value.removeprefix("-").isdecimal() else value
    if type(value) is not int:
        raise _unexpected("a whole number", value)
    if not -_MAX_INT64 <= value <= _MAX_INT64:
        raise DecodeError("a number out of range")
    return value


def _write_int(value: object) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unwritable("int", value)
    if not -_MAX_INT64 <= value <= _MAX_INT64:
        raise EncodeError("a number out of range")
    return str(int(value))


def _code(codes: type[IntEnum]) -> Kind:
    known = {int(code): code for code in codes}

    def read(value: object) -> int:
        number = _read_int(value)
        code = known.get(number)
        if code is not None:
            return code
        try:
            return codes(number)  # knows an older number too
        except ValueError:
            return number

    return Kind(read, _write_int)


def _read_text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _unexpected("a string", value)
    return value


def _write_text(value: object) -> str:
    if not isinstance(value, str):
        raise _unwritable("str", value)
    try:
        return _encode(str(value)).decode()
    except UnicodeError as error:
        raise EncodeError(str(error)) from None


def _read_id(value: object) -> str:
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise _unexpected("a string or a whole number", value)
    if not value:
        raise DecodeError("an empty id")
    return value


def _write_id(value: object) -> str:
    if value == "":
        raise EncodeError("an empty id")
    return _write_text(value)


def _read_session(value: object) -> Session:
    if not isinstance(value, str) or not value:
        raise _unexpected("a session id", value)
    return Session(value)


def _write_session(value: object) -> str:
    if not isinstance(value, Session):
        raise _unwritable("Session", value)
    return _write_id(value.id)


def _read_decimal(value: object) -> Decimal:
    number = Decimal(value) if type(value) is int else value
    if not isinstance(number, Decimal):
        raise _unexpected("a number", value)
    if not _is_printable(number):
        raise DecodeError("a number out of range")
    return number


def _write_decimal(value: object) -> str:
    if not isinstance(value, Decimal):
        raise _unwritable("Decimal", value)
    if not _is_printable(value):
        raise EncodeError("a number out of range")
    return f"{value:f}"


def _is_printable(number: Decimal) -> bool:
    _, digits, exponent = number.as_tuple()
    return (
        isinstance(exponent, int)
        and -_MAX_DIGITS <= exponent <= _MAX_DIGITS
        and len(digits) <= _MAX_DIGITS
    )


def _read_date(value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _unexpected("a date", value)
    try:
        return read_net_date(value)
    except ValueError as error:
        raise DecodeError(str(error)) from None


def _read_set_date(value: object) -> datetime:
    date = _read_date(value)
    if date is None:
        raise DecodeError("a date that is not set")
    return date


def _write_date(value: object) -> str:
    if value is not None and not isinstance(value, datetime):
        raise _unwritable("datetime", value)
    try:
        return f'"{write_net_date(value)}"'
    except ValueError as error:
        raise EncodeError(str(error)) from None


def _write_set_date(value: object) -> str:
    if value is None:
        raise EncodeError("a date that is not set")
    return _write_date(value)


def _nullable(kind: Kind) -> Kind:
    return Kind(
        lambda value: None if value is None else kind.read(value),
        lambda value: "null" if value is None else kind.write(value),
    )


def _array(item: Kind, *, optional: bool = False) -> Kind:
    def read(value: object) -> tuple[object, ...]:
        if value is None and optional:
            return ()
        if not isinstance(value, list):
            raise _unexpected("an array", value)
        items = []
        for index, each in enumerate(value):
            try:
                items.append(item.read(each))
            except DecodeError as error:
                raise DecodeError(error.reason, path=_join(f"[{index}]", error.path)) from None
        return tuple(items)

    def write(value: object) -> str:
        if not isinstance(value, tuple | list):
            raise _unwritable("tuple", value)
        items = []
        for index, each in enumerate(value):
            try:
                items.append(item.write(each))
            except EncodeError as error:
                raise EncodeError(error.reason, path=_join(f"[{index}]", error.path)) from None
        return f"[{','.join(items)}]"

    return Kind(read, write)


def _object(cls: type[Struct]) -> Kind:
    members = [(field.name, field.encode_name, KINDS[field.type]) for field in struct_fields(cls)]
    keyed = [(name, key, key.lower(), kind.read) for name, key, kind in members]

    def read(value: object) -> Struct:
        if not isinstance(value, dict):
            raise _unexpected("an object", value)
        given = {key.lower(): item for key, item in value.items()}
        arguments = {}
        for name, key, lower, read_member in keyed:
            try:
                arguments[name] = read_member(given.get(lower))
            except DecodeError as error:
                raise DecodeError(error.reason, path=_join(key, error.path)) from None
        return cls(**arguments)

    def write(value: object) -> str:
        if type(value) is not cls:
            raise _unwritable(cls.__name__, value)
        written = []
        for name, key, kind in members:
            try:
                written.append(f'"{key}":{kind.write(getattr(value, name))}')
            except EncodeError as error:
                raise EncodeError(error.reason, path=_join(key, error.path)) from None
        return f"{{{','.join(written)}}}"

    return Kind(read, write)


def _join(key: str, path: str) -> str:
    return f"{key}.{path}" if path and not path.startswith("[") else key + path


_DATE = Kind(_read_set_date, _write_set_date)
_DECIMAL = Kind(_read_decimal, _write_decimal)
_ID = Kind(_read_id, _write_id)

KINDS: dict[object, Kind] = {
    int: Kind(_read_int, _write_int),
    str: Kind(_read_text, _write_text),
    Decimal: _DECIMAL,
    Decimal | None: _nullable(_DECIMAL),
    NetDate: _DATE,
    NetDate | None: Kind(_read_date, _nullable(_DATE).write),
    MinValueDate: Kind(_read_date, _write_date),
    TextOrNumber: _ID,
    ErrorCode | int: _code(ErrorCode),
    SmsStateCode | int: _code(SmsStateCode),
    ViberStateCode | int: _code(ViberStateCode),
    Session: Kind(_read_session, _write_session),
    Ids: _array(_ID),
}
for _struct in (SmsState, ResentSms, IncomingSms, Statistics, RestError):
    KINDS[_struct] = _object(_struct)
KINDS[tuple[IncomingSms, ...]] = _array(KINDS[IncomingSms])
KINDS[tuple[ResentSms, ...]] = _array(KINDS[ResentSms], optional=True)
KINDS[ViberState] = _object(ViberState)
