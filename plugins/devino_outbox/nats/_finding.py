"""Entries by what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import msgspec

from devino_core.errors import Unsupported
from devino_core.outbox import Entry, Phase, Query
from devino_core.outbox.kit import decode, ids_of, is_of, micros

from ._index import Index
from ._link import Link
from ._names import Names, hash_of
from ._records import PHASES, Ids, Sight, entry_of, lane_of

__all__ = ["FINDS", "Finding"]

FINDS = frozenset({"refs", "ids", "phase", "due_before"})
_PAGE = 500
_sight = msgspec.json.Decoder(Sight).decode

Place = tuple[str, int, int]


class Finding:
    """Reads entries. What is listed is read by this process's index, or by reading everything."""

    def __init__(
        self, link: Link, names: Names, index: Index, number: Callable[[str], int]
    ) -> None:
        self._link = link
        self._names = names
        self._index = index
        self._number = number
        self._listed: tuple[Query, list[Place]] | None = None

    async def find(self, query: Query, after: str, limit: int) -> list[Entry]:
        """The next entries that meet a query; the index has been read on."""
        if unknown := query.keys - FINDS:
            raise Unsupported(
                f"the store in NATS finds messages by {', '.join(sorted(FINDS))}, and not by "
                f"{', '.join(sorted(unknown))}: JetStream has no such index. Keep one from the "
                "outbox's events, or take another store"
            )
        start: Place | None = None
        if after:
            start = msgspec.json.decode(after, type=tuple[str, int, int])
        if query.refs is not None or query.ids is not None:
            found = await self._named(query)
            found = [one for one in found if start is None or query.place(one) > start]
            return sorted(found, key=query.place)[:limit]
        return await self._paged(query, await self._places(query, start), start, limit)

    async def _named(self, query: Query) -> list[Entry]:
        numbers: set[int] | None = None
        if query.refs is not None:
            numbers = set(map(self._number, query.refs))
        holders: dict[int, set[str]] = {}
        if query.ids is not None:
            holders = await self._holders(query)
            numbers = set(holders) if numbers is None else numbers & set(holders)
        entries = await self.entries(numbers or (), is_sure=True)
        refs = None if query.refs is None else set(query.refs)
        return [
            entry
            for entry in entries
            if (refs is None or entry.ref in refs)
            and (query.ids is None or self._has(entry, holders[entry.id]))
            and _meets(query, entry)
        ]

    async def _holders(self, query: Query) -> dict[int, set[str]]:
        """The numbers of entries that may have these ids, and which."""
        subjects = {self._names.platform_id(one.id): one.id for one in query.ids or ()}
        found: dict[int, set[str]] = {}
        by_shard = sorted(subjects, key=lambda subject: self._shard_of(subjects[subject]))
        for shard, some in groupby(by_shard, lambda subject: self._shard_of(subjects[subject])):
            messages = await self._link.last(self._names.entries(shard), list(some))
            for subject, message in messages.items():
                one = subjects[subject]
                ids = decode(message.data, Ids)
                for channel, number in ids.holders.items():
                    if any(a.id == one and is_of(channel, a.channel) for a in query.ids or ()):
                        found.setdefault(number, set()).add(one)
        return found

    def _shard_of(self, one: str) -> int:
        return self._names.shard(hash_of(one))

    def _has(self, entry: Entry, ids: set[str]) -> bool:
        """Whether an entry that was written beside its ids has them; an entry that is done has
        none."""
        if entry.phase is Phase.DONE:
            return False
        shard = self._names.shard(entry.id)
        known = {one for _, one in ids_of(entry.legs)}
        return any(self._shard_of(one) == shard or one in known for one in ids)

    async def _places(self, query: Query, start: Place | None) -> list[Place]:
        """Where everything stands that may meet the query, in order."""
        phase = query.phase
        if phase is None or phase is Phase.DONE:
            # A page goes on in the list that the first one made.
            if start is None or self._listed is None or self._listed[0] != query:
                self._listed = query, sorted(await self._everything(query))
            return self._listed[1]
        before = None if query.due_before is None else micros(query.due_before)
        is_asked = before is not None and phase in (Phase.SENT, Phase.DOUBT)
        if is_asked and not self._index.has_due(phase, before or 0):
            return []
        return sorted(
            (seen.lane.text if phase is Phase.QUEUED else "", seen.due, number)
            for number, seen in self._index.among(phase)
            if before is None or seen.due < before
        )

    async def _everything(self, query: Query) -> Iterable[Place]:
        found: dict[int, Place] = {}
        for shard in range(self._names.shards):
            subject, seq = self._names.all_of(shard, "entry"), 0
            stream = self._names.entries(shard)
            while page := await self._link.after(stream, subject, seq, 2000):
                for message in page:
                    sight = _sight(message.data)
                    found.pop(sight.id, None)
                    phase = PHASES[sight.phase]
                    if query.phase not in (None, phase):
                        continue
                    lane = lane_of(sight.lane).text if query.phase is Phase.QUEUED else ""
                    due = 0 if query.phase is None else micros(sight.due)
                    found[sight.id] = lane, due, sight.id
                seq = page[-1].seq
        return found.values()

    async def _paged(
        self, query: Query, places: Sequence[Place], start: Place | None, limit: int
    ) -> list[Entry]:
        left = [place for place in places if start is None or place > start]
        found: list[Entry] = []
        for first in range(0, len(left), _PAGE):
            part = left[first : first + _PAGE]
            entries = await self.entries([number for _, _, number in part])
            # Some have changed since they were listed.
            met = [one for one in entries if _meets(query, one)]
            found += [one for one in met if start is None or query.place(one) > start]
            if len(found) >= limit:
                break
        return sorted(found, key=query.place)[:limit]

    async def entries(self, numbers: Iterable[int], *, is_sure: bool = False) -> list[Entry]:
        """Entries by their numbers; ``is_sure``: as the leader has them."""
        by_shard: dict[int, list[str]] = {}
        for number in numbers:
            shard = self._names.shard(number)
            by_shard.setdefault(shard, []).append(self._names.entry(number))
        found: list[Entry] = []
        read = self._link.last if is_sure else self._link.seen
        for shard, subjects in by_shard.items():
            messages = await read(self._names.entries(shard), subjects)
            found += [entry_of(message.data) for message in messages.values()]
        return found


def _meets(query: Query, entry: Entry) -> bool:
    return (query.phase is None or entry.phase is query.phase) and (
        query.due_before is None or entry.due < query.due_before
    )
