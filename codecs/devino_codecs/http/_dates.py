r"""Dates as ``yyyy-MM-ddTHH:mm:ss`` and as ``/Date(ms)/``: from text, to text, and as marks.

What reads and writes text raises ValueError with a reason that does not repeat the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any, Final

from msgspec.structs import replace

from devino_codecs.errors import EncodeError

from ._wire_forms import WireForm, form_of, unwritable

__all__ = [
    "AWARE",
    "BEYOND",
    "EPOCH",
    "NAIVE",
    "NET_DATE",
    "NET_DATE_OR_MIN",
    "UTC_SECONDS",
    "WALL_SECONDS",
    "dated",
    "in_zone",
    "net_date",
    "read_instant",
    "read_net_date",
    "whole",
    "write_date",
]

NAIVE = "a naive datetime, expected an aware one"
AWARE = "an aware datetime, expected a naive one"
BEYOND = "a date outside the years 1 to 9999"
_MIN_VALUE = -62135596800000
""".NET's DateTime.MinValue, 0001-01-01: an unset date where null is not allowed."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# ISO 8601, basic or extended, date and time apart by T or a blank. The manual itself prints
# 2010-0601T19:14:00 in three tables, so each dash and colon is optional on its own.
_DATE = (
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:[Tt ]+([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?)?"
)
_NET_DATE = r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/"


@cache
def whole(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """What matches a text as a whole. A pattern is compiled when it is first used, for an import
    would pay for it; and it is kept here, where it is found faster than in re's own cache."""
    return re.compile(pattern).fullmatch


def read_date(text: str, *, zone: tzinfo | None) -> datetime:
    """Read a date: an instant, or without a zone what a clock shows.

    An instant is by its own offset, else by the clock of ``zone``; it is given in ``zone``. From
    what a clock shows an offset is dropped.
    """
    match = whole(_DATE)(text.strip())
    if match is None:
        raise ValueError("not a date, expected yyyy-MM-ddTHH:mm:ss")
    year, month, day, hour, minute, second, fraction, zulu, sign, hours, minutes = match.groups("")
    value = datetime(  # noqa: DTZ001 - the zone is decided below
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int(f"{fraction:0<6.6}") if fraction else 0,
    )
    if zone is None:
        return value
    if not (sign or zulu):
        return value.replace(tzinfo=zone)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return in_zone(value.replace(tzinfo=timezone(-offset if sign == "-" else offset)), zone)


def write_date(value: datetime, *, aware: bool) -> str:
    """Write a date in whole seconds; fractions are cut off."""
    if (value.utcoffset() is not None) is not aware:
        raise ValueError(NAIVE if aware else f"{AWARE}: this date has no zone of its own")
    if aware:
        value = in_zone(value, UTC)
    return value.isoformat(timespec="seconds")[:19]


def read_net_date(text: str) -> datetime | None:
    """Read ``/Date(ms)/`` or ``/Date(ms+hhmm)/`` as an instant in UTC; MinValue is None.

    The milliseconds count from 1970 in UTC with and without an offset, which only says what the
    sender's clock showed. ISO 8601 is read, too: newer serialisers write it.
    """
    match = whole(_NET_DATE)(text)
    if match is None:
        if whole(_DATE)(text.strip()) is None:
            raise ValueError("not a date, expected /Date(milliseconds)/")
        return None if text.strip().startswith("0001-01-01") else read_date(text, zone=UTC)
    milliseconds = int(match[1])
    if milliseconds == _MIN_VALUE:
        return None
    seconds, milliseconds = divmod(milliseconds, 1000)
    try:
        return EPOCH + timedelta(0, seconds, milliseconds * 1000)
    except OverflowError:
        raise ValueError(BEYOND) from None


def _milliseconds(value: datetime) -> int:
    """Milliseconds since 1970 of an aware time; finer is cut off."""
    if value.utcoffset() is None:
        raise ValueError(NAIVE)
    milliseconds = (value - EPOCH) // _MILLISECOND
    if milliseconds <= _MIN_VALUE:
        raise ValueError("this date means 'unset' on the wire, use None")
    return milliseconds


def in_zone(value: datetime, zone: tzinfo) -> datetime:
    """The same instant in another zone."""
    try:
        return value.astimezone(zone)
    except OverflowError:
        raise ValueError(BEYOND) from None


def dated(name: str, read: Callable[[str], Any], write: Callable[[datetime], str]) -> WireForm:
    """A form of dates, by what reads and writes their text."""
    form = form_of(name, read, write, of=datetime, noun="a date")
    return replace(form, unset="a date")


UTC_SECONDS: Final = replace(
    dated(
        "UTC_SECONDS",
        lambda text: read_date(text, zone=UTC),
        lambda value: write_date(value, aware=True),
    ),
    needs_no_escape=True,
)
"""An instant as ``yyyy-MM-ddTHH:mm:ss`` in UTC, aware; fractions are cut off. An offset is read."""
WALL_SECONDS: Final = replace(
    dated(
        "WALL_SECONDS",
        lambda text: read_date(text, zone=None),
        lambda value: write_date(value, aware=False),
    ),
    needs_no_escape=True,
)
"""What a clock shows there, as ``yyyy-MM-ddTHH:mm:ss``, naive; fractions are cut off."""


def read_instant(value: object, zone: tzinfo) -> datetime:
    """A date of JSON as an instant in ``zone``: by its own offset, else by the clock there.

    It is read as :data:`UTC_SECONDS` is. Raises :exc:`DecodeError`.
    """
    form = dated("an instant", lambda text: read_date(text, zone=zone), str)
    read: datetime = form.read(value)
    return read


def net_date(
    name: str, end: str, slash: str, read: Callable[[str], Any] = read_net_date
) -> WireForm:
    """``/Date(ms)/`` with this ``end`` after the milliseconds and this ``slash`` in JSON."""
    form = dated(name, read, lambda value: f"/Date({_milliseconds(value)}{end})/")
    before, after = f'"{slash}Date(', f'{end}){slash}"'

    def write(value: object) -> str:
        if not isinstance(value, datetime):
            raise unwritable("datetime", value)
        try:
            return f"{before}{_milliseconds(value)}{after}"
        except ValueError as error:
            raise EncodeError(str(error)) from None

    return replace(form, write=write)


NET_DATE: Final = net_date("NET_DATE", "", r"\/")
r"""An instant as ``\/Date(ms)\/``, as .NET's JavaScriptSerializer writes it: aware, in UTC, in
milliseconds. An offset is read, and moves nothing; MinValue is none."""
NET_DATE_OR_MIN: Final = replace(
    NET_DATE,
    name="NET_DATE_OR_MIN",
    write=lambda value: rf'"\/Date({_MIN_VALUE})\/"' if value is None else NET_DATE.write(value),
    writes_none=True,
)
"""As :data:`NET_DATE`; None is written as .NET's MinValue, where null is not allowed."""
