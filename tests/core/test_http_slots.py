"""The slots of a session: so many calls at a time, and each ends in its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from devino_core.http._slots import Slot, Slots

pytestmark = pytest.mark.pythons


async def waiting(slots: Slots, seconds: float = 60) -> None:
    if not slots.take():
        await slots.wait()
    with Slot(slots):
        await asyncio.sleep(seconds)


async def test_each_call_ends_when_its_own_time_is_over() -> None:
    slots = Slots(9, 0.1)
    loop = asyncio.get_running_loop()
    lasted = []

    async def late(after: float) -> None:
        await asyncio.sleep(after)
        began = loop.time()
        with pytest.raises(TimeoutError):
            await waiting(slots)
        lasted.append(loop.time() - began)

    await asyncio.gather(*[late(place / 50) for place in range(5)])
    assert len(lasted) == 5
    assert min(lasted) >= 0.099


async def test_a_call_that_ends_before_is_not_cancelled_later() -> None:
    slots = Slots(9, 0.02)
    await waiting(slots, 0)
    await asyncio.sleep(0.05)
    with pytest.raises(TimeoutError):
        await waiting(slots)
    await asyncio.sleep(0.05)


async def test_a_caller_who_cancels_sees_a_cancellation() -> None:
    task = asyncio.create_task(waiting(Slots(9, 60)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_caller_who_cancels_when_the_time_is_over_sees_a_cancellation() -> None:
    slots = Slots(9, 60)
    task = asyncio.create_task(waiting(slots))
    await asyncio.sleep(0)
    (slot,) = slots.running
    task.cancel()
    slot.expire()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelling() == 1


async def test_the_callers_own_timeout_is_told_from_that_of_the_call() -> None:
    slots = Slots(9, 60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await waiting(slots)
    assert not slots.running
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_an_error_within_is_that_error() -> None:
    with pytest.raises(ValueError, match="mine"), Slot(Slots(9, 60)):
        raise ValueError("mine")


async def test_a_session_that_closes_leaves_no_timer() -> None:
    slots = Slots(9, 60)
    await waiting(slots, 0)
    slots.close()
    assert slots.timer is None


async def test_calls_go_in_the_order_in_which_they_came() -> None:
    slots, order = Slots(2, 60), list[int]()

    async def call(place: int) -> None:
        if not slots.take():
            await slots.wait()
        with Slot(slots):
            order.append(place)
            assert len(slots.running) <= 2
            await asyncio.sleep(0)

    first = [asyncio.create_task(call(place)) for place in range(6)]
    await asyncio.sleep(0)
    # The first two give their slots back in this turn: not to one that comes now.
    await asyncio.gather(*first, *[call(place) for place in range(6, 12)])
    assert order == list(range(12))
    assert [slots.take() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("was_given", [False, True])
async def test_a_caller_who_no_longer_waits_loses_no_slot(was_given: bool) -> None:
    slots = Slots(1, 60)
    assert slots.take()
    waiters = [asyncio.create_task(waiting(slots)) for _ in range(3)]
    await asyncio.sleep(0)
    steps: list[Callable[[], object]] = [slots.give_back, waiters[0].cancel]
    for step in steps if was_given else reversed(steps):
        step()
    await asyncio.wait(waiters[:1])
    await asyncio.sleep(0)
    assert len(slots.running) == 1
    for each in waiters[1:]:
        each.cancel()
    await asyncio.wait(waiters)
    assert [slots.take(), slots.take()] == [True, False]


async def test_a_call_whose_time_is_over_gives_its_slot_back() -> None:
    slots = Slots(1, 60)
    first, second = [asyncio.create_task(waiting(slots)) for _ in range(2)]
    await asyncio.sleep(0)
    (slot,) = slots.running
    slot.expire()
    with pytest.raises(TimeoutError):
        await first
    await asyncio.sleep(0)
    assert len(slots.running) == 1
    second.cancel()
    await asyncio.wait({second})
    assert slots.take()
