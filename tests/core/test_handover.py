"""Events that wait are handed over one by one, or as many as there are."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple

from devino_core import Event
from devino_core.push import Handover


class Held(NamedTuple):
    event: Event


class Kept(Handover[Held]):
    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: list[str] = []

    def acknowledge(self, held: Held) -> None:
        self.acknowledged.append(held.event.id)

    def come(self, *ids: str) -> None:
        for one in ids:
            self.put(Held(Event(id=one, at=datetime(2026, 1, 1, tzinfo=UTC))))


async def test_a_list_is_acknowledged_when_the_next_is_asked_for() -> None:
    kept = Kept()
    kept.come("1", "2", "3")
    async with aclosing(kept.batches(2)) as batches:
        assert [event.id for event in await anext(batches)] == ["1", "2"]
        assert kept.acknowledged == []
        assert [event.id for event in await anext(batches)] == ["3"]
        assert kept.acknowledged == ["1", "2"]


async def test_a_list_that_was_not_taken_is_given_again_in_order() -> None:
    kept = Kept()
    kept.come("1", "2")
    async with aclosing(kept.batches()) as batches:
        await anext(batches)
        kept.come("3")
    assert kept.acknowledged == []
    async with aclosing(kept.batches()) as batches:
        assert [event.id for event in await anext(batches)] == ["1", "2", "3"]


async def test_the_lists_end_when_it_is_closed() -> None:
    kept = Kept()
    kept.close()
    assert [batch async for batch in kept.batches()] == []
