"""The forms of dates and spans of time, as marks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from devino_codecs.errors import EncodeError

from ._dates import (
    MIN_VALUE,
    NO_ZONE,
    read_date,
    read_milliseconds,
    read_net_date,
    read_service_stack_date,
    read_span,
    reader_of,
    write_date,
    write_iso_milliseconds,
    write_iso_span,
    write_milliseconds,
    write_span,
    writer_of,
)
from ._wire_forms import WireForm, form_of, unwritable

__all__ = [
    "ISO_SPAN",
    "NET_DATE",
    "NET_DATE_OR_MIN",
    "NO_ZONE",
    "SERVICE_STACK_ARGUMENT",
    "SERVICE_STACK_DATE",
    "TIME_SPAN",
    "US_SECONDS",
    "UTC_MILLISECONDS",
    "UTC_SECONDS",
    "WALL_SECONDS",
    "moment",
    "moved",
    "read_instant",
]


def _dated(name: str, read: Callable[[str], Any], write: Callable[[datetime], str]) -> WireForm:
    form = form_of(name, read, write, of=datetime, noun="a date")
    return replace(form, unset="a date")


UTC_SECONDS: Final = replace(
    _dated(
        "UTC_SECONDS",
        lambda text: read_date(text, zone=UTC),
        lambda value: write_date(value, aware=True),
    ),
    needs_no_escape=True,
)
"""An instant as ``yyyy-MM-ddTHH:mm:ss`` in UTC, aware; fractions are cut off. An offset is read."""


def _read_iso_or_milliseconds(text: str) -> datetime:
    digits = text.strip()
    return read_milliseconds(digits) if digits.isdecimal() else read_date(text, zone=UTC)


_UTC_MILLISECONDS = _dated("UTC_MILLISECONDS", _read_iso_or_milliseconds, write_iso_milliseconds)
UTC_MILLISECONDS: Final = replace(
    _UTC_MILLISECONDS,
    needs_no_escape=True,
    read=lambda value: _UTC_MILLISECONDS.read(str(value) if type(value) is int else value),
)
"""An instant as ``yyyy-MM-ddTHH:mm:ss.fffZ``, aware; finer is cut off. What :data:`UTC_SECONDS`
reads is read too, and so is a number: milliseconds since 1970."""
WALL_SECONDS: Final = replace(
    _dated(
        "WALL_SECONDS",
        lambda text: read_date(text, zone=None),
        lambda value: write_date(value, aware=False),
    ),
    needs_no_escape=True,
)
"""What a clock shows there, as ``yyyy-MM-ddTHH:mm:ss``, naive; fractions are cut off."""


def read_instant(value: object, zone: tzinfo) -> datetime:
    """A date of JSON as an instant in ``zone``: by its own offset, else by the clock there.

    It is read as :data:`UTC_SECONDS` is. Raises :exc:`DecodeError`.
    """
    form = _dated("an instant", lambda text: read_date(text, zone=zone), str)
    read: datetime = form.read(value)
    return read


@cache
def moment(form: str, *, zone: tzinfo | None = UTC) -> WireForm:
    """A date as ``strftime`` writes it, in the zone that the wire means: an aware datetime.

    Without a zone it is naive. ``form`` knows %Y %m %d %H %M %S %f. Raises ValueError for others.
    """
    return _dated(f"moment({form!r})", reader_of(form, zone), writer_of(form, zone))


def _net_date(
    name: str, end: str, slash: str, read: Callable[[str], Any] = read_net_date
) -> WireForm:
    form = _dated(name, read, lambda value: f"/Date({write_milliseconds(value)}{end})/")
    before, after = f'"{slash}Date(', f'{end}){slash}"'

    def write(value: object) -> str:
        if not isinstance(value, datetime):
            raise unwritable("datetime", value)
        try:
            return f"{before}{write_milliseconds(value)}{after}"
        except ValueError as error:
            raise EncodeError(str(error)) from None

    return replace(form, write=write)


NET_DATE: Final = _net_date("NET_DATE", "", r"\/")
r"""An instant as ``\/Date(ms)\/``, as .NET's JavaScriptSerializer writes it: aware, in UTC, in
milliseconds. An offset is read, and moves nothing; MinValue is none."""
SERVICE_STACK_DATE: Final = _net_date("SERVICE_STACK_DATE", "-0000", "/", read_service_stack_date)
"""An instant as ``/Date(ms-0000)/``, as ServiceStack writes it. It is read as :data:`NET_DATE`, and
as ``MM/dd/yyyy HH:mm:ss`` in UTC. One that ends in ``-0000`` is in :data:`NO_ZONE`: UTC by another
name, which :func:`moved` finds."""
US_SECONDS: Final = _dated(
    "US_SECONDS",
    read_service_stack_date,
    writer_of("%m/%d/%Y %H:%M:%S", UTC),
)
"""An instant as ``MM/dd/yyyy HH:mm:ss`` in UTC; read as :data:`SERVICE_STACK_DATE`."""
SERVICE_STACK_ARGUMENT: Final = replace(
    _dated(
        "SERVICE_STACK_ARGUMENT",
        read_service_stack_date,
        lambda value: write_date(value, aware=True),
    ),
    needs_no_escape=True,
)
"""An instant as ``yyyy-MM-ddTHH:mm:ss`` in UTC, for queries; read as :data:`SERVICE_STACK_DATE`."""
NET_DATE_OR_MIN: Final = replace(
    NET_DATE,
    name="NET_DATE_OR_MIN",
    write=lambda value: rf'"\/Date({MIN_VALUE})\/"' if value is None else NET_DATE.write(value),
    writes_none=True,
)
"""As :data:`NET_DATE`; None is written as .NET's MinValue, where null is not allowed."""

TIME_SPAN: Final = form_of("TIME_SPAN", read_span, write_span, of=timedelta, noun="a span of time")
"""A timedelta as ``[d.]hh:mm:ss``; ISO 8601 and a number of seconds are read too."""
ISO_SPAN: Final = form_of(
    "ISO_SPAN", read_span, write_iso_span, of=timedelta, noun="a span of time"
)
"""A timedelta as ``P1DT2H3M4S``; read as :data:`TIME_SPAN`."""


def moved(value: Any, by: timedelta) -> Any:
    """A value, with every date in :data:`NO_ZONE` in and below it moved by so much, in UTC.

    ServiceStack takes a stored date without a zone for one of its own clock. Where that clock is
    ``by`` from UTC and the stored date was UTC, the platform's answers are early by that.
    """
    if isinstance(value, datetime):
        return (value + by).replace(tzinfo=UTC) if value.tzinfo is NO_ZONE else value
    if isinstance(value, tuple):
        return tuple([moved(item, by) for item in value])
    if isinstance(value, msgspec.Struct):
        return replace(value, **{name: moved(getattr(value, name), by) for name in _names(value)})
    return value


def _names(value: msgspec.Struct) -> tuple[str, ...]:
    return value.__struct_fields__
