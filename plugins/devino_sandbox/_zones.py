"""What a recipient's clock shows, by number.

A mobile code of Russia tells at best an operator's macro-region: those that do stand for the zone
of most of their subscribers, the others are Moscow's. Offsets, not names of the tz database: none
of these places changes its clocks, and a slim container has no database. Where that does not do,
give the World a ``zone_of`` of your own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta, timezone, tzinfo

__all__ = ["MOSCOW", "zone_of"]

MOSCOW = timezone(timedelta(hours=3), "MSK")

_LONGEST = 4

# UTC offset in hours -> the prefixes of international numbers. The longest match counts.
_PREFIXES: Mapping[int, str] = {
    2: "7401",
    3: "7 375",
    4: "7842 7845 7846 7848 7851 7341 374 994 995",
    5: "7342 7343 7345 7346 7347 7349 7351 7352 7353 7912 7922 7932 7982 76 77 992 993 998",
    6: "7381 996",
    7: "7382 7383 7384 7385 7388 7390 7391 7394 7913 7923 7933 7983",
    8: "7301 7395 976",
    9: "7302 7411 7416",
    10: "7421 7423 7426 7914 7924 7984",
    11: "7413 7424",
    12: "7415 7427",
}
_ZONES: Mapping[str, tzinfo] = {
    prefix: MOSCOW if hours == 3 else timezone(timedelta(hours=hours))
    for hours, prefixes in _PREFIXES.items()
    for prefix in prefixes.split()
}


def zone_of(number: str) -> tzinfo:
    """The zone of a number in international format, digits only; Moscow's if nothing is known."""
    for length in range(_LONGEST, 0, -1):
        zone = _ZONES.get(number[:length])
        if zone is not None:
            return zone
    return MOSCOW
