"""What the platform's interfaces on ServiceStack share: refusals by HTTP status, and clocks."""

from __future__ import annotations

import re
from datetime import timedelta

from devino_codecs.http import Refusal
from devino_core import (
    AuthenticationFailed,
    DevinoError,
    InsufficientFunds,
    NotFound,
    Rejected,
)

__all__ = ["NoSuchRange", "error_by_status", "offset_of"]


class NoSuchRange(Rejected):
    """A list has nothing in the range that was asked for."""


_ERRORS: dict[int, type[Rejected]] = {
    401: AuthenticationFailed,
    402: InsufficientFunds,
    403: AuthenticationFailed,
    404: NotFound,
    416: NoSuchRange,
}


def error_by_status(refused: Refusal, otherwise: DevinoError) -> DevinoError:
    """The error for a refusal whose code says no more than that: its HTTP status tells which."""
    kind = _ERRORS.get(refused.http_status)
    if kind is None:
        return otherwise
    return kind(refused.description, code=str(refused.code))


def offset_of(setting: str, text: str) -> timedelta:
    """A setting like ``"+03:00"`` as a span of time. Raises ValueError with the setting's name."""
    match = re.fullmatch(r"([+-])([0-9]{2}):([0-5][0-9])", text)
    if match is None or int(match[2]) > 14:
        raise ValueError(f"{setting}: expected hours and minutes ahead of UTC, as in +03:00")
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset
