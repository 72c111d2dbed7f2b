"""The forms of dates and spans of time, as marks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any, Final

from msgspec.structs import replace

from devino_codecs.errors import EncodeError

from ._dates import (
    MIN_VALUE,
    read_date,
    read_net_date,
    read_span,
    reader_of,
    write_date,
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
    "SERVICE_STACK_DATE",
    "TIME_SPAN",
    "UTC_SECONDS",
    "WALL_SECONDS",
    "moment",
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


def _net_date(name: str, end: str, slash: str) -> WireForm:
    form = _dated(name, read_net_date, lambda value: f"/Date({write_milliseconds(value)}{end})/")
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
SERVICE_STACK_DATE: Final = _net_date("SERVICE_STACK_DATE", "-0000", "/")
"""An instant as ``/Date(ms-0000)/``, as ServiceStack writes it; read as :data:`NET_DATE`."""
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
