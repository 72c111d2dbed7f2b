"""Times as numbers, as databases and rates count them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["NEVER", "from_micros", "micros"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The due time of what waits for a person."""


def micros(moment: datetime) -> int:
    """An aware time as microseconds since 1970."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(count: int) -> datetime:
    """The time of :func:`micros`."""
    return _EPOCH + timedelta(microseconds=count)
