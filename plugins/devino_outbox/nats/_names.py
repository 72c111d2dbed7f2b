"""How streams, subjects and consumers are named.

Refs, lanes and platform ids may hold any character, so subjects hold hashes of them.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from devino_core.outbox import Lane

__all__ = ["RIPE", "WAIT", "Names", "hash_of"]

WAIT, RIPE = "wait", "ripe"
"""Reminders of what is to be scheduled, and of what was scheduled and is due."""


def hash_of(text: str) -> int:
    """63 bits of a text; never 0."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) or 1


class Names(NamedTuple):
    """The names of one outbox."""

    prefix: str
    shards: int

    def shard(self, number: int) -> int:
        """Where the entry, or the platform's id, of this number is."""
        return number % self.shards

    @property
    def tune(self) -> str:
        """The stream of limits, pauses, workers and cursors."""
        return f"{self.prefix}_tune"

    def entries(self, shard: int) -> str:
        """The stream of entries, their reminders, their events, and platform ids."""
        return f"{self.prefix}_{shard}"

    def later(self, shard: int) -> str:
        """The stream of schedules."""
        return f"{self.prefix}_later_{shard}"

    def entry(self, number: int) -> str:
        return f"{self.prefix}.{self.shard(number)}.entry.{number:x}"

    def due(self, number: int, lane: Lane) -> str:
        """The reminder that an entry is due in a lane."""
        return f"{self.prefix}.{self.shard(number)}.due.{self.lane(lane)}.{number:x}"

    def wait(self, number: int) -> str:
        """The reminder that an entry is to be scheduled."""
        return f"{self.prefix}.{self.shard(number)}.{WAIT}.{number:x}"

    def event(self, number: int) -> str:
        """0: an event without an entry."""
        return f"{self.prefix}.{self.shard(number)}.event.{number:x}"

    def shard_of_id(self, one: str) -> int:
        return self.shard(hash_of(one))

    def platform_id(self, one: str) -> str:
        number = hash_of(one)
        return f"{self.prefix}.{self.shard(number)}.id.{number:x}"

    def schedule(self, number: int, seq: int) -> str:
        return f"{self.prefix}.{self.shard(number)}.later.{number:x}.{seq}"

    def ripe(self, number: int, seq: int) -> str:
        """Where a schedule delivers to: one place for each writing of the entry, so that none takes
        that of another."""
        return f"{self.prefix}.{self.shard(number)}.{RIPE}.{number:x}-{seq}"

    def tuned(self, kind: str, name: str) -> str:
        return f"{self.prefix}.tune.{kind}.{name if name.isdigit() else f'{hash_of(name):x}'}"

    def all_of(self, shard: int, kind: str) -> str:
        """The subjects of one kind in a shard, as a filter."""
        return f"{self.prefix}.{shard}.{kind}.*"

    def lane_filter(self, shard: int, lane: Lane) -> str:
        return f"{self.prefix}.{shard}.due.{self.lane(lane)}.*"

    @staticmethod
    def lane(lane: Lane) -> str:
        """A lane as a part of subjects and as the name of its consumer."""
        return f"{hash_of(lane.text):x}"
