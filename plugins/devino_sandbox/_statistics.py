"""The platform's statistics of SMS, as every protocol that has them counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from devino_core import State

from ._fates import Step

__all__ = ["Statistics", "statistics"]


class Statistics(NamedTuple):
    """How many segments are where."""

    sent: int
    delivered: int
    errors: int
    in_process: int
    expired: int
    rejected: int

    @property
    def total(self) -> int:
        """As the manual's example of REST adds up: the errors are in the other total only."""
        return sum(self) - self.errors

    @property
    def total_with_errors(self) -> int:
        return sum(self)

    @property
    def delivery_ratio(self) -> Decimal:
        """The percentage of :attr:`total` that was delivered."""
        ratio = Decimal(100 * self.delivered) / self.total if self.total else Decimal(0)
        return round(ratio, 2)


_COLUMNS: Mapping[State, str] = {
    State.SCHEDULED: "in_process",
    State.ACCEPTED: "in_process",
    State.ENROUTE: "sent",
    State.DELIVERED: "delivered",
    State.READ: "delivered",
    State.CLICKED: "delivered",
    State.EXPIRED: "expired",
    State.DELETED: "rejected",
    State.REJECTED: "rejected",
    State.UNDELIVERABLE: "errors",
    State.BOUNCED: "errors",
    State.UNKNOWN: "errors",
}
_ERRORS = frozenset({"WRONG_SOURCE", "WRONG_DESTINATION"})
"""Reasons that are errors, though the state is REJECTED."""


def statistics(tally: Mapping[Step, int]) -> Statistics:
    """The columns of what :meth:`World.tally <devino_sandbox.World.tally>` counts."""
    columns: Counter[str] = Counter()
    for step, count in tally.items():
        wrong = step.reason in _ERRORS
        columns["errors" if wrong else _COLUMNS[step.state]] += count
    return Statistics(*[columns[name] for name in Statistics._fields])
