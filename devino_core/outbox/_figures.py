"""The outbox's figures, for observers that want them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from devino_core._status import State
from devino_core.observe import Figure, Observers

from ._changes import Change, EventKind
from ._entry import Lane
from ._store import Tally

__all__ = ["tell_changes", "tell_count", "tell_standing", "tell_tally", "tell_time"]

_COUNTED = {
    EventKind.SENT: "outbox_sent",
    EventKind.DONE: "outbox_ended",
    EventKind.IN_DOUBT: "outbox_doubts",
    EventKind.RESOLVED: "outbox_resolved",
    EventKind.DEAD: "outbox_dead",
    EventKind.LATE_RECEIPT: "outbox_late_receipts",
}


def tell_changes(observers: Observers, changes: Sequence[Change], done: Sequence[bool]) -> None:
    """Count what changes say that were made."""
    if not observers.want_figures:
        return
    counts: Counter[tuple[str, str, str]] = Counter()
    for change, so in zip(changes, done, strict=True):
        news = getattr(change, "news", None)
        if so and news is not None and news.kind in _COUNTED:
            state = State.UNKNOWN if news.status is None else news.status.state
            ended = state.name if news.kind is EventKind.DONE else ""
            counts[_COUNTED[news.kind], news.channel, ended] += 1
    for (name, channel, ended), count in counts.items():
        labels = {"channel": channel, **({"state": ended} if ended else {})}
        observers.figure(Figure(name=name, value=count, sort="counter", labels=labels))


def tell_count(observers: Observers, name: str, lanes: Iterable[Lane]) -> None:
    """Count messages by their channels."""
    if observers.want_figures:
        for channel, count in Counter(lane.channel for lane in lanes).items():
            labels = {"channel": channel}
            observers.figure(Figure(name=name, value=count, sort="counter", labels=labels))


def tell_time(observers: Observers, name: str, seconds: float) -> None:
    """How long something took."""
    if observers.want_figures:
        observers.figure(Figure(name=name, value=seconds, sort="duration"))


def tell_standing(observers: Observers, name: str, value: float, channel: str) -> None:
    """How a channel stands."""
    if observers.want_figures:
        observers.figure(Figure(name=name, value=value, labels={"channel": channel}))


def tell_tally(observers: Observers, tally: Tally) -> None:
    """How much there is."""
    if observers.want_figures:
        for figure in _standing(tally):
            observers.figure(figure)


def _standing(tally: Tally) -> Iterator[Figure]:
    for lane, counts in tally.counts.items():
        for phase, count in counts.items():
            labels = {**_labels(lane), "phase": phase.name}
            yield Figure(name="outbox_depth", value=count, labels=labels)
        oldest = tally.oldest.get(lane)
        age = 0.0 if oldest is None else max(0.0, (tally.at - oldest).total_seconds())
        yield Figure(name="outbox_oldest_due_seconds", value=age, labels=_labels(lane))
    for name, limit in tally.limits.items():
        held = float(limit.held is not None)
        yield Figure(name="outbox_held", value=held, labels={"channel": name})
    yield Figure(name="outbox_workers", value=tally.workers)
    for name, value in tally.gauges.items():
        yield Figure(name=f"outbox_{name}", value=value)


def _labels(lane: Lane) -> dict[str, str]:
    return {"channel": lane.channel, "priority": lane.priority.name, "tenant": lane.tenant}
