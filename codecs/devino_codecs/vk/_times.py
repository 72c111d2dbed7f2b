"""The times of this wire: ``yyyy-MM-dd HH:mm:ss`` on the platform's clock."""

from __future__ import annotations

from datetime import timedelta, timezone
from functools import partial
from typing import Final

from msgspec.structs import replace

from devino_codecs.http import WALL_SECONDS, WireForm, moment, read_instant

__all__ = ["MOSCOW", "MOSCOW_TIME", "WALL_TIME"]

MOSCOW: Final = timezone(timedelta(hours=3))
"""The zone of callbacks, as the manual says."""


def _tolerant(form: WireForm) -> WireForm:
    """A form that reads what it writes, and also without the second dash, as a table has it."""
    return replace(form, read=WALL_SECONDS.read)


WALL_TIME: Final = _tolerant(moment("%Y-%m-%d %H:%M:%S", zone=None))
"""What the platform's clock showed: naive."""
MOSCOW_TIME: Final = replace(
    moment("%Y-%m-%d %H:%M:%S", zone=MOSCOW), read=partial(read_instant, zone=MOSCOW)
)
"""An instant on a clock in Moscow: aware."""
