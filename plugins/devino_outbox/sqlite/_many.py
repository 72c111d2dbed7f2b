"""Statements over many rows at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any

__all__ = ["Many"]

_SIZES = (1, 2, 4, 8, 16, 32, 64)
"""For so many rows there is a text each, so SQLite compiles few; rows of NULLs fill one up."""


class Many:
    """A statement over as many rows as there are: it finds them in the table ``m``.

    One step does them all. Each step of sqlite3 gives up the GIL, and under a busy loop it comes
    back only 5 ms later. The values are bound: JSON would be parsed anew for each of them.
    """

    def __init__(self, columns: str, text: str) -> None:
        self._width = columns.count(",") + 1
        row = f"({', '.join('?' * self._width)})"
        self.texts: dict[int, str] = {
            size: f"WITH m({columns}) AS (VALUES {', '.join([row] * size)}) {text}"
            for size in _SIZES
        }

    def __call__(
        self, connection: sqlite3.Connection, rows: Iterable[Sequence[object]], *values: object
    ) -> list[tuple[Any, ...]]:
        """Execute it, and give what it returns. ``values`` are those of its other parameters."""
        left = iter(rows)
        returned: list[tuple[Any, ...]] = []
        while page := list(islice(left, _SIZES[-1])):
            size = next(one for one in _SIZES if one >= len(page))
            empty = [None] * (self._width * (size - len(page)))
            bound = [*chain.from_iterable(page), *empty, *values]
            returned += connection.execute(self.texts[size], bound)
        return returned
