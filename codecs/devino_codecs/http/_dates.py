r"""Dates and spans as text: ``yyyy-MM-ddTHH:mm:ss``, ``/Date(ms)/``, other forms, ``hh:mm:ss``.

Every function raises ValueError with a reason that does not repeat the value.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

__all__ = [
    "MIN_VALUE",
    "NO_ZONE",
    "read_date",
    "read_milliseconds",
    "read_net_date",
    "read_service_stack_date",
    "read_span",
    "reader_of",
    "write_date",
    "write_iso_milliseconds",
    "write_iso_span",
    "write_milliseconds",
    "write_span",
    "writer_of",
]

MIN_VALUE = -62135596800000
""".NET's DateTime.MinValue, 0001-01-01: an unset date where null is not allowed."""

NO_ZONE = timezone(timedelta(0), "-0000")
"""UTC, of a date whose sender did not say a zone and took its clock for one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MAX_DAYS = 10**7  # .NET's TimeSpan.MaxValue has 10,675,199

# ISO 8601, basic or extended, date and time apart by T or a blank. The manual itself prints
# 2010-0601T19:14:00 in three tables, so each dash and colon is optional on its own.
# Patterns are left to re's own cache: compiling them here would slow the import.
_DATE = (
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:[Tt ]+([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?)?"
)
_NET_DATE = r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/"
_US_DATE = r"([0-9]{2})/([0-9]{2})/([0-9]{4})(.*)"


def read_date(text: str, *, zone: tzinfo | None) -> datetime:
    """Read a date: an instant, or without a zone what a clock shows.

    An instant is by its own offset, else by the clock of ``zone``; it is given in ``zone``. From
    what a clock shows an offset is dropped.
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
    if zone is None:
        return value
    if not (sign or zulu):
        return value.replace(tzinfo=zone)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return _in_zone(value.replace(tzinfo=timezone(-offset if sign == "-" else offset)), zone)


def write_date(value: datetime, *, aware: bool) -> str:
    """Write a date in whole seconds; fractions are cut off."""
    if (value.utcoffset() is not None) is not aware:
        raise ValueError(_NAIVE if aware else f"{_AWARE}: this date has no zone of its own")
    if aware:
        value = _in_zone(value, UTC)
    return value.isoformat(timespec="seconds")[:19]


def read_milliseconds(digits: str) -> datetime:
    """An instant from the digits of its milliseconds since 1970."""
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 16):
        raise ValueError("no number of milliseconds since 1970")
    seconds, rest = divmod(int(digits), 1000)
    try:
        return _EPOCH + timedelta(0, seconds, rest * 1000)
    except OverflowError:
        raise ValueError(_BEYOND) from None


def write_iso_milliseconds(value: datetime) -> str:
    """Write ``yyyy-MM-ddTHH:mm:ss.fffZ``; finer is cut off."""
    if value.utcoffset() is None:
        raise ValueError(_NAIVE)
    return f"{_in_zone(value, UTC).isoformat(timespec='milliseconds')[:23]}Z"


def read_net_date(text: str) -> datetime | None:
    """Read ``/Date(ms)/`` or ``/Date(ms+hhmm)/`` as an instant in UTC; MinValue is None.

    The milliseconds count from 1970 in UTC with and without an offset, which only says what the
    sender's clock showed. ISO 8601 is read, too: newer serialisers write it.
    """
    match = re.fullmatch(_NET_DATE, text)
    if match is None:
        if re.fullmatch(_DATE, text.strip()) is None:
            raise ValueError("not a date, expected /Date(milliseconds)/")
        return None if text.strip().startswith("0001-01-01") else read_date(text, zone=UTC)
    milliseconds = int(match[1])
    if milliseconds == MIN_VALUE:
        return None
    seconds, milliseconds = divmod(milliseconds, 1000)
    try:
        return _EPOCH + timedelta(0, seconds, milliseconds * 1000)
    except OverflowError:
        raise ValueError(_BEYOND) from None


def read_service_stack_date(text: str) -> datetime | None:
    """Read what ServiceStack reads: as :func:`read_net_date`, and ``MM/dd/yyyy HH:mm:ss`` in UTC.

    A date that ends in ``-0000`` is one whose zone the server did not know: it is in
    :data:`NO_ZONE`, which is UTC by another name.
    """
    text = text.strip()
    if match := re.fullmatch(_US_DATE, text):
        month, day, year, rest = match.groups()
        text = f"{year}-{month}-{day}{rest}"
    found = read_net_date(text)
    return found.replace(tzinfo=NO_ZONE) if found and text.endswith("-0000)/") else found


def write_milliseconds(value: datetime) -> int:
    """Milliseconds since 1970 of an aware time; finer is cut off."""
    if value.utcoffset() is None:
        raise ValueError(_NAIVE)
    milliseconds = (value - _EPOCH) // _MILLISECOND
    if milliseconds <= MIN_VALUE:
        raise ValueError("this date means 'unset' on the wire, use None")
    return milliseconds


_NAIVE = "a naive datetime, expected an aware one"
_AWARE = "an aware datetime, expected a naive one"
_BEYOND = "a date outside the years 1 to 9999"


def _in_zone(value: datetime, zone: tzinfo) -> datetime:
    try:
        return value.astimezone(zone)
    except OverflowError:
        raise ValueError(_BEYOND) from None


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
        match = re.fullmatch(pattern, text)
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
            raise ValueError(_AWARE if zone is None else _NAIVE)
        if zone is not None:
            value = _in_zone(value, zone)
        return "".join(
            f"{getattr(value, _DIRECTIVES[piece][0]):0{_DIRECTIVES[piece][1]}d}"
            if piece in _DIRECTIVES
            else piece
            for piece in pieces
        )

    return write


_CLOCK = r"(-)?(?:([0-9]{1,8})\.)?([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,7}))?)?"
_ISO_SPAN = (
    r"(-)?P(?:([0-9]{1,8})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?"
    r"(?:([0-9]{1,12})(?:[.,]([0-9]{1,7}))?S)?)?"
)
_SECONDS = r"(-)?([0-9]{1,12})(?:[.,]([0-9]{1,7}))?"


def read_span(text: str) -> timedelta:
    """Read ``[d.]hh:mm[:ss[.fffffff]]``, ``P1DT2H3M4.5S`` or a number of seconds.

    Microseconds are kept, finer is cut off.
    """
    if match := re.fullmatch(_CLOCK, text) or re.fullmatch(_ISO_SPAN, text):
        sign, days, hours, minutes, seconds, fraction = match.groups("")
        if text[-1] in "PT":
            raise ValueError("not a span of time, expected hh:mm:ss")
    elif match := re.fullmatch(_SECONDS, text):
        (sign, seconds, fraction), days, hours, minutes = match.groups(""), "", "", ""
    else:
        raise ValueError("not a span of time, expected hh:mm:ss")
    try:
        span = timedelta(
            int(days or 0),
            int(seconds or 0),
            int(f"{fraction:0<6.6}") if fraction else 0,
            minutes=int(minutes or 0),
            hours=int(hours or 0),
        )
    except OverflowError:
        span = timedelta.max
    if span.days > _MAX_DAYS:
        raise ValueError("a span of time out of range")
    return -span if sign else span


def write_span(value: timedelta) -> str:
    """Write ``[d.]hh:mm:ss[.ffffff]``, as .NET prints a TimeSpan."""
    sign, days, hours, minutes, seconds, fraction = _parts(value)
    text = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    return f"{sign}{f'{days}.' if days else ''}{text}{f'.{fraction:06d}' if fraction else ''}"


def write_iso_span(value: timedelta) -> str:
    """Write ``P1DT2H3M4.5S``; ``PT0S`` for none."""
    sign, days, hours, minutes, seconds, fraction = _parts(value)
    exact = f"{seconds}{f'.{fraction:06d}'.rstrip('0') if fraction else ''}"
    units = ((hours, "H"), (minutes, "M"), (exact if exact != "0" else 0, "S"))
    clock = "".join(f"{part}{unit}" for part, unit in units if part)
    if not (days or clock):
        clock = "0S"
    return f"{sign}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


def _parts(value: timedelta) -> tuple[str, int, int, int, int, int]:
    """Sign, days, hours, minutes, seconds, microseconds."""
    whole = abs(value)
    if whole.days > _MAX_DAYS:
        raise ValueError("a span of time out of range")
    minutes, seconds = divmod(whole.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if value.days < 0 else ""
    return sign, whole.days, hours, minutes, seconds, whole.microseconds
