"""Times in SMPP's sixteen characters."""

# ruff: noqa: DTZ001 - a naive time must be refused
from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError, EncodeError
from devino_codecs.smpp import format_time, parse_time
from tests.wire._smpp_values import quick

MOSCOW = timezone(timedelta(hours=3))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, ""),
        (datetime(2026, 1, 31, 12, 0, tzinfo=MOSCOW), "260131120000012+"),
        (datetime(2026, 1, 31, 12, 0, 1, 900_000, tzinfo=UTC), "260131120001900+"),
        (datetime(2099, 12, 31, tzinfo=timezone(timedelta(hours=-3.5))), "991231000000014-"),
        (timedelta(0), "000000000000000R"),
        (timedelta(days=3, hours=4, minutes=5, seconds=6), "000003040506000R"),
        (timedelta(days=99, hours=23), "000099230000000R"),
    ],
)
def test_a_time_is_written_and_read(value: datetime | timedelta | None, field: str) -> None:
    assert format_time(value) == field
    assert parse_time(field) == value


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(
        lambda when: when.replace(microsecond=when.microsecond // 100_000 * 100_000)
    ),
    st.integers(-48, 48),
)
@quick()
def test_an_instant_survives_with_its_offset(when: datetime, quarters: int) -> None:
    aware = when.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    read = parse_time(format_time(aware))
    assert isinstance(read, datetime)
    assert read == aware
    assert read.utcoffset() == aware.utcoffset()


@given(st.integers(0, 100 * 86400 - 1))
@quick()
def test_a_span_survives(seconds: int) -> None:
    assert parse_time(format_time(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 31),
        datetime(1999, 12, 31, tzinfo=UTC),
        datetime(2100, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(minutes=5))),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=13))),
        timedelta(days=100),
        timedelta(seconds=-1),
        timedelta(seconds=-0.5),
    ],
)
def test_what_the_format_cannot_say_is_an_error(value: datetime | timedelta) -> None:
    with pytest.raises(EncodeError):
        format_time(value)


def test_years_and_months_of_a_span_are_counted_in_days() -> None:
    assert parse_time("010203000000000R") == timedelta(days=365 + 60 + 3)


@given(st.text("0123456789+-R ", max_size=20) | st.text(max_size=20))
@quick(200)
def test_any_text_gives_a_value_or_a_decode_error(field: str) -> None:
    try:
        parse_time(field)
    except DecodeError:
        return
    assert len(field) in (0, 16)
