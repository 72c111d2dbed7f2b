"""How each kind of argument is written and read; the requests' annotations name the kinds."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from ._dates import read_date, write_date
from ._form import quote
from ._requests import Instant, MessageId, Minutes, PhoneNumber, WallClock

__all__ = ["KINDS", "PHONES", "TEXT", "Kind", "read_phones"]

_MAX_INT32 = 2**31 - 1


class Kind(Struct, frozen=True):
    """``write(value, "Name=")`` gives the pair or pairs, "" for an absent one.

    ``read`` takes the argument's non-empty values in their order, and gives None or () for an
    absent one. Both raise ValueError (``write`` TypeError too) with the reason.
    """

    write: Callable[[object, str], str]
    read: Callable[[list[str]], object]


def _write_text(value: object, prefix: str) -> str:
    if not isinstance(value, str):
        if value is None:
            return ""
        raise TypeError(f"expected str, got {type(value).__name__}")
    return prefix + quote(value) if value else ""


def _read_text(values: list[str]) -> str | None:
    return values[0] if values else None


def _write_texts(value: object, prefix: str) -> str:
    if not isinstance(value, tuple | list):
        raise TypeError(f"expected a tuple of str, got {type(value).__name__}")
    if not all(value):
        raise ValueError("an item is empty")
    return "&".join([_write_text(item, prefix) for item in value])


def _read_texts(values: list[str]) -> tuple[str, ...]:
    return tuple(values)


def _write_phone(value: object, prefix: str) -> str:
    if isinstance(value, str) and value != value.strip():
        raise ValueError("a phone number with blanks around it")
    return _write_text(value, prefix)


def _read_phone(values: list[str]) -> str | None:
    return next(iter(read_phones(values)), None)


def _write_phones(value: object, prefix: str) -> str:
    if not isinstance(value, tuple | list):
        raise TypeError(f"expected a tuple of str, got {type(value).__name__}")
    if not all(value):
        raise ValueError("a phone number is empty")
    try:
        together = "".join(value)
    except TypeError:
        raise TypeError("expected a tuple of str") from None
    if together.isascii() and together.isalnum():
        return prefix + f"&{prefix}".join(value)
    return "&".join([_write_phone(item, prefix) for item in value])


def read_phones(values: list[str]) -> tuple[str, ...]:
    # A plus sign that was not escaped arrives as a blank.
    return tuple([phone for value in values if (phone := value.strip())])


def _write_message_id(value: object, prefix: str) -> str:
    if isinstance(value, str) and value and value.split() != [value]:
        raise ValueError("an id with a blank in it")
    return _write_text(value, prefix)


def _read_message_id(values: list[str]) -> str | None:
    # An id holds no blank, but SAR-GW01+79160000000-... may come with its plus not escaped.
    text = _first(values).replace(" ", "+")
    if text and text.split() != [text]:
        raise ValueError("an id with a blank in it")
    return text or None


def _write_minutes(value: object, prefix: str) -> str:
    if value is None:
        return ""
    if type(value) is not int:
        raise TypeError(f"expected a whole number of minutes, got {type(value).__name__}")
    if not 1 <= value <= _MAX_INT32:
        raise ValueError("expected at least one minute")
    return f"{prefix}{value}"


def _read_minutes(values: list[str]) -> int | None:
    text = _first(values)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= _MAX_INT32):
        raise ValueError("expected a whole number of minutes")
    return int(text) or None


def _date(*, aware: bool) -> "Kind":
    def write(value: object, prefix: str) -> str:
        if value is None:
            return ""
        if not isinstance(value, datetime):
            raise TypeError(f"expected a datetime, got {type(value).__name__}")
        return prefix + write_date(value, aware=aware)

    def read(values: list[str]) -> datetime | None:
        text = _first(values)
        return read_date(text, aware=aware) if text else None

    return Kind(write, read)


def _first(values: list[str]) -> str:
    return next((text for value in values if (text := value.strip())), "")


TEXT = Kind(_write_text, _read_text)
PHONES = Kind(_write_phones, read_phones)
KINDS: dict[object, Kind] = {
    str: TEXT,
    PhoneNumber: Kind(_write_phone, _read_phone),
    MessageId: Kind(_write_message_id, _read_message_id),
    Minutes: Kind(_write_minutes, _read_minutes),
    Instant: _date(aware=True),
    WallClock: _date(aware=False),
    tuple[str, ...]: Kind(_write_texts, _read_texts),
    tuple[PhoneNumber, ...]: PHONES,
}
# A field that may be None is of the same kind.
KINDS |= {kind | None: KINDS[kind] for kind in (str, Minutes, Instant, WallClock)}
