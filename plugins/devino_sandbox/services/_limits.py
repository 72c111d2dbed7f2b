"""Limits of the platform that several of its protocols share."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["MEMORY", "MOST_RECIPIENTS", "STATISTICS"]

MEMORY = timedelta(hours=48)
"""How long after its sending time a message can be asked after."""
MOST_RECIPIENTS = 2999
"""How many recipients one call may have. A refused call is recorded with no more than these."""
STATISTICS = timedelta(days=90)
"""The longest period of the statistics."""
