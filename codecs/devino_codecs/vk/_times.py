"""The times of this wire: ``yyyy-MM-dd HH:mm:ss`` on the platform's clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Final

from msgspec.structs import replace

from devino_codecs.http import UTC_SECONDS, WALL_SECONDS, WireForm, moment

__all__ = ["MOSCOW", "MOSCOW_TIME", "WALL_TIME"]

MOSCOW: Final = timezone(timedelta(hours=3))
"""The zone of callbacks, as the manual says."""


def _tolerant(form: WireForm) -> WireForm:
    """A form that reads what it writes, and also without the second dash, as a table has it."""
    return replace(form, read=WALL_SECONDS.read)


def _read_moscow(value: object) -> Any:
    try:
        shown: datetime = WALL_SECONDS.read(value)
    except ValueError:
        # It may name a zone itself.
        return UTC_SECONDS.read(value)
    return shown.replace(tzinfo=MOSCOW)


WALL_TIME: Final = _tolerant(moment("%Y-%m-%d %H:%M:%S", zone=None))
"""What the platform's clock showed: naive."""
MOSCOW_TIME: Final = replace(moment("%Y-%m-%d %H:%M:%S", zone=MOSCOW), read=_read_moscow)
"""An instant on a clock in Moscow: aware."""
