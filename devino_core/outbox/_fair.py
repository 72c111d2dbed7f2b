"""Who is served next: REALTIME first, then priorities by their shares, then tenants in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heapreplace

from devino_core._content import Priority

from ._entry import Lane
from ._store import Slot

__all__ = ["Fairness"]

_SHARES: Mapping[Priority, float] = {Priority.HIGH: 8, Priority.NORMAL: 4, Priority.LOW: 1}


class Fairness:
    """Shares what a channel can take among the lanes where something waits.

    Every lane has a clock of its own, which each message moves on by one over the lane's share; the
    lane whose clock is least goes next. A lane that was empty begins with the others' time: it gets
    no credit for having waited for nothing.
    """

    def __init__(self) -> None:
        self._weights: Mapping[str, float] = {}
        self._tenants: dict[Lane, float] = {}
        self._priorities: dict[Priority, float] = {}
        self._busy: dict[Lane, None] = {}

    def weigh(self, weights: Mapping[str, float]) -> None:
        """The weights of tenants; 1 for the others."""
        self._weights = weights

    def waits(self, lanes: Iterable[Lane]) -> None:
        """Something waits, or may wait, in these lanes."""
        for lane in lanes:
            if lane not in self._busy:
                self._busy[lane] = None
                peers = [one for one in self._busy if one.priority is lane.priority]
                times = [self._tenants[one] for one in peers if one in self._tenants]
                self._tenants[lane] = max(self._tenants.get(lane, 0.0), min(times, default=0.0))
                self._join(lane.priority)

    @property
    def busy(self) -> Iterable[Lane]:
        """The lanes where something waits."""
        return self._busy

    @property
    def suspects(self) -> list[Lane]:
        """The lanes whose messages go alone."""
        return [lane for lane in self._busy if lane.suspect]

    def urgent(self, limit: int) -> tuple[Slot, ...]:
        """The lanes that go before all others, in turn."""
        return tuple(
            Slot(lane, limit)
            for lane in self._in_turn(self._busy)
            if lane.priority is Priority.REALTIME and not lane.suspect
        )

    def bulk(self, limit: int) -> tuple[Slot, ...]:
        """The other lanes: each with its part first, then with what the others do not use."""
        lanes = [
            lane
            for lane in self._busy
            if lane.priority is not Priority.REALTIME and not lane.suspect
        ]
        if not lanes:
            return ()
        parts = self._parts(lanes, limit)
        others = [lane for lane in self._in_turn(lanes) if lane not in parts]
        return (
            *[Slot(lane, part) for lane, part in parts.items()],
            *[Slot(lane, limit) for lane in (*parts, *others) if parts.get(lane) != limit],
        )

    def served(self, counts: Mapping[Lane, int]) -> None:
        """So many messages were taken of each lane."""
        for lane, count in counts.items():
            self._tenants[lane] = self._tenants.get(lane, 0.0) + count / self._weight(lane)
            if lane.priority in _SHARES:
                now = self._priorities.get(lane.priority, 0.0)
                self._priorities[lane.priority] = now + count / _SHARES[lane.priority]

    def empty(self, lanes: Iterable[Lane]) -> None:
        """Nothing waits there now."""
        for lane in lanes:
            self._busy.pop(lane, None)
        if not self._busy:
            # Nobody is owed anything: begin anew, so that the clocks do not grow for ever.
            self._tenants.clear()
            self._priorities.clear()

    def _in_turn(self, lanes: Iterable[Lane]) -> list[Lane]:
        return sorted(lanes, key=lambda lane: self._tenants.get(lane, 0.0))

    def _join(self, priority: Priority) -> None:
        busy = {lane.priority for lane in self._busy} - {priority}
        times = [self._priorities[one] for one in busy if one in self._priorities]
        mine = self._priorities.get(priority, 0.0)
        self._priorities[priority] = max(mine, min(times, default=0.0))

    def _parts(self, lanes: list[Lane], count: int) -> dict[Lane, int]:
        """How the next ``count`` messages fall to lanes, in the order of their first turns."""
        if len(lanes) == 1:
            return {lanes[0]: count}
        lines: dict[Priority, list[tuple[float, int, Lane]]] = {}
        for number, lane in enumerate(lanes):
            at = self._tenants.get(lane, 0.0)
            lines.setdefault(lane.priority, []).append((at, number, lane))
        for line in lines.values():
            heapify(line)
        times = {priority: self._priorities.get(priority, 0.0) for priority in lines}
        parts: dict[Lane, int] = {}
        for _ in range(count):
            priority = min(times, key=times.__getitem__)
            times[priority] += 1 / _SHARES[priority]
            at, number, lane = lines[priority][0]
            parts[lane] = parts.get(lane, 0) + 1
            heapreplace(lines[priority], (at + 1 / self._weight(lane), number, lane))
        return parts

    def _weight(self, lane: Lane) -> float:
        return self._weights.get(lane.tenant, 1.0)
