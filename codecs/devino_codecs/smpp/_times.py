"""Times as SMPP writes them (3.4, 7.1.1): ``YYMMDDhhmmsstnnp``, absolute or relative."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from devino_codecs.errors import DecodeError, EncodeError

__all__ = ["format_time", "parse_time"]

_QUARTER = timedelta(minutes=15)
_TIME = r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([-+R])"


def format_time(when: datetime | timedelta | None) -> str:
    """The field for an instant, or for a span from the centre's now. None is the empty field.

    An instant is aware, its offset is whole quarters of an hour, and its year is 2000 to 2099. A
    span is whole seconds (a fraction is dropped), and less than 100 days. It is written in days and
    smaller units, because years and months have no fixed length.

    Raises :exc:`~devino_codecs.EncodeError` for any other time.

    >>> format_time(timedelta(hours=1))
    '000000010000000R'
    """
    if when is None:
        return ""
    if isinstance(when, timedelta):
        minutes, seconds = divmod(int(when.total_seconds()), 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        if not 0 <= days < 100 or when < timedelta(0):
            raise EncodeError(f"{when} is not 0 to 99 days")
        return f"0000{days:02}{hours:02}{minutes:02}{seconds:02}000R"
    offset = when.utcoffset()
    if offset is None:
        raise EncodeError("a time without a zone; give an aware datetime")
    quarters, rest = divmod(abs(offset), _QUARTER)
    if rest or quarters > 48:
        raise EncodeError(f"the offset {offset} is not whole quarters of an hour up to 12 hours")
    if not 2000 <= when.year < 2100:
        raise EncodeError(f"the year {when.year} is not 2000 to 2099")
    sign = "-" if offset < timedelta(0) else "+"
    return f"{when:%y%m%d%H%M%S}{when.microsecond // 100_000}{quarters:02}{sign}"


def parse_time(field: str) -> datetime | timedelta | None:
    """The aware instant or the span in a field; None for an empty field.

    In a span, a year is 365 days and a month is 30. Raises :exc:`~devino_codecs.DecodeError`.

    >>> parse_time("260131120000012+").isoformat()
    '2026-01-31T12:00:00+03:00'
    """
    if not field:
        return None
    found = re.fullmatch(_TIME, field, re.ASCII)
    if found is None:
        raise DecodeError(f"{field!r} is not YYMMDDhhmmsstnnp")
    year, month, day, hour, minute, second, tenth, quarters = map(int, found.groups()[:8])
    if found[9] == "R":
        days = year * 365 + month * 30 + day
        return timedelta(days, hours=hour, minutes=minute, seconds=second)
    offset = _QUARTER * quarters * (-1 if found[9] == "-" else 1)
    try:
        zone = timezone(offset)
        return datetime(2000 + year, month, day, hour, minute, second, tenth * 100_000, tzinfo=zone)
    except ValueError as error:
        reason = str(error)
    raise DecodeError(f"{field!r}: {reason}")
