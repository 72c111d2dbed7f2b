"""Times and durations as people type them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import rich_click as click

from devino_core.clock import Clock

__all__ = [
    "moment",
    "parse_duration",
    "parse_past",
    "parse_rate",
    "parse_send_at",
    "parsed",
    "period_options",
]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])")


def parse_duration(text: str) -> timedelta:
    """``90s``, ``15m``, ``24h``, ``7d``. Raises ValueError that shows these forms."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 90s, 15m, 24h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


_RATE = re.compile(r"([0-9]{1,6})\s*/\s*([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_rate(text: str) -> float:
    """``50/s``, ``100/m``, ``1000/h``, as so many a second. Raises ValueError that shows these."""
    match = _RATE.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise ValueError(f"{text!r} is not a rate such as 50/s, 100/m or 1000/h")
    return int(match[1]) / _SECONDS[match[2]]


def parse_send_at(text: str) -> datetime:
    """ISO 8601, with the time of day; aware if it names a zone. Raises ValueError that shows the
    form.
    """
    moment = _parse_moment(text)
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return moment
    # It would be sent at midnight.
    raise ValueError(f"{text!r} names no time of day, as 2030-01-31T12:30 does")


def _parse_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is not a time such as 2030-01-31T12:30 or 2030-01-31T12:30+03:00"
        ) from None


def parse_past(text: str) -> datetime | timedelta:
    """A time, or how long ago; a date is its midnight. Raises ValueError that shows both forms."""
    for parse in (parse_duration, _parse_moment):
        try:
            return parse(text)
        except ValueError:
            continue
    raise ValueError(
        f"{text!r} is neither a time such as 2030-01-31T12:30 nor a duration such as 24h"
    )


def moment(option: str, value: datetime | timedelta, clock: Clock) -> datetime:
    """What :func:`parse_past` gave, as an aware time. Raises click's BadParameter."""
    try:
        found = clock.now() - value if isinstance(value, timedelta) else value
        return found.astimezone(UTC)
    except (OverflowError, ValueError):
        raise click.BadParameter("is out of range", param_hint=f"'{option}'") from None


def parsed(
    parse: Callable[[str], T],
) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """A callback for an option: it parses the text and turns a ValueError into a usage error."""

    def convert(context: click.Context, option: click.Parameter, text: str | None) -> T | None:
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error), context, option) from None

    return convert


def period_options(since: str) -> Callable[[F], F]:
    """``--since``, by default so long ago, and ``--until``. :func:`moment` makes times of them."""

    def add(command: F) -> F:
        until = click.option(
            "--until",
            metavar="TIME",
            callback=parsed(parse_past),
            help="Until when, in the same forms. Default: now.",
        )
        return click.option(
            "--since",
            metavar="TIME",
            callback=parsed(parse_past),
            default=since,
            show_default=True,
            help="From when: a time (this computer's zone, unless it names one), or how long ago.",
        )(until(command))

    return add
