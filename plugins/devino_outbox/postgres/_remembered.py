"""Facts in the outbox's database: what was done of late, for all processes that share it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from devino_core.outbox.kit import from_micros, micros
from devino_core.remembered import Fact

from . import _sql as sql
from ._line import Connection
from ._schema import Place

__all__ = ["PostgresRemembered"]

T = TypeVar("T")


class _Call(Protocol):
    def __call__(self, function: Callable[[Connection], T], /) -> Awaitable[T]: ...


class PostgresRemembered:
    """A :class:`~devino_core.remembered.Remembered` in the store's database. The store must be
    open."""

    def __init__(self, call: _Call, place: Place) -> None:
        self._call = call
        self._place = place

    async def seen(self, *keys: str, now: datetime) -> Sequence[Fact | None]:
        def work(connection: Connection) -> list[Fact | None]:
            rows = connection.execute(self._place(sql.FACTS), (list(keys),)).fetchall()
            facts = {key: Fact(from_micros(until), value) for key, until, value in rows}
            found = [facts.get(key) for key in keys]
            return [fact if fact is not None and fact.until > now else None for fact in found]

        return await self._call(work)

    async def add(self, key: str, fact: Fact, /, *, now: datetime) -> bool:
        values = {
            "key": key,
            "until": micros(fact.until),
            "value": fact.value,
            "now": micros(now),
        }
        return await self._call(
            lambda connection: connection.execute(self._place(sql.ADD_FACT), values).rowcount > 0
        )

    async def forget(self, *keys: str) -> None:
        await self._call(
            lambda connection: (
                connection.execute(self._place(sql.FORGET_FACT), (list(keys),)).rowcount
            )
        )
