"""Periods that are asked about, where clocks repeat an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from devino_core import InvalidArgument
from devino_core.testing import ManualClock
from devino_plugins.kit.periods import check_statistics_period, inbox_period

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
SECOND = datetime(2026, 10, 25, 2, 15, tzinfo=BERLIN, fold=1)
"""Three quarters of an hour later."""


def test_a_period_may_end_in_the_repeated_hour() -> None:
    check_statistics_period(FIRST, SECOND)
    assert inbox_period(FIRST, SECOND, ManualClock()) == (FIRST, SECOND)
    with pytest.raises(InvalidArgument, match="must be later"):
        check_statistics_period(SECOND, FIRST)


def test_ninety_days_are_as_long_as_by_the_platforms_clock() -> None:
    begins = datetime(2026, 9, 1, tzinfo=BERLIN)
    ends = (begins.astimezone(UTC) + timedelta(days=90)).astimezone(BERLIN)
    check_statistics_period(begins, ends)
    with pytest.raises(InvalidArgument, match="more than 90 days"):
        check_statistics_period(begins, ends + timedelta(seconds=1))


def test_a_period_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="out of range"):
        check_statistics_period(FIRST, datetime.max.replace(tzinfo=ZoneInfo("America/New_York")))
