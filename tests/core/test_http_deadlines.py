"""The one timer of a session: each call ends in its time, and only by its own end."""

from __future__ import annotations

import asyncio

import pytest

from devino_core.http._deadlines import Deadline, Deadlines

pytestmark = pytest.mark.pythons


async def waiting(deadlines: Deadlines, seconds: float = 60) -> None:
    with Deadline(deadlines):
        await asyncio.sleep(seconds)


async def test_each_call_ends_when_its_own_time_is_over() -> None:
    deadlines = Deadlines(0.1)
    loop = asyncio.get_running_loop()
    lasted = []

    async def late(after: float) -> None:
        await asyncio.sleep(after)
        began = loop.time()
        with pytest.raises(TimeoutError):
            await waiting(deadlines)
        lasted.append(loop.time() - began)

    await asyncio.gather(*[late(place / 50) for place in range(5)])
    assert len(lasted) == 5
    assert min(lasted) >= 0.099


async def test_a_call_that_ends_before_is_not_cancelled_later() -> None:
    deadlines = Deadlines(0.02)
    await waiting(deadlines, 0)
    await asyncio.sleep(0.05)
    with pytest.raises(TimeoutError):
        await waiting(deadlines)
    await asyncio.sleep(0.05)


async def test_a_caller_who_cancels_sees_a_cancellation() -> None:
    task = asyncio.create_task(waiting(Deadlines(60)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_caller_who_cancels_when_the_time_is_over_sees_a_cancellation() -> None:
    deadlines = Deadlines(60)
    task = asyncio.create_task(waiting(deadlines))
    await asyncio.sleep(0)
    (deadline,) = deadlines.running
    task.cancel()
    deadline.expire()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelling() == 1


async def test_the_callers_own_timeout_is_told_from_that_of_the_call() -> None:
    deadlines = Deadlines(60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await waiting(deadlines)
    assert not deadlines.running
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_an_error_within_is_that_error() -> None:
    with pytest.raises(ValueError, match="mine"), Deadline(Deadlines(60)):
        raise ValueError("mine")


async def test_a_session_that_closes_leaves_no_timer() -> None:
    deadlines = Deadlines(60)
    await waiting(deadlines, 0)
    deadlines.close()
    assert deadlines.timer is None
