"""Limits of the platform that several of its protocols share."""

from __future__ import annotations

from datetime import timedelta

from devino_sandbox._accounts import Account
from devino_sandbox._world import World

__all__ = ["MEMORY", "MOST_RECIPIENTS", "STATISTICS", "CallRate"]

MEMORY = timedelta(hours=48)
"""How long after its sending time a message can be asked after."""
MOST_RECIPIENTS = 2999
"""How many recipients one call may have. A refused call is recorded with no more than these."""
STATISTICS = timedelta(days=90)
"""The longest period of the statistics."""


class CallRate:
    """How many calls a second each account makes: the book of a World.

    A second's worth may come at once, so that a client that keeps to the rate is never refused for
    the time that its calls are on their way.
    """

    def __init__(self, world: World) -> None:
        self._clock = world.clock
        self._free_at: dict[str, float] = {}

    def take(self, account: Account, per_second: int) -> bool:
        """Count a call. False if it is one too many; it is not counted then."""
        now = self._clock.monotonic()
        free_at = max(self._free_at.get(account.login, now), now) + 1 / per_second
        # A second, and what sums of fractions may be off.
        if free_at - now > 1 + 1e-9:
            return False
        self._free_at[account.login] = free_at
        return True
