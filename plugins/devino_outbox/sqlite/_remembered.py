"""Facts in the outbox's file: what was done of late, for all processes of this machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from devino_core.outbox.kit import from_micros, micros
from devino_core.remembered import Fact

from . import _sql as sql
from ._rows import json_of

__all__ = ["SqliteRemembered"]

T = TypeVar("T")


class _Call(Protocol):
    def __call__(self, function: Callable[[sqlite3.Connection], T], /) -> Awaitable[T]: ...


class SqliteRemembered:
    """A :class:`~devino_core.remembered.Remembered` in the store's file. The store must be open."""

    def __init__(self, call: _Call) -> None:
        self._call = call

    async def seen(self, *keys: str, now: datetime) -> Sequence[Fact | None]:
        def work(connection: sqlite3.Connection) -> list[Fact | None]:
            rows: list[tuple[Any, ...]] = connection.execute(
                sql.FACTS, (json_of(keys).decode(),)
            ).fetchall()
            facts = {key: Fact(from_micros(until), value) for key, until, value in rows}
            found = [facts.get(key) for key in keys]
            return [fact if fact is not None and fact.until > now else None for fact in found]

        return await self._call(work)

    async def add(self, key: str, fact: Fact, /, *, now: datetime) -> bool:
        row = (key, micros(fact.until), fact.value, micros(now))
        return await self._call(
            lambda connection: connection.execute(sql.ADD_FACT, row).rowcount > 0
        )

    async def forget(self, *keys: str) -> None:
        row = (json_of(keys).decode(),)
        await self._call(lambda connection: connection.execute(sql.FORGET_FACT, row).rowcount)
