r"""Dates on this wire: ``yyyy-MM-ddTHH:mm:ss`` in requests, ``\/Date(ms)\/`` in answers.

Every function raises ValueError with a reason that does not repeat the value.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

__all__ = ["read_date", "read_net_date", "write_date", "write_net_date"]

# .NET's DateTime.MinValue, 0001-01-01: what an unset date that cannot be null looks like.
MIN_VALUE = -62135596800000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# ISO 8601, basic or extended, date and time apart by T or a blank. The manual itself prints
# 2010-0601T19:14:00 in three tables, so each dash and colon is optional on its own.
# Patterns are left to re's own cache: compiling them here would slow the import.
_DATE = (
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:[Tt ]+([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?)?"
)
_NET_DATE = r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/"


def read_date(text: str, *, aware: bool) -> datetime:
    """Read a request's date: an instant in UTC if ``aware``, else naive.

    An offset is honoured where an instant is asked for, and refused where a wall clock is.
    """
    match = re.fullmatch(_DATE, text.strip())
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
    if not aware:
        if zulu or sign:
            raise ValueError("no zone may be given here, expected yyyy-MM-ddTHH:mm:ss")
        return value
    if not sign:
        return value.replace(tzinfo=UTC)
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return _to_utc(value.replace(tzinfo=timezone(-offset if sign == "-" else offset)))


def write_date(value: datetime, *, aware: bool) -> str:
    """Write a request's date in whole seconds; fractions are cut off."""
    if (value.utcoffset() is not None) is not aware:
        raise ValueError(
            "a naive datetime, expected an aware one"
            if aware
            else "an aware datetime, expected a naive one: this date has no zone of its own"
        )
    if aware:
        value = _to_utc(value)
    return value.isoformat(timespec="seconds")[:19]


def read_net_date(text: str) -> datetime | None:
    """Read ``/Date(ms)/`` or ``/Date(ms+hhmm)/`` as an instant in UTC; MinValue is None.

    The milliseconds count from 1970 in UTC with and without an offset, which only says what the
    sender's clock showed.
    """
    match = re.fullmatch(_NET_DATE, text)
    if match is None:
        raise ValueError("not a date, expected /Date(milliseconds)/")
    milliseconds = int(match[1])
    if milliseconds == MIN_VALUE:
        return None
    seconds, milliseconds = divmod(milliseconds, 1000)
    try:
        return _EPOCH + timedelta(0, seconds, milliseconds * 1000)
    except OverflowError:
        raise ValueError("a date outside the years 1 to 9999") from None


def write_net_date(value: datetime | None) -> str:
    r"""Write ``\/Date(ms)\/`` in whole milliseconds; finer is cut off. None is MinValue."""
    if value is None:
        return rf"\/Date({MIN_VALUE})\/"
    if value.utcoffset() is None:
        raise ValueError("a naive datetime, expected an aware one")
    milliseconds = (value - _EPOCH) // _MILLISECOND
    if milliseconds <= MIN_VALUE:
        raise ValueError("this date means 'unset' on the wire, use None")
    return rf"\/Date({milliseconds})\/"


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a date outside the years 1 to 9999") from None
