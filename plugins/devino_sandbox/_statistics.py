"""The platform's statistics of SMS, as every protocol that has them counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from devino_codecs.rest import SmsStateCode

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


# The states that are no errors, by the column in which they are counted.
_COLUMNS: Mapping[int | None, str] = {
    SmsStateCode.QUEUED: "in_process",
    SmsStateCode.SENT: "sent",
    SmsStateCode.DELIVERED: "delivered",
    SmsStateCode.EXPIRED: "expired",
    SmsStateCode.DELETED: "rejected",
    SmsStateCode.REJECTED_BY_SMSC: "rejected",
    SmsStateCode.REJECTED_BY_PLATFORM: "rejected",
    SmsStateCode.REJECTED: "rejected",
}


def statistics(tally: Mapping[Step, int]) -> Statistics:
    """The columns of what :meth:`World.tally <devino_sandbox.World.tally>` counts."""
    columns: Counter[str] = Counter()
    for step, count in tally.items():
        columns[_COLUMNS.get(step.code, "errors")] += count
    return Statistics(*[columns[name] for name in Statistics._fields])
