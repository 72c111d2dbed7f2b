"""What the streams hold, as the kernel's values."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

import msgspec

from devino_core import Status
from devino_core.outbox import Entry, Lane, LimitState, Phase
from devino_core.outbox.kit import decode, encode

__all__ = [
    "PHASES",
    "Count",
    "Cursor",
    "Ids",
    "Key",
    "Known",
    "Life",
    "Limit",
    "Pause",
    "Row",
    "Shares",
    "Sight",
    "Waiting",
    "Weight",
    "entry_of",
    "lane_of",
    "written",
]


class Known(NamedTuple):
    """An entry, and the sequence of the message that holds it."""

    seq: int
    entry: Entry


class Sight(msgspec.Struct, frozen=True):
    """What the index must know of an entry."""

    id: int
    lane: msgspec.Raw
    due: datetime
    phase: int = 0
    until: datetime | None = None
    worker: int | None = None


class Waiting(msgspec.Struct, frozen=True):
    """A report about an id that no entry has yet."""

    status: Status
    at: datetime
    channel: str | None = None


class Ids(msgspec.Struct, frozen=True):
    """Who has an id of the platform."""

    holders: dict[str, int] = {}
    """By channel: the number of an entry."""
    early: tuple[Waiting, ...] = ()


class Limit(msgspec.Struct, frozen=True, tag="limit"):
    name: str
    state: LimitState = LimitState()
    tat: int = 0


class Pause(msgspec.Struct, frozen=True, tag="pause"):
    what: str
    until: datetime | None


class Weight(msgspec.Struct, frozen=True, tag="weight"):
    tenant: str
    weight: float


class Cursor(msgspec.Struct, frozen=True, tag="cursor"):
    consumer: str
    cursor: str


class Life(msgspec.Struct, frozen=True, tag="life"):
    """A worker."""

    number: int
    seen: datetime
    hold: timedelta
    version: int
    is_over: bool = False

    def lives(self, now: datetime) -> bool:
        return not self.is_over and self.seen + self.hold > now


class Count(msgspec.Struct, frozen=True, tag="count"):
    """The highest number that a worker got."""

    last: int


class Key(msgspec.Struct, frozen=True, tag="key"):
    """The key of the hashes."""

    key: bytes


class Shares(msgspec.Struct, frozen=True, tag="shards"):
    """Over how many streams the entries are spread."""

    shards: int


Row: TypeAlias = Limit | Pause | Weight | Cursor | Life | Count | Key | Shares


def entry_of(data: bytes) -> Entry:
    """The entry of a message."""
    return decode(data, Entry)


def written(value: object) -> bytes:
    """A value as a message holds it."""
    return encode(value).encode()


_lanes: dict[bytes, Lane] = {}
_MOST_LANES = 10_000


def lane_of(raw: msgspec.Raw) -> Lane:
    """The lane of a sight; there are few, and many entries in each."""
    key = bytes(raw)
    lane = _lanes.get(key)
    if lane is None:
        if len(_lanes) >= _MOST_LANES:
            _lanes.clear()
        lane = _lanes[key] = decode(key, Lane)
    return lane


PHASES = tuple(Phase)
