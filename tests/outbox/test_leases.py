"""A worker that lives by a lease, over a store that is slow to answer."""

from __future__ import annotations

from datetime import timedelta

from devino_core import Unavailable
from devino_core.outbox import Entry, MemoryStore, Phase, Want
from devino_core.testing import ManualClock

from ._world import Scripted, message, world


class Slow(MemoryStore):
    """The first claim that finds something takes longer than half of a lease, as does the beat
    beside it."""

    leases = True

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.driven = clock
        self.was_slow = False
        self.is_cut = False

    async def claim(self, want: Want) -> list[Entry]:
        claimed = await super().claim(want)
        if claimed and not self.was_slow:
            self.was_slow = True
            self.driven.advance(16)
            self.is_cut = True
        return claimed

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        if self.is_cut:
            self.is_cut = False
            raise Unavailable("no answer")
        return await super().beat(worker, hold)


async def test_what_was_claimed_too_slowly_waits_again_and_is_sent_once() -> None:
    clock = ManualClock()
    channel = Scripted(clock=clock)
    async with world(channel, store=Slow(clock), clock=clock, hold=30) as made:
        await made.outbox.enqueue(message("ref"), channel="wire")
        await made.until(lambda: bool(channel.sent))
        assert channel.refs == ["ref"]
        await made.pass_time(1)
        entry = await made.entry("ref")
        assert (entry.phase, entry.attempt) == (Phase.SENT, 2)
