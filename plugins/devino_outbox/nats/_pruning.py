"""Deletes what is done for long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from devino_core.outbox import Entry, Phase
from devino_core.outbox.kit import decode, ids_of

from ._link import Link, Stored
from ._names import Names, hash_of
from ._records import Ids, entry_of

__all__ = ["Pruning"]

_PAGE = 500
_EARLY = timedelta(days=1)


class Pruning:
    """Walks from the oldest writing of an entry to the newest, and never looks at one twice: a
    later one has another place."""

    def __init__(self, link: Link, names: Names) -> None:
        self._link = link
        self._names = names
        self._entries = [0] * names.shards
        self._ids = [0] * names.shards

    async def prune(self, before: datetime, limit: int) -> int:
        """Delete entries that are DONE since before that time, and their ids; at most so many."""
        gone = 0
        for shard in range(self._names.shards):
            gone += await self._entries_of(shard, before, limit - gone)
        return gone

    async def _entries_of(self, shard: int, before: datetime, limit: int) -> int:
        stream, subject = self._names.entries(shard), self._names.all_of(shard, "entry")
        gone = 0
        while gone < limit:
            page = await self._link.after(
                stream, subject, self._entries[shard], min(_PAGE, limit - gone)
            )
            over: list[tuple[int, Entry]] = []
            is_end, last = not page, self._entries[shard]
            for message in page:
                entry = entry_of(message.data)
                if entry.phase is Phase.DONE:
                    if entry.due >= before:
                        is_end = True
                        break
                    over.append((message.seq, entry))
                last = message.seq
            # One that was written anew meanwhile is not there any more.
            for seq, _ in over:
                await self._link.delete(stream, seq)
            await self._forget_ids([entry for _, entry in over])
            self._entries[shard] = last
            gone += len(over)
            if is_end:
                break
        return gone

    async def _forget_ids(self, entries: Sequence[Entry]) -> None:
        holders = {one: entry.id for entry in entries for _, one in ids_of(entry.legs)}
        by_shard: dict[int, dict[str, str]] = {}
        for one in holders:
            subjects = by_shard.setdefault(self._names.shard(hash_of(one)), {})
            subjects[self._names.platform_id(one)] = one
        for shard, subjects in by_shard.items():
            stream = self._names.entries(shard)
            for subject, message in (await self._link.last(stream, list(subjects))).items():
                ids = decode(message.data, Ids)
                if not ids.early and set(ids.holders.values()) == {holders[subjects[subject]]}:
                    await self._link.delete(stream, message.seq)

    async def forget_early(self, now: datetime, limit: int) -> None:
        """Delete reports whose receipts have not come for a day."""
        for shard in range(self._names.shards):
            stream, subject = self._names.entries(shard), self._names.all_of(shard, "id")
            page = await self._link.after(stream, subject, self._ids[shard], min(_PAGE, limit))
            for message in page:
                if not self._is_settled(message, now):
                    break
                ids = decode(message.data, Ids)
                if not ids.holders:
                    await self._link.delete(stream, message.seq)
                self._ids[shard] = message.seq

    @staticmethod
    def _is_settled(message: Stored, now: datetime) -> bool:
        """Whether nothing more is waited for."""
        return all(one.at < now - _EARLY for one in decode(message.data, Ids).early)
