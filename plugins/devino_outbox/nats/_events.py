"""Events in the order of their commits, over all shards."""

from __future__ import annotations

import heapq
from datetime import datetime

from msgspec.structs import replace

from devino_core.errors import InvalidArgument
from devino_core.outbox import OutboxEvent
from devino_core.outbox.kit import decode

from ._link import Link
from ._names import Names

__all__ = ["Events"]

_PAGE = 500


class Events:
    """Reads and deletes events. A cursor has a number for each shard: how far each of them was read
    before an event may differ when it is read again."""

    def __init__(self, link: Link, names: Names) -> None:
        self._link = link
        self._names = names

    async def after(self, cursor: str, limit: int, entry: int | None) -> list[OutboxEvent]:
        """The next events after a cursor. Those of several shards come by time."""
        places = self._places(cursor)
        lists = []
        for shard in range(self._names.shards):
            if entry is not None and shard != self._names.shard(entry):
                continue
            subject = self._names.all_of(shard, "event")
            if entry is not None:
                subject = self._names.event(entry)
            page = await self._link.after(self._names.entries(shard), subject, places[shard], limit)
            lists.append([(decode(one.data, OutboxEvent), shard, one.seq) for one in page])
        found: list[OutboxEvent] = []
        for event, shard, seq in heapq.merge(*lists, key=lambda one: (one[0].at, one[1])):
            if len(found) == limit:
                break
            places[shard] = seq
            cursor = "-".join(map(str, places))
            found.append(replace(event, cursor=cursor, id=f"{shard}.{seq}"))
        return found

    def _places(self, cursor: str) -> list[int]:
        if not cursor:
            return [0] * self._names.shards
        try:
            places = [int(one) for one in cursor.split("-")]
        except ValueError:
            places = []
        if len(places) != self._names.shards:
            raise InvalidArgument("after", f"{cursor!r} is no cursor of this store")
        return places

    async def prune(self, before: datetime) -> None:
        """Delete the events of before that time: one call a shard, whatever their number."""
        for shard in range(self._names.shards):
            stream, subject = self._names.entries(shard), self._names.all_of(shard, "event")
            seq = 0
            while True:
                page = await self._link.after(stream, subject, seq, _PAGE)
                old = [one for one in page if decode(one.data, OutboxEvent).at < before]
                seq = old[-1].seq if old else seq
                if len(old) < _PAGE:
                    break
            if seq:
                await self._link.purge(stream, subject, seq)
