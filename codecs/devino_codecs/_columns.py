"""Columns of an array, each converted as a whole: several times faster than value by value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import msgspec.json

__all__ = ["are_alike", "digits", "instants", "moments"]

# Beyond 2242 a float of seconds has no room for milliseconds.
_MOST: Final = 2**33 * 1000
_encode = msgspec.json.Encoder().encode


def are_alike(items: Sequence[object], words: Sequence[str], body: str) -> bool:
    """Whether the items of this JSON array differ in these words alone, one of each, as the numbers
    of a mail-out do. Then the first item tells of what types all are."""
    before, word, after = _encode(items[0]).decode().partition(f'"{words[0]}"')
    between = f'"{after},{before}"'
    return bool(word) and body == f'[{before}"{between.join(words)}"{after}]'


def digits(numbers: Sequence[int]) -> list[str]:
    """The digits of each whole number."""
    return _encode(numbers)[1:-1].decode().split(",") if numbers else []


def instants(milliseconds: Sequence[str]) -> list[datetime]:
    """Instants in UTC from digits of milliseconds since 1970.

    Raises ValueError for anything else, and for instants that are too far for the short way.
    """
    together = "".join(milliseconds)
    # Bytes are looked at in a tenth of the time.
    if not (together.isascii() and together.encode().isdigit()):
        raise ValueError("not the digits of milliseconds")
    numbers: list[int] = msgspec.convert(milliseconds, list[int], strict=False)
    if max(numbers) > _MOST:
        raise ValueError("too far")
    seconds = [number / 1000 for number in numbers]
    return msgspec.convert(seconds, list[datetime], strict=False)


def moments(texts: Sequence[str], offset: str) -> list[datetime]:
    """Moments from ``yyyy-MM-dd HH:mm:ss`` on a clock that is ``offset`` from UTC: ``+03:00``.

    Raises ValueError for anything else.
    """
    return msgspec.convert([text + offset for text in texts], list[datetime])
