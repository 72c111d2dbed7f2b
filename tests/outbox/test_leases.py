"""A worker that lives by a lease, over a store that is slow to answer."""

from __future__ import annotations

from devino_core.outbox import Entry, MemoryStore, Phase, Want
from devino_core.testing import ManualClock

from ._world import Scripted, message, world


class Slow(MemoryStore):
    """The first claim that finds something takes longer than half of a lease."""

    leases = True

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.driven = clock
        self.was_slow = False

    async def claim(self, want: Want) -> list[Entry]:
        claimed = await super().claim(want)
        if claimed and not self.was_slow:
            self.was_slow = True
            self.driven.advance(16)
        return claimed


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
