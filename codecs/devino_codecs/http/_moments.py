"""Dates of any form, and those of ServiceStack, as marks. Few interfaces have any."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from ._dates import (
    AWARE,
    BEYOND,
    EPOCH,
    NAIVE,
    dated,
    in_zone,
    net_date,
    read_date,
    read_net_date,
    whole,
    write_date,
)
from ._wire_forms import WireForm

__all__ = [
    "NO_ZONE",
    "SERVICE_STACK_ARGUMENT",
    "SERVICE_STACK_DATE",
    "US_SECONDS",
    "UTC_MILLISECONDS",
    "moment",
    "moved",
]

NO_ZONE = timezone(timedelta(0), "-0000")
"""UTC, of a date whose sender did not say a zone and took its clock for one."""

_US_DATE = r"([0-9]{2})/([0-9]{2})/([0-9]{4})(.*)"

# What strptime itself does depends on the locale, and reads years below 1000 that strftime wrote
# only on some systems.
_DIRECTIVES = {
    "%Y": ("year", 4),
    "%m": ("month", 2),
    "%d": ("day", 2),
    "%H": ("hour", 2),
    "%M": ("minute", 2),
    "%S": ("second", 2),
    "%f": ("microsecond", 6),
}


def _pieces(form: str) -> list[str]:
    # No pattern: it would be compiled whenever a program starts.
    before, *rest = form.split("%")
    pieces = [before, *[piece for after in rest for piece in (f"%{after[:1]}", after[1:])]]
    pieces = [piece for piece in pieces if piece]
    unknown = [piece for piece in pieces if piece[0] == "%" and piece not in _DIRECTIVES]
    if unknown:
        raise ValueError(f"no {unknown[0]} here, only {' '.join(_DIRECTIVES)}")
    return pieces


def reader_of(form: str, zone: tzinfo | None) -> Callable[[str], datetime]:
    """What reads dates of this form: aware in ``zone``, naive where there is none."""
    pieces = _pieces(form)
    pattern = "".join(
        f"(?P<{_DIRECTIVES[piece][0]}>[0-9]{{{_DIRECTIVES[piece][1]}}})"
        if piece in _DIRECTIVES
        else re.escape(piece)
        for piece in pieces
    )

    def read(text: str) -> datetime:
        match = whole(pattern)(text)
        if match is None:
            raise ValueError(f"not a date, expected {form}")
        given = {name: int(digits) for name, digits in match.groupdict().items()}
        return datetime(
            given.pop("year", 1900),
            given.pop("month", 1),
            given.pop("day", 1),
            given.pop("hour", 0),
            given.pop("minute", 0),
            given.pop("second", 0),
            given.pop("microsecond", 0),
            tzinfo=zone,
        )

    return read


def writer_of(form: str, zone: tzinfo | None) -> Callable[[datetime], str]:
    """What writes dates in this form; what it has no place for is cut off."""
    pieces = _pieces(form)

    def write(value: datetime) -> str:
        if (value.utcoffset() is None) is not (zone is None):
            raise ValueError(AWARE if zone is None else NAIVE)
        if zone is not None:
            value = in_zone(value, zone)
        return "".join(
            f"{getattr(value, _DIRECTIVES[piece][0]):0{_DIRECTIVES[piece][1]}d}"
            if piece in _DIRECTIVES
            else piece
            for piece in pieces
        )

    return write


@cache
def moment(form: str, *, zone: tzinfo | None = UTC) -> WireForm:
    """A date as ``strftime`` writes it, in the zone that the wire means: an aware datetime.

    Without a zone it is naive. ``form`` knows %Y %m %d %H %M %S %f. Raises ValueError for others.
    """
    return dated(f"moment({form!r})", reader_of(form, zone), writer_of(form, zone))


def _read_iso_or_milliseconds(text: str) -> datetime:
    digits = text.strip()
    return _read_milliseconds(digits) if digits.isdecimal() else read_date(text, zone=UTC)


def _read_milliseconds(digits: str) -> datetime:
    if not (digits.isascii() and len(digits) < 16):
        raise ValueError("no number of milliseconds since 1970")
    seconds, rest = divmod(int(digits), 1000)
    try:
        return EPOCH + timedelta(0, seconds, rest * 1000)
    except OverflowError:
        raise ValueError(BEYOND) from None


def _write_iso_milliseconds(value: datetime) -> str:
    if value.utcoffset() is None:
        raise ValueError(NAIVE)
    return f"{in_zone(value, UTC).isoformat(timespec='milliseconds')[:23]}Z"


_UTC_MILLISECONDS = dated("UTC_MILLISECONDS", _read_iso_or_milliseconds, _write_iso_milliseconds)
UTC_MILLISECONDS: Final = replace(
    _UTC_MILLISECONDS,
    needs_no_escape=True,
    read=lambda value: _UTC_MILLISECONDS.read(str(value) if type(value) is int else value),
)
"""An instant as ``yyyy-MM-ddTHH:mm:ss.fffZ``, aware; finer is cut off. What :data:`UTC_SECONDS`
reads is read too, and so is a number: milliseconds since 1970."""


def read_service_stack_date(text: str) -> datetime | None:
    """Read what ServiceStack reads: as :func:`read_net_date`, and ``MM/dd/yyyy HH:mm:ss`` in UTC.

    A date that ends in ``-0000`` is one whose zone the server did not know: it is in
    :data:`NO_ZONE`, which is UTC by another name.
    """
    text = text.strip()
    if match := whole(_US_DATE)(text):
        month, day, year, rest = match.groups()
        text = f"{year}-{month}-{day}{rest}"
    found = read_net_date(text)
    return found.replace(tzinfo=NO_ZONE) if found and text.endswith("-0000)/") else found


SERVICE_STACK_DATE: Final = net_date("SERVICE_STACK_DATE", "-0000", "/", read_service_stack_date)
"""An instant as ``/Date(ms-0000)/``, as ServiceStack writes it. It is read as :data:`NET_DATE`, and
as ``MM/dd/yyyy HH:mm:ss`` in UTC. One that ends in ``-0000`` is in :data:`NO_ZONE`: UTC by another
name, which :func:`moved` finds."""
US_SECONDS: Final = dated(
    "US_SECONDS",
    read_service_stack_date,
    writer_of("%m/%d/%Y %H:%M:%S", UTC),
)
"""An instant as ``MM/dd/yyyy HH:mm:ss`` in UTC; read as :data:`SERVICE_STACK_DATE`."""
SERVICE_STACK_ARGUMENT: Final = replace(
    dated(
        "SERVICE_STACK_ARGUMENT",
        read_service_stack_date,
        lambda value: write_date(value, aware=True),
    ),
    needs_no_escape=True,
)
"""An instant as ``yyyy-MM-ddTHH:mm:ss`` in UTC, for queries; read as :data:`SERVICE_STACK_DATE`."""


def moved(value: Any, by: timedelta) -> Any:
    """A value, with every date in :data:`NO_ZONE` in and below it moved by so much, in UTC.

    ServiceStack takes a stored date without a zone for one of its own clock. Where that clock is
    ``by`` from UTC and the stored date was UTC, the platform's answers are early by that.
    """
    if isinstance(value, datetime):
        return (value + by).replace(tzinfo=UTC) if value.tzinfo is NO_ZONE else value
    if isinstance(value, tuple):
        return tuple([moved(item, by) for item in value])
    if isinstance(value, msgspec.Struct):
        return replace(value, **{name: moved(getattr(value, name), by) for name in _names(value)})
    return value


def _names(value: msgspec.Struct) -> tuple[str, ...]:
    return value.__struct_fields__
