"""Rates, exact over any number of workers: one number a limit, moved in the claim's commit."""

from __future__ import annotations

__all__ = ["taken"]

SECOND = 1_000_000_000


def taken(tat: int, now: int, per_second: float, burst: int, wanted: int) -> tuple[int, int]:
    """How many of ``wanted`` may go now, and the limit's new number (GCRA).

    Times are nanoseconds. ``tat`` is the time at which the limit would be as if nothing had ever
    gone. In any span of t seconds at most ``per_second * t + burst`` go.

    >>> taken(0, 10 * SECOND, per_second=2.0, burst=1, wanted=5)
    (1, 10500000000)
    """
    # Rounded up, so that a rate is never passed.
    each = -int(-SECOND // per_second)
    start = max(tat, now)
    free = (now + burst * each - start) // each
    granted = max(0, min(wanted, free))
    return granted, start + granted * each if granted else tat
