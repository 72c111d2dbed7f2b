"""What stores are made of: the rules and the spellings that all of them share."""

from __future__ import annotations

from ._changes import ids_of, is_of
from ._codec import decode, encode
from ._gcra import SECOND, taken
from ._life import lapsed, orphaned, with_reports
from ._memory import is_met, is_paused, moved, opening
from ._people import cancelled, doubted, resolved, retried
from ._times import NEVER, from_micros, micros

__all__ = [
    "NEVER",
    "SECOND",
    "cancelled",
    "decode",
    "doubted",
    "encode",
    "from_micros",
    "ids_of",
    "is_met",
    "is_of",
    "is_paused",
    "lapsed",
    "micros",
    "moved",
    "opening",
    "orphaned",
    "resolved",
    "retried",
    "taken",
    "with_reports",
]
