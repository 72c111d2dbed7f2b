"""Spans of time: as text, and as marks. Few interfaces have any."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from ._wire_forms import form_of

__all__ = ["ISO_SPAN", "TIME_SPAN"]

_MAX_DAYS = 10**7  # .NET's TimeSpan.MaxValue has 10,675,199
_CLOCK = r"(-)?(?:([0-9]{1,8})\.)?([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,7}))?)?"
_ISO_SPAN = (
    r"(-)?P(?:([0-9]{1,8})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?"
    r"(?:([0-9]{1,12})(?:[.,]([0-9]{1,7}))?S)?)?"
)
_SECONDS = r"(-)?([0-9]{1,12})(?:[.,]([0-9]{1,7}))?"


def read_span(text: str) -> timedelta:
    """Read ``[d.]hh:mm[:ss[.fffffff]]``, ``P1DT2H3M4.5S`` or a number of seconds.

    Microseconds are kept, finer is cut off.
    """
    if match := re.fullmatch(_CLOCK, text) or re.fullmatch(_ISO_SPAN, text):
        sign, days, hours, minutes, seconds, fraction = match.groups("")
        if text[-1] in "PT":
            raise ValueError("not a span of time, expected hh:mm:ss")
    elif match := re.fullmatch(_SECONDS, text):
        (sign, seconds, fraction), days, hours, minutes = match.groups(""), "", "", ""
    else:
        raise ValueError("not a span of time, expected hh:mm:ss")
    try:
        span = timedelta(
            int(days or 0),
            int(seconds or 0),
            int(f"{fraction:0<6.6}") if fraction else 0,
            minutes=int(minutes or 0),
            hours=int(hours or 0),
        )
    except OverflowError:
        span = timedelta.max
    if span.days > _MAX_DAYS:
        raise ValueError("a span of time out of range")
    return -span if sign else span


def write_span(value: timedelta) -> str:
    """Write ``[d.]hh:mm:ss[.ffffff]``, as .NET prints a TimeSpan."""
    sign, days, hours, minutes, seconds, fraction = _parts(value)
    text = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    return f"{sign}{f'{days}.' if days else ''}{text}{f'.{fraction:06d}' if fraction else ''}"


def write_iso_span(value: timedelta) -> str:
    """Write ``P1DT2H3M4.5S``; ``PT0S`` for none."""
    sign, days, hours, minutes, seconds, fraction = _parts(value)
    exact = f"{seconds}{f'.{fraction:06d}'.rstrip('0') if fraction else ''}"
    units = ((hours, "H"), (minutes, "M"), (exact if exact != "0" else 0, "S"))
    clock = "".join(f"{part}{unit}" for part, unit in units if part)
    if not (days or clock):
        clock = "0S"
    return f"{sign}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


def _parts(value: timedelta) -> tuple[str, int, int, int, int, int]:
    """Sign, days, hours, minutes, seconds, microseconds."""
    whole = abs(value)
    if whole.days > _MAX_DAYS:
        raise ValueError("a span of time out of range")
    minutes, seconds = divmod(whole.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if value.days < 0 else ""
    return sign, whole.days, hours, minutes, seconds, whole.microseconds


TIME_SPAN: Final = form_of("TIME_SPAN", read_span, write_span, of=timedelta, noun="a span of time")
"""A timedelta as ``[d.]hh:mm:ss``; ISO 8601 and a number of seconds are read too."""
ISO_SPAN: Final = form_of(
    "ISO_SPAN", read_span, write_iso_span, of=timedelta, noun="a span of time"
)
"""A timedelta as ``P1DT2H3M4S``; read as :data:`TIME_SPAN`."""
