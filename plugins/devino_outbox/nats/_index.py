"""Which entries are not done, as a worker must know: read from the streams, and read on when asked.

JetStream finds a message by its subject and by nothing else. So who asks by phase or time keeps
this index in memory. It never decides: what is found by it is written by a compare-and-set.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable, Iterator
from itertools import count
from typing import NamedTuple

import msgspec

from devino_core.outbox import Entry, Lane, Phase
from devino_core.outbox.kit import micros

from ._link import Link, Stored
from ._names import Names
from ._records import PHASES, Sight, lane_of

__all__ = ["Feed", "Index", "Seen"]

_PAGE = 2000
_SPARE = 1000

_sight = msgspec.json.Decoder(Sight).decode


class Feed:
    """The messages of a filter, each once, as they are written."""

    def __init__(self, link: Link, stream: str, subject: str) -> None:
        self._link = link
        self._stream = stream
        self._subject = subject
        self.seq = 0
        """That of the last message that was read."""

    async def pages(self, at_least: int = 0) -> list[Stored]:
        """The next page; empty at the end. ``at_least``: what was surely written, though perhaps
        deleted since."""
        while True:
            page = await self._link.after(self._stream, self._subject, self.seq, _PAGE)
            if not page and self.seq < at_least and self._link.is_replicated:
                # A follower may be behind. The leader is not, and gives one at a time.
                one = await self._link.next(self._stream, self._subject, self.seq)
                page = [] if one is None else [one]
            # Meanwhile this process may have taken up what it wrote itself.
            new = [message for message in page if message.seq > self.seq]
            if new:
                self.seq = new[-1].seq
            if new or not page:
                return new


class Seen(NamedTuple):
    """An entry that is not done."""

    phase: Phase
    lane: Lane
    due: int
    """µs."""
    until: int | None
    worker: int | None


class Index:
    """The entries that are not done."""

    def __init__(self, link: Link, names: Names) -> None:
        self._feeds = [
            Feed(link, names.entries(shard), names.all_of(shard, "entry"))
            for shard in range(names.shards)
        ]
        self._lock = asyncio.Lock()
        self._is_read = False
        self._entries: dict[int, Seen] = {}
        self._phases: dict[Phase, dict[int, None]] = {phase: {} for phase in Phase}
        """In the order of their writing."""
        self.counts: dict[Lane, dict[Phase, int]] = {}
        # The earliest first; what has changed since is passed over.
        self._due: dict[Lane, list[tuple[int, int]]] = {}
        self._asked: dict[Phase, list[tuple[int, int]]] = {Phase.SENT: [], Phase.DOUBT: []}
        self._until: list[tuple[int, int, int]] = []
        self._writings = count()
        self._pushed = 0
        """How many times it was written down when an entry is due or late."""

    async def read_on(self, at_least: Iterable[int]) -> None:
        """Take up what was written since; at least what this process wrote."""
        async with self._lock:
            for feed, seq in zip(self._feeds, at_least, strict=True):
                while page := await feed.pages(seq):
                    for message in page:
                        self._take(message)
                    await asyncio.sleep(0)
            self._is_read = True

    def add(self, shard: int, first: int, last: int, entries: Iterable[Entry]) -> None:
        """Take up what this process wrote, where nobody has written since the index was read: then
        it need not be read."""
        feed = self._feeds[shard]
        if not self._is_read or first != feed.seq + 1:
            return
        feed.seq = last
        for entry in entries:
            until = None if entry.until is None else micros(entry.until)
            seen = Seen(entry.phase, entry.lane, micros(entry.due), until, entry.worker)
            self._put(entry.id, seen)

    def _take(self, message: Stored) -> None:
        sight = _sight(message.data)
        until = None if sight.until is None else micros(sight.until)
        phase, lane = PHASES[sight.phase], lane_of(sight.lane)
        self._put(sight.id, Seen(phase, lane, micros(sight.due), until, sight.worker))

    def _put(self, number: int, seen: Seen) -> None:
        before = self._entries.pop(number, None)
        if before is not None:
            del self._phases[before.phase][number]
            self._count(before, -1)
        if seen.phase is Phase.DONE:
            return
        self._entries[number] = seen
        self._phases[seen.phase][number] = None
        self._count(seen, 1)
        self._note_times(number, seen)
        if self._pushed > 2 * len(self._entries) + _SPARE:
            self._tidy()

    def _tidy(self) -> None:
        """Forget the times that have changed since: each would stay until it comes, for days."""
        self._due.clear()
        self._until.clear()
        for heap in self._asked.values():
            heap.clear()
        for number, seen in self._entries.items():
            self._note_times(number, seen)
        self._pushed = 0

    def _note_times(self, number: int, seen: Seen) -> None:
        self._pushed += 1
        phase, lane, due, until, _ = seen
        if phase is Phase.QUEUED:
            heapq.heappush(self._due.setdefault(lane, []), (due, number))
            if until is not None:
                heapq.heappush(self._until, (until, next(self._writings), number))
        elif phase in self._asked:
            heapq.heappush(self._asked[phase], (due, number))

    def _count(self, seen: Seen, by: int) -> None:
        counts = self.counts.setdefault(seen.lane, {})
        left = counts.get(seen.phase, 0) + by
        if left:
            counts[seen.phase] = left
            return
        counts.pop(seen.phase, None)
        if not counts:
            del self.counts[seen.lane]
            self._due.pop(seen.lane, None)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, number: int) -> Seen | None:
        return self._entries.get(number)

    def among(self, phase: Phase) -> list[tuple[int, Seen]]:
        """All in a phase, in the order of their writing."""
        return [(number, self._entries[number]) for number in self._phases[phase]]

    def oldest(self, now: int) -> Iterator[tuple[Lane, int]]:
        """The lanes where something is due, and since when."""
        for lane, heap in self._due.items():
            while heap:
                due, number = heap[0]
                seen = self._entries.get(number)
                if seen is not None and (seen.phase, seen.lane, seen.due) == (
                    Phase.QUEUED,
                    lane,
                    due,
                ):
                    if due <= now:
                        yield lane, due
                    break
                heapq.heappop(heap)

    def has_due(self, phase: Phase, before: int) -> bool:
        """Whether something in this phase (SENT or DOUBT) is due before."""
        heap = self._asked[phase]
        while heap:
            due, number = heap[0]
            seen = self._entries.get(number)
            if seen is not None and (seen.phase, seen.due) == (phase, due):
                return due < before
            heapq.heappop(heap)
        return False

    def late(self, now: int) -> list[int]:
        """What is queued and whose time has passed, in the order of their writing. They are told
        once."""
        found: dict[int, int] = {}
        while self._until and self._until[0][0] <= now:
            until, writing, number = heapq.heappop(self._until)
            seen = self._entries.get(number)
            if seen is not None and seen.phase is Phase.QUEUED and seen.until == until:
                found[number] = writing
        return sorted(found, key=lambda number: found[number])
