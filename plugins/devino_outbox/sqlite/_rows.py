"""Entries and moves as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from devino_core.outbox import Move, OutboxEvent
from devino_core.outbox.kit import encode, micros
from devino_outbox._rows import told

__all__ = ["Row", "event_of", "json_of", "move_row"]

Row = tuple[object, ...]
json_of = msgspec.json.Encoder().encode


def event_of(row: Sequence[Any]) -> OutboxEvent:
    """The event of a row of :data:`._sql.EVENTS`."""
    number, entry, at, text = row
    return told(str(number), entry, at, text)


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
        move.writes,
        move.doubts,
        move.failures,
        move.crashes,
    )
