"""What is remembered, how often something may be done, and what several processes see of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from devino_core import ConnectFailed, DevinoError, OutcomeUnknown, Throttled
from devino_core.remembered import Fact, Limit, Limits, Seen
from devino_core.testing import ManualClock

T = TypeVar("T")

HOUR = 3600.0


def now(work: Coroutine[Any, Any, T]) -> T:
    """What it gives; it may not wait for anything, as atomic work does not."""
    with pytest.raises(StopIteration) as ended:
        work.send(None)
    value: T = ended.value.value
    return value


def limit(key: str, most: int = 1, holder: str | None = None) -> Limit:
    return Limit(key, most, HOUR, holder)


async def wait(limits: Limits, *taken: Limit) -> float:
    """The seconds to wait, 0 where there was a place."""
    try:
        async with limits.counted(taken, "too often"):
            pass
    except Throttled as error:
        return error.retry_after or 0
    return 0


async def fails(limits: Limits, error: DevinoError, *taken: Limit) -> None:
    with pytest.raises(type(error)):
        async with limits.counted(taken, "too often"):
            raise error


def test_a_fact_stays_for_as_long_as_it_counts() -> None:
    clock, seen = ManualClock(), Seen()
    fact = Fact(clock.now() + timedelta(seconds=60), "a reply")
    assert now(seen.add("key", fact, now=clock.now()))
    other = fact._replace(value="another")
    assert not now(seen.add("key", other, now=clock.now()))
    assert now(seen.seen("other", "key", now=clock.now())) == [None, fact]
    clock.advance(60)
    assert now(seen.seen("key", now=clock.now())) == [None]
    now(seen.forget("key", "never there"))
    assert len(seen) == 0


def test_memory_is_bounded_and_the_oldest_facts_go_first(caplog: pytest.LogCaptureFixture) -> None:
    clock, seen = ManualClock(), Seen(limit=100)
    limits = Limits(seen, clock)
    for number in range(1000):
        assert now(wait(limits, limit(str(number)))) == 0
        clock.advance(1)
        assert len(seen) <= 100
    assert now(wait(limits, limit("900"))) == HOUR - 100
    assert now(wait(limits, limit("899"))) == 0
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    # One for each hundred.
    assert len(caplog.records) == 10


def test_of_limits_that_cannot_all_be_kept_no_place_is_taken() -> None:
    limits = Limits(Seen(), ManualClock())
    assert now(wait(limits, limit("full"))) == 0
    assert now(wait(limits, limit("free"), limit("full"))) == HOUR
    assert now(wait(limits, limit("free"))) == 0


def test_a_holder_keeps_its_place_and_its_time_begins_anew() -> None:
    clock = ManualClock()
    limits = Limits(Seen(), clock)
    assert now(wait(limits, limit("key", holder="a"))) == 0
    clock.advance(60)
    assert now(wait(limits, limit("key", holder="a"))) == 0
    assert now(wait(limits, limit("key", holder="b"))) == HOUR
    # Nor does it lose the place where another limit holds it back.
    assert now(wait(limits, limit("full"))) == 0
    assert now(wait(limits, limit("key", holder="a"), limit("full"))) == HOUR
    assert now(wait(limits, limit("key", holder="b"))) == HOUR


def test_what_changed_nothing_does_not_count_but_a_holder_keeps_its_place() -> None:
    limits = Limits(Seen(), ManualClock())
    now(fails(limits, ConnectFailed("away"), limit("key"), limit("held", holder="a")))
    assert now(wait(limits, limit("key"))) == 0
    assert now(wait(limits, limit("held", holder="b"))) == HOUR


def test_what_may_have_been_done_counts_until_it_is_cleared() -> None:
    limits = Limits(Seen(), ManualClock())
    now(fails(limits, OutcomeUnknown("no answer"), limit("key")))
    assert now(wait(limits, limit("key"))) == HOUR
    now(limits.clear(limit("key")))
    assert now(wait(limits, limit("key"))) == 0


def test_without_a_limit_there_is_always_a_place() -> None:
    limits = Limits(Seen(), ManualClock())
    assert [now(wait(limits, limit("key", most=0), limit(str(n)))) for n in range(9)] == [0] * 9
    assert now(wait(limits, limit("key", most=0))) == 0


def test_what_is_done_all_the_time_does_not_pile_up() -> None:
    clock, seen = ManualClock(), Seen()
    limits = Limits(seen, clock)
    for _ in range(1000):
        assert now(wait(limits, limit("key", most=7))) == 0
        clock.advance(600)
    assert len(seen) <= 6


def test_a_place_that_another_process_took_first_is_looked_for_again() -> None:
    class Shared(Seen):
        """Another process takes the first place after we have looked."""

        async def add(self, key: str, fact: Fact, /, *, now: Any) -> bool:
            if key == "key 0" and not len(self):
                await super().add(key, fact, now=now)
            return await super().add(key, fact, now=now)

    limits = Limits(Shared(), ManualClock())
    assert now(wait(limits, limit("key", most=2))) == 0
    assert now(wait(limits, limit("key", most=2))) == HOUR


async def test_what_has_one_turn_is_done_one_after_the_other() -> None:
    limits, began = Limits(Seen(), ManualClock()), list[str]()

    async def work(name: str, turn: str | None) -> None:
        async with limits.counted([limit(name)], "too often", turn=turn):
            began.append(name)
            await asyncio.sleep(0)
            began.append(f"end of {name}")

    await asyncio.gather(work("a", "one"), work("b", "one"))
    assert began == ["a", "end of a", "b", "end of b"]
    began.clear()
    await asyncio.gather(work("c", "one"), work("d", "another"), work("e", None))
    assert began[:3] == ["c", "d", "e"]


async def test_who_waits_for_a_turn_sees_the_limit_that_was_reached_before_it() -> None:
    limits = Limits(Seen(), ManualClock())

    async def work() -> float:
        try:
            async with limits.counted([limit("key")], "too often", turn="one"):
                await asyncio.sleep(0)
        except Throttled as error:
            return error.retry_after or 0
        return 0

    assert [*await asyncio.gather(work(), work(), work())] == [0, HOUR, HOUR]
