"""What the rows of every database hold, as the kernel's values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from devino_core.outbox import Entry, Lane, Leg, News, OutboxEvent, Phase
from devino_core.outbox.kit import decode, from_micros, micros

__all__ = ["EVENTS_EACH", "INSERTED", "entry_of", "inserted", "lane_of", "told"]

INSERTED = ("ref", "hash", "lane", "due", "until", "version", "to_hash", "body")
"""The columns of a new entry."""

EVENTS_EACH = 10
"""How many events are deleted for each entry that is: a message has fewer, so none stay behind."""

_lanes: dict[str, Lane] = {}
_MOST_LANES = 10_000
_PHASES = tuple(Phase)
_LEGS = tuple[Leg, ...]


def inserted(entry: Entry) -> tuple[str, int, str, int, int | None, int, int | None, str | None]:
    """The values of :data:`INSERTED`."""
    until = entry.until
    return (
        entry.ref,
        entry.hash,
        entry.lane.text,
        micros(entry.due),
        None if until is None else micros(until),
        entry.version,
        entry.to_hash,
        entry.body,
    )


def entry_of(row: Sequence[Any]) -> Entry:
    """The entry of a row of a store's ``_sql.COLUMNS``."""
    (
        number, ref, hash_, lane, phase, due, until, attempt, crashes, doubts, failures, leg,
        worker, revision, version, to_hash, body, legs,
    ) = row  # fmt: skip
    return Entry(
        id=number,
        ref=ref,
        hash=hash_,
        to_hash=to_hash,
        lane=lane_of(lane),
        phase=_PHASES[phase],
        due=from_micros(due),
        until=None if until is None else from_micros(until),
        attempt=attempt,
        crashes=crashes,
        doubts=doubts,
        failures=failures,
        leg=leg,
        worker=worker,
        revision=revision,
        version=version,
        body=body,
        legs=() if legs is None else decode(legs, _LEGS),
    )


def lane_of(text: str) -> Lane:
    """The lane of its text; there are few, and many entries in each."""
    lane = _lanes.get(text)
    if lane is None:
        if len(_lanes) >= _MOST_LANES:
            _lanes.clear()
        lane = _lanes[text] = Lane.of(text)
    return lane


def told(cursor: str, entry: int, at: int, text: str) -> OutboxEvent:
    """An event, from its news as they are stored."""
    news = decode(text, News)
    return OutboxEvent(
        cursor=cursor,
        at=from_micros(at),
        entry=entry,
        kind=news.kind,
        ref=news.ref,
        channel=news.channel,
        leg=news.leg,
        status=news.status,
        reason=news.reason,
    )
