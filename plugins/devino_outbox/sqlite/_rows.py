"""Entries and moves as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from devino_core.outbox import Entry, Lane, Leg, Move, News, OutboxEvent, Phase
from devino_core.outbox.kit import decode, encode, from_micros, micros

__all__ = ["INSERTED", "add_row", "entry_of", "event_of", "json_of", "lane_of", "move_row"]

Row = tuple[object, ...]
_lanes: dict[str, Lane] = {}
_MOST_LANES = 10_000
_PHASES = tuple(Phase)
_LEGS = tuple[Leg, ...]

json_of = msgspec.json.Encoder().encode


INSERTED = ("ref", "hash", "lane", "due", "until", "version", "to_hash", "body")


def add_row(entry: Entry) -> Row:
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
    """The entry of a row of :data:`._sql.COLUMNS`."""
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


def event_of(row: Sequence[Any]) -> OutboxEvent:
    """The event of a row of :data:`._sql.EVENTS`."""
    number, entry, at, text = row
    news = decode(text, News)
    return OutboxEvent(
        cursor=str(number),
        at=from_micros(at),
        entry=entry,
        kind=news.kind,
        ref=news.ref,
        channel=news.channel,
        leg=news.leg,
        status=news.status,
        reason=news.reason,
    )


def move_row(move: Move) -> Row:
    """The values of :data:`._sql.MOVE`."""
    fence = move.fence
    until = move.until
    return (
        fence.id,
        fence.phase,
        fence.attempt,
        move.to,
        fence.revision,
        None if move.due is None else micros(move.due),
        not isinstance(until, msgspec.UnsetType),
        micros(until) if isinstance(until, datetime) else None,
        None if move.lane is None else move.lane.text,
        move.leg,
        None if move.legs is None else encode(move.legs),
        move.doubts,
        move.failures,
        move.crashes,
        move.drop_body,
        move.drop_to,
    )
