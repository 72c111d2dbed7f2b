"""Who goes first: rates, priorities, tenants."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import Priority
from devino_core.outbox import Lane, MemoryStore, Outbox, Slot, Worker
from devino_core.outbox._fair import Fairness
from devino_core.outbox._gcra import SECOND, taken
from devino_core.testing import ManualClock

from ._world import Scripted, Watched, World, message, world


async def test_how_long_messages_wait_for_a_rate_is_told() -> None:
    clock, channel = ManualClock(), Scripted()
    client = Watched(channel)
    settings = {"channels": {"wire": {"rate": 1}}}
    async with Outbox(MemoryStore(clock), settings=settings, clock=clock) as outbox:
        worker = Worker(outbox, client)
        await worker.open()
        await outbox.enqueue_many([message(f"ref{n}") for n in range(10)], channel="wire")
        waits = []
        for seconds in (4, 20):
            await clock.tick(seconds)
            told = [one for one in client.figures.figures if "tokens" in one.name]
            assert told[-1].labels == {"channel": "wire"}
            waits.append(told[-1].value)
        assert len(channel.sent) == 10
        closing = asyncio.ensure_future(worker.aclose())
        await clock.tick(1)
        await closing
    assert waits == [pytest.approx(4, abs=1), 0]


@given(
    st.floats(0.1, 5000),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, 3 * SECOND), st.integers(0, 100)), max_size=50),
)
def test_a_rate_is_never_passed(rate: float, burst: int, asked: list[tuple[int, int]]) -> None:
    tat, now = 0, 10**18
    given_at: list[tuple[int, int]] = []
    for wait, wanted in asked:
        now += wait
        granted, tat = taken(tat, now, rate, burst, wanted)
        assert 0 <= granted <= min(wanted, burst)
        given_at.append((now, granted))
    for start, (begin, _) in enumerate(given_at):
        total = 0
        for end, count in given_at[start:]:
            total += count
            assert total <= rate * (end - begin) / SECOND + burst + 1e-6


def test_a_rate_is_reached() -> None:
    tat, total = 0, 0
    for now in range(0, 60 * SECOND, SECOND // 100):
        granted, tat = taken(tat, 10**18 + now, 500.0, 5, 1000)
        total += granted
    assert total == pytest.approx(60 * 500, rel=0.01)


async def test_a_rate_holds_over_all_workers() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    pace = {"wire": {"rate": 50, "burst": 5, "in_flight": 100}}
    channel = Scripted()
    async with world(channel, store=store, clock=clock, channels=pace) as w:
        others = [World(store, clock, channel, channels=pace) for _ in range(3)]
        for other in others:
            await other.worker.open()
        await w.outbox.enqueue_many([message(f"ref{n}") for n in range(2000)], channel="wire")
        start, counts = clock.monotonic(), []
        for _ in range(200):
            await clock.tick(0.1)
            counts.append(len(channel.sent))
            assert len(channel.sent) <= 50 * (clock.monotonic() - start) + 5 + 1e-6
        assert len(channel.sent) == pytest.approx(50 * 20, rel=0.02)
        for other in others:
            await other.worker.aclose()


async def test_an_account_is_shared_by_two_channels() -> None:
    pace = {
        name: {"rate": 10, "burst": 1, "account": "login", "in_flight": 100} for name in ("a", "b")
    }
    one, two = Scripted("a"), Scripted("b")
    async with world(one, two, channels=pace) as w:
        await w.outbox.enqueue_many([message(f"a{n}") for n in range(300)], channel="a")
        await w.outbox.enqueue_many([message(f"b{n}") for n in range(300)], channel="b")
        await w.pass_time(10)
        assert len(one.sent) + len(two.sent) <= 10 * 10 + 1


async def test_a_code_goes_before_any_bulk() -> None:
    pace = {"wire": {"rate": 100, "burst": 5, "in_flight": 100}}
    async with world(channels=pace) as w:
        await w.outbox.enqueue_many([message(f"ref{n}") for n in range(2000)])
        await w.pass_time(2)
        before = len(w.channel.sent)
        await w.outbox.enqueue(message("code", priority=Priority.REALTIME))
        await w.pass_time(0.1)
        assert "code" in w.channel.refs[: before + 15]


async def test_bulk_leaves_a_part_of_the_window() -> None:
    async with world(channels={"wire": {"in_flight": 10}}) as w:
        gate = asyncio.Event()

        async def wait_for_it(messages: object) -> None:
            await gate.wait()

        w.channel.before = wait_for_it
        await w.outbox.enqueue_many([message(f"ref{n}") for n in range(100)])
        await w.pass_time(5)
        assert sum(w.channel.batches) == 8
        await w.outbox.enqueue(message("code", priority=Priority.REALTIME))
        await w.pass_time(0.1)
        assert sum(w.channel.batches) == 9
        gate.set()


async def test_a_small_tenant_waits_for_one_round_only() -> None:
    pace = {"wire": {"rate": 100, "burst": 10, "in_flight": 10}}
    async with world(channels=pace) as w:
        many = [message(f"big{n}") for n in range(3000)]
        await w.outbox.enqueue_many(many, tenant="big")
        await w.pass_time(3)
        before = len(w.channel.sent)
        await w.outbox.enqueue(message("small"), tenant="small")
        await w.pass_time(1)
        assert "small" in w.channel.refs[: before + 25]


def _served(weights: dict[str, float], lanes: list[Lane], rounds: int) -> Counter[Lane]:
    """How many each lane gets, if all of them always have something."""
    fairness = Fairness()
    fairness.weigh(weights)
    fairness.waits(lanes)
    total: Counter[Lane] = Counter()
    for _ in range(rounds):
        counts: Counter[Lane] = Counter()
        for slot in fairness.bulk(10):
            counts[slot.lane] += min(slot.most, 10 - counts.total())
        fairness.served(counts)
        total += counts
    return total


def test_tenants_share_by_weight_and_priorities_by_theirs() -> None:
    a, b = Lane("x", tenant="a"), Lane("x", tenant="b")
    counts = _served({"a": 3}, [a, b], 100)
    assert counts[a] == pytest.approx(3 * counts[b], rel=0.05)
    high, normal, low = (
        Lane("x", priority) for priority in (Priority.HIGH, Priority.NORMAL, Priority.LOW)
    )
    counts = _served({}, [low, normal, high], 130)
    assert counts[high] == pytest.approx(800, abs=20)
    assert counts[normal] == pytest.approx(400, abs=20)
    assert counts[low] == pytest.approx(100, abs=20)


def test_who_had_nothing_gets_no_credit() -> None:
    a, b = Lane("x", tenant="a"), Lane("x", tenant="b")
    fairness = Fairness()
    fairness.waits([a])
    fairness.served({a: 10_000})
    fairness.waits([b])
    assert set(fairness.bulk(10)[:2]) == {Slot(a, 5), Slot(b, 5)}


def test_suspects_are_not_among_the_others() -> None:
    fairness = Fairness()
    suspect = Lane("x", Priority.REALTIME, suspect=True)
    fairness.waits([suspect, Lane("x", suspect=True)])
    assert fairness.urgent(9) == fairness.bulk(9) == ()
    assert len(fairness.suspects) == 2
