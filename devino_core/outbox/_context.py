"""What the parts of a worker share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from devino_core.clock import Clock
from devino_core.errors import DevinoError, Unsupported
from devino_core.observe import Observers

from ._changes import EventKind, Move, News, Note
from ._channels import AnyChannel, Channels, Rules, observers_of, real_name, rules_of
from ._entry import Entry
from ._figures import tell_changes, tell_time
from ._outbox import Outbox
from ._phases import Phase
from ._recent import Recent
from ._settings import OutboxSettings
from ._store import LeaseLost, Query, Store
from ._turns import Turns

__all__ = ["Context", "late_note"]


class Context:
    """A worker's outbox, client and life."""

    def __init__(self, outbox: Outbox, client: Channels) -> None:
        self.outbox = outbox
        self.client = client
        self.rules: Rules = rules_of(client)
        self.observers: Observers = observers_of(client)
        self.turns = Turns()
        self.recent = Recent(outbox.clock, outbox.settings.kept_for)
        self.worker = 0
        self.lived_at = 0.0
        self.is_stopping = False

    @property
    def store(self) -> Store:
        return self.outbox.store

    @property
    def settings(self) -> OutboxSettings:
        return self.outbox.settings

    @property
    def clock(self) -> Clock:
        return self.outbox.clock

    @property
    def hold(self) -> timedelta:
        return timedelta(seconds=self.settings.hold)

    async def beat(self) -> None:
        """Tell the store that this worker lives; as a new one if it counts as dead."""
        began = self.clock.monotonic()
        try:
            with self.sure():
                self.worker = await self.store.beat(self.worker or None, self.hold)
        except LeaseLost:
            self.worker = await self.store.beat(None, self.hold)
        self.lived_at = began

    @contextmanager
    def sure(self) -> Iterator[None]:
        """Remember nothing once the store has failed: from then on another server may answer, which
        knows less, and gives numbers again."""
        try:
            yield
        except DevinoError:
            self.recent.forget()
            raise

    @property
    def may_send(self) -> bool:
        """Whether this worker surely still counts as alive: half of the lease is left."""
        if not self.store.leases:
            return True
        return self.clock.monotonic() - self.lived_at < self.settings.hold / 2

    def channel(self, name: str) -> AnyChannel | None:
        """The channel that a lane or a leg names; None: this client has none such."""
        try:
            return self.client.channels.get(real_name(name, self.client))
        except Unsupported:
            return None

    async def move(self, moves: Sequence[Move]) -> list[bool]:
        """Make moves, and wake whoever they give work to."""
        began = self.clock.monotonic()
        with self.sure():
            done = await self.store.move(moves)
        if moves:
            tell_time(self.observers, "outbox_commit_seconds", self.clock.monotonic() - began)
            tell_changes(self.observers, moves, done)
        for move, so in zip(moves, done, strict=True):
            if so and move.to is Phase.QUEUED:
                self.outbox.wake(move.lane)
        self.outbox.tell_moved(moves, done)
        return done

    async def by_number(self, entries: Sequence[Entry]) -> dict[int, Entry]:
        """These entries as they are now."""
        refs = tuple(entry.ref for entry in entries)
        found = await self.store.find(Query(refs=refs), "", len(refs))
        return {entry.id: entry for entry in found}


def late_note(entry: Entry, move: Move) -> Note:
    """What became of an entry that was resolved otherwise meanwhile."""
    return Note(
        entry=entry.id,
        news=News(
            kind=EventKind.LATE_RECEIPT,
            ref=entry.ref,
            channel=entry.lane.channel,
            leg=entry.leg,
            status=None if move.news is None else move.news.status,
            reason="it was resolved otherwise meanwhile, and perhaps sent twice",
        ),
    )
