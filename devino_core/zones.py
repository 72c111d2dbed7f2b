"""What the clock of a phone's owner shows, by number."""

from __future__ import annotations

from datetime import timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ._zone_table import CHANGING, FIXED
from .phone import normalize

__all__ = ["MOSCOW", "zone_of"]

MOSCOW = timezone(timedelta(hours=3), "MSK")
"""The zone of the platform, and of numbers about which nothing is known."""

_Entry = tuple[str, float]


def zone_of(number: str) -> tzinfo:
    """The time zone of a number, in any notation that :func:`devino_core.phone.normalize` takes.

    Mobile numbers of Russia are known by code range, as the national register of numbers has them
    (May 2026): the region that a number was given to, at its legal time. Fixed lines go by area
    code. Another country has one zone, its capital's; in North America an area code has one.

    A zone whose clocks never change is a fixed offset. One with summer time is a
    :class:`zoneinfo.ZoneInfo`; several countries with one clock may share its name. Where Python
    finds no tz database (``pip install tzdata``), the offset outside summer time is given instead.
    A country code that is not in use has Moscow's time. Raises ValueError for what is no number.

    >>> from datetime import datetime
    >>> str(zone_of("+7 914 070-00-00")), str(zone_of("+77011234567"))
    ('UTC+10:00', 'UTC+05:00')
    """
    digits = normalize(number)
    for length in range(_LONGEST, 0, -1):
        found = _ENTRIES.get(digits[:length])
        if found is not None:
            return _zone(*found)
    return MOSCOW


@cache
def _zone(name: str, hours: float) -> tzinfo:
    if name:
        try:
            return ZoneInfo(name)
        except ZoneInfoNotFoundError:
            pass
    return MOSCOW if hours == 3 else timezone(timedelta(hours=hours))


_ENTRIES: dict[str, _Entry] = {
    prefix: entry
    for entry, prefixes in [
        *[(("", hours), text) for hours, text in FIXED.items()],
        *CHANGING.items(),
    ]
    for prefix in prefixes.split()
}
_LONGEST = max(map(len, _ENTRIES))
