"""The clock that tests drive."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from devino_core.clock import ManualClock

pytestmark = pytest.mark.pythons

START = datetime(2026, 1, 1, tzinfo=UTC)


async def test_time_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(START)
    await asyncio.sleep(0)
    assert (clock.now(), clock.monotonic()) == (START, 0.0)
    clock.advance(1.5)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=1.5), 1.5)


async def test_a_sleeper_wakes_at_its_deadline_and_not_before() -> None:
    clock = ManualClock()
    sleeping = asyncio.create_task(clock.sleep(0.3))
    await clock.tick(0.299999)
    assert not sleeping.done()
    await clock.tick(0.000001)
    assert sleeping.done()


async def test_one_tick_wakes_a_task_that_sleeps_again_at_the_right_times() -> None:
    clock = ManualClock()
    woken = []

    async def every(seconds: float) -> None:
        while True:
            await clock.sleep(seconds)
            woken.append(clock.monotonic())

    ticking = asyncio.create_task(every(0.1))
    await clock.tick(0.35)
    assert woken == [0.1, 0.2, 0.3]
    assert clock.monotonic() == 0.35
    ticking.cancel()


async def test_an_advance_is_one_jump() -> None:
    clock = ManualClock()
    woken = []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    sleepers = [asyncio.create_task(sleep(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0)
    clock.advance(5)
    await asyncio.gather(*sleepers)
    assert woken == [(1, 5.0), (2, 5.0), (3, 5.0)]


async def test_a_task_that_gave_up_waiting_is_not_woken() -> None:
    clock = ManualClock()
    sleeping = asyncio.create_task(clock.sleep(1))
    await clock.tick(0)
    sleeping.cancel()
    await clock.tick(2)
    assert sleeping.cancelled()


async def test_sleeping_for_no_time_needs_no_tick() -> None:
    await ManualClock().sleep(0)
    await ManualClock().sleep(-1)


@pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf"), 1e300])
async def test_time_that_cannot_pass(seconds: float) -> None:
    clock = ManualClock(START)
    with pytest.raises(ValueError, match="time"):
        clock.advance(seconds)
    with pytest.raises(ValueError, match="time"):
        await clock.tick(seconds)
    assert clock.now() == START


def test_the_start_is_an_instant() -> None:
    zone = timezone(timedelta(hours=3))
    assert ManualClock(START.astimezone(zone)).now().tzinfo is UTC
    with pytest.raises(ValueError, match="aware"):
        ManualClock(START.replace(tzinfo=None))


async def test_a_wall_clock_that_is_set_wakes_nobody_and_keeps_steady_time() -> None:
    clock = ManualClock(START)
    sleeping = asyncio.create_task(clock.sleep(60))
    await clock.tick(10)
    clock.set_to(START - timedelta(days=2))
    assert (clock.now(), clock.monotonic()) == (START - timedelta(days=2), 10.0)
    await clock.tick(49)
    assert not sleeping.done()
    await clock.tick(1)
    assert sleeping.done()
    with pytest.raises(ValueError, match="aware"):
        clock.set_to(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_a_program_without_pytest_can_drive_time() -> None:
    program = "import sys; sys.modules['pytest'] = None; from devino_core.clock import ManualClock"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
