"""Entries and moves as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from devino_core.outbox import Entry, LimitState, Move, OutboxEvent, Phase
from devino_core.outbox.kit import encode, from_micros, ids_of, micros
from devino_outbox._rows import inserted, told

__all__ = [
    "NewRow",
    "event_of",
    "json_of",
    "learns",
    "limit_state",
    "move_row",
    "new_row",
    "xid_and_seq",
]

_encode = msgspec.json.Encoder().encode


def json_of(value: object) -> str:
    """One parameter for many rows."""
    return _encode(value).decode()


class NewRow(msgspec.Struct, frozen=True, gc=False):
    """What :data:`._sql.ADD` takes."""

    ref: str
    hash: int
    lane: str
    due: int
    until: int | None
    version: int
    to_hash: int | None
    body: str | None


def new_row(entry: Entry) -> NewRow:
    """The row of a new entry."""
    return NewRow(*inserted(entry))


def event_of(row: Sequence[Any]) -> OutboxEvent:
    """The event of a row of :data:`._sql.EVENTS`."""
    xid, seq, entry, at, text = row
    return told(f"{xid}.{seq}", entry, at, text)


def xid_and_seq(cursor: str) -> tuple[str, int]:
    """The transaction and the number of an event's cursor. Raises ValueError."""
    xid, _, seq = (cursor or "0.0").partition(".")
    return str(int(xid)), int(seq)


class MoveRow(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What :data:`._sql.MOVE` takes."""

    n: int
    id: int
    was: int
    attempt: int
    phase: int
    revision: int
    due: int | None = None
    has_until: bool = False
    until: int | None = None
    lane: str | None = None
    leg: int | None = None
    legs: str | None = None
    writes: int = 0
    doubts: int | None = None
    failures: int | None = None
    crashes: int | None = None
    drop_body: bool = False
    drop_to: bool = False
    news: str | None = None
    learn: list[tuple[str, str]] | None = None


def move_row(number: int, move: Move) -> MoveRow:
    """The row of a move, which is the ``number``-th of its commit."""
    fence = move.fence
    until = move.until
    return MoveRow(
        n=number,
        id=fence.id,
        was=int(fence.phase),
        attempt=fence.attempt,
        phase=int(move.to),
        revision=fence.revision,
        due=None if move.due is None else micros(move.due),
        has_until=not isinstance(until, msgspec.UnsetType),
        until=micros(until) if isinstance(until, datetime) else None,
        lane=None if move.lane is None else move.lane.text,
        leg=move.leg,
        legs=None if move.legs is None else encode(move.legs),
        writes=move.writes,
        doubts=move.doubts,
        failures=move.failures,
        crashes=move.crashes,
        drop_body=move.drop_body,
        drop_to=move.drop_to,
        news=None if move.news is None else encode(move.news),
        learn=ids_of(move.legs) if move.legs and learns(move) else None,
    )


def learns(move: Move) -> bool:
    """Whether it may bring ids of the platform; one that is followed has them already."""
    return bool(move.legs) and move.to is not Phase.DONE and move.fence.phase is not Phase.SENT


def limit_state(row: Sequence[Any]) -> LimitState:
    """Of ``per_second, burst, closed_until, probe, held``."""
    per_second, burst, closed_until, probe, held = row
    return LimitState(
        per_second=per_second,
        burst=burst,
        closed_until=None if closed_until is None else from_micros(closed_until),
        probe=None if probe is None else timedelta(microseconds=probe),
        held=held,
    )
