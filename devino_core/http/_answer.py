"""An answer over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf
from typing import NamedTuple

from multidict import MultiMapping

from devino_core._secret import Body

__all__ = ["FetchedAnswer"]


class FetchedAnswer(NamedTuple):
    """What came back: the status, the whole decompressed body, the headers (case-insensitive)."""

    status: int
    body: Body
    headers: Mapping[str, str]

    def retry_after(self, now: datetime) -> float | None:
        """The seconds that ``Retry-After`` asks to wait; None if it does not say.

        It stands there as seconds or as a date, which counts from the answer's own ``Date``, else
        from ``now``. If there are several, the longest counts.
        """
        if "Retry-After" not in self.headers:
            return None
        begins = _moment(self.headers.get("Date", "")) or now
        waits = [_seconds(value.strip(), begins) for value in self._all("Retry-After")]
        return max((wait for wait in waits if wait is not None), default=None)

    def _all(self, name: str) -> Iterable[str]:
        headers = self.headers
        return headers.getall(name) if isinstance(headers, MultiMapping) else [headers[name]]


def _seconds(value: str, begins: datetime) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        at = _moment(value)
        return None if at is None else max((at - begins).total_seconds(), 0.0)
    return seconds if 0 <= seconds < inf else None


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
