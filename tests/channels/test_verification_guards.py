"""The guards of two-factor codes against a model that keeps everything and looks at all of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import ConnectFailed, DevinoError, OutcomeUnknown, Throttled, Unsupported
from devino_core.outbox import MemoryStore, Outbox
from devino_core.remembered import Limits, Seen
from devino_core.testing import ManualClock
from devino_plugins.verification import Check, Verification
from devino_plugins.verification._service import HOUR
from tests.channels._verification import always, settings, wired

NUMBERS = ["79031230000", "79031230001", "79031230002", "79041230000"]


class Step(NamedTuple):
    seconds: int
    call: Literal["send", "guess", "renew"]
    number: str
    end: type[DevinoError] | None


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, 1, 30, 60, 600, 1800, 3540, 3600]),
        st.sampled_from(["send", "send", "guess", "guess", "renew"]),
        st.sampled_from(NUMBERS),
        st.sampled_from([None, None, OutcomeUnknown, ConnectFailed]),
    ),
    max_size=40,
)


class Model:
    """Every call that counted, with its time."""

    def __init__(self, attempts: int, resend: int, per_number: int, per_prefix: int) -> None:
        self.attempts, self.resend = attempts, resend
        self.per_number, self.per_prefix = per_number, per_prefix
        self.sends: list[tuple[int, str]] = []
        self.guesses: list[tuple[int, str]] = []
        # The place of a number among its prefix is kept, also where a call did not go out.
        self.places: list[tuple[int, str]] = []

    def wait(self, step: Step, now: int) -> int:
        """The seconds after which the call would pass, by trying each of them."""
        for later in range(int(HOUR) + 1):
            if self._passes(step, now + later):
                return later
        raise AssertionError("it never passes")

    def _passes(self, step: Step, now: int) -> bool:
        def recent(events: list[tuple[int, str]], within: float) -> list[str]:
            return [number for at, number in events if now - at < within]

        if step.call == "guess":
            return recent(self.guesses, HOUR).count(step.number) < self.attempts
        alike = {each for each in recent(self.places, HOUR) if each[:6] == step.number[:6]}
        return (
            step.number not in recent(self.sends, self.resend)
            and recent(self.sends, HOUR).count(step.number) < self.per_number
            and (not self.per_prefix or len(alike - {step.number}) < self.per_prefix)
        )

    def count(self, step: Step, now: int) -> None:
        if step.call == "send":
            self.places.append((now, step.number))
        if step.end is not ConnectFailed:
            (self.sends if step.call == "send" else self.guesses).append((now, step.number))

    def renew(self, number: str) -> None:
        self.guesses = [each for each in self.guesses if each[1] != number]


def service(**given: object) -> Verification:
    return Verification(settings(**given), name="codes")


async def calls(limits: Limits, guards: Verification, step: Step) -> float:
    """The seconds to wait, or 0 for a call that passed."""
    number = step.number
    held = guards._sending(number) if step.call == "send" else [guards._guessing(number)]
    try:
        async with limits.counted(held, "too often", turn=number):
            if step.end is not None:
                raise step.end("it failed")
    except Throttled as error:
        return error.retry_after or 0
    except DevinoError as error:
        if type(error) is not step.end:
            raise
    return 0


@given(
    STEPS,
    st.integers(1, 3),
    st.sampled_from([0, 60, 3600]),
    st.integers(1, 3),
    st.integers(0, 2),
)
def test_the_guards_hold_back_what_the_model_does_and_for_as_long(
    steps: list[Step], attempts: int, resend: int, per_number: int, per_prefix: int
) -> None:
    async def run() -> None:
        clock = ManualClock()
        memory = Seen()
        guards = service(
            max_attempts=attempts,
            resend_after=resend,
            max_per_number=per_number,
            max_per_prefix=per_prefix,
        )
        limits, model = Limits(memory, clock), Model(attempts, resend, per_number, per_prefix)
        for step in steps:
            clock.advance(step.seconds)
            now = int(clock.monotonic())
            if step.call == "renew":
                await limits.clear(guards._guessing(step.number))
                model.renew(step.number)
                continue
            wait = await calls(limits, guards, step)
            assert wait == model.wait(step, now)
            if not wait:
                model.count(step, now)
        clock.advance(HOUR)
        await calls(limits, guards, Step(0, "guess", "79990000000", None))
        assert len(memory) == 1

    asyncio.run(run())


async def test_a_number_that_nobody_calls_about_has_no_turn_to_wait_for() -> None:
    limits = Limits(Seen(), ManualClock())
    for number in NUMBERS:
        async with limits.counted([service()._guessing(number)], "too often", turn=number):
            assert list(limits._turns) == [number]
    assert not limits._turns


@pytest.mark.parametrize("call", ["sending", "guessing"])
async def test_those_who_wait_for_their_turn_can_give_up(call: str) -> None:
    guards, number, limits = service(resend_after=0), NUMBERS[0], Limits(Seen(), ManualClock())
    held = {"sending": guards._sending(number), "guessing": [guards._guessing(number)]}

    async def enter() -> None:
        async with limits.counted(held[call], "too often", turn=number):
            await asyncio.sleep(0)

    async with limits.counted(held["guessing"], "too often", turn=number):
        waiting = [asyncio.create_task(enter()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await asyncio.wait(waiting)
    assert [each.cancelled() for each in waiting] == [True, False, False]
    assert not [each for each in waiting[1:] if each.exception()]


async def test_processes_that_share_a_store_count_together(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'outbox.db'}"
    async with (
        wired(always(5), max_attempts=3) as one,
        wired(always(5), max_attempts=3) as two,
        Outbox(url, clock=one.clock) as here,
        Outbox(url, clock=two.clock) as there,
    ):
        one.service.count_in(here.remembered)
        two.service.count_in(there.remembered)
        for service in (one.service, two.service, one.service):
            assert await service.check(NUMBERS[0], "12345") is Check.WRONG
        for service in (one.service, two.service):
            with pytest.raises(Throttled):
                await service.check(NUMBERS[0], "12345")
        assert len(one.asked) + len(two.asked) == 3


async def test_a_store_without_a_memory_of_facts_says_so() -> None:
    outbox = Outbox(MemoryStore())
    with pytest.raises(Unsupported, match="MemoryStore has no memory of facts"):
        outbox.remembered  # noqa: B018
