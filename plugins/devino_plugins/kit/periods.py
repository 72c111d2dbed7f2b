"""The periods that the platform can be asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from devino_core import InvalidArgument
from devino_core.clock import Clock

__all__ = ["check_statistics_period", "inbox_period", "whole_seconds"]

MAX_STATISTICS = timedelta(days=90)
MAX_INBOX_AGE = timedelta(days=366)
"""The manual says a year. A leap year is allowed."""


def inbox_period(since: datetime, until: datetime, clock: Clock) -> tuple[datetime, datetime]:
    """As :func:`whole_seconds`, of a period that is not empty and begins at most a year ago."""
    _length(since, until)
    if clock.now() - since > MAX_INBOX_AGE:
        raise InvalidArgument("since", "lies more than a year back")
    return whole_seconds(since, until)


def whole_seconds(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """The whole seconds around a period of two aware times. Raises InvalidArgument.

    The wires have no fractions. If they were cut off, the last second would be missing.
    """
    _check_aware(since, until)
    begins = since.replace(microsecond=0)
    ends = until.replace(microsecond=0)
    try:
        return begins, ends if ends == until else ends + timedelta(seconds=1)
    except OverflowError:
        raise InvalidArgument("until", "is out of range") from None


def check_statistics_period(since: datetime, until: datetime) -> None:
    """Two aware times in order, at most 90 days apart. Raises InvalidArgument."""
    if _length(since, until) > MAX_STATISTICS:
        raise InvalidArgument("until", "lies more than 90 days after `since`")


def _length(since: datetime, until: datetime) -> timedelta:
    _check_aware(since, until)
    try:
        # Two times of one zone are compared as its clocks show them, also where clocks repeat them.
        length = until.astimezone(UTC) - since
    except OverflowError:
        raise InvalidArgument("until", "is out of range") from None
    if length <= timedelta(0):
        raise InvalidArgument("until", "must be later than `since`")
    return length


def _check_aware(since: datetime, until: datetime) -> None:
    for name, moment in (("since", since), ("until", until)):
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            raise InvalidArgument(name, "must be an aware datetime, such as datetime.now(UTC)")
