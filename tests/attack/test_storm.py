"""Callers who give up, clients that close, and all at once: nothing is lost, doubled or leaked."""

from __future__ import annotations

import asyncio
import gc
import random
import warnings
from contextlib import AsyncExitStack

import pytest

from devino_core import AsyncClient, Retry
from tests.attack._channels import KINDS, Outcome, attempt, client, message, target, wrong

AFTER = 20
"""Sends that must go through when the storm is over."""
WAVE = 50


def _untrue(told: dict[str, Outcome], recorded: dict[str, int]) -> list[tuple[str, str, str]]:
    return [
        (text, why, str(outcome))
        for text, outcome in told.items()
        if (why := wrong(outcome, recorded.get(text, 0)))
    ]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_storm_of_cancellations_leaves_no_trace(kind: str, is_full: bool) -> None:
    dice = random.Random(kind)
    tasks_before = len(asyncio.all_tasks())
    async with target(kind) as found, client(kind, found.settings(0)) as opened:
        told: dict[str, Outcome] = {}

        async def send(number: int) -> None:
            text = f"storm {number}"
            told[text] = await attempt(opened, message(kind, number, text))

        for wave in range(50 if is_full else 3):
            tasks = [asyncio.create_task(send(wave * WAVE + n)) for n in range(WAVE)]
            for task in dice.sample(tasks, len(tasks)):
                # Some are cancelled at each await: by turns of the loop, and by time.
                for _ in range(dice.randrange(4)):
                    await asyncio.sleep(0)
                if not dice.randrange(8):
                    await asyncio.sleep(dice.random() * 0.01)
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            escaped = [
                one
                for one in outcomes
                if one is not None and not isinstance(one, asyncio.CancelledError)
            ]
            assert escaped == []
        for number in range(AFTER):
            await send(10**6 + number)
        after = [told[f"storm {10**6 + number}"] for number in range(AFTER)]
        assert [str(one) for one in after if not one.accepted] == []
        recorded = dict(await found.recorded())
    assert _untrue(told, recorded) == []
    # Of those that gave up none was sent twice.
    assert max(recorded.values()) == 1
    assert len(asyncio.all_tasks()) == tasks_before


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_send_that_is_given_up_at_any_turn_of_the_loop_leaves_nothing_open(
    kind: str, is_full: bool
) -> None:
    async with target(kind) as found:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", ResourceWarning)
            for turns in range(60 if is_full else 20):
                async with client(kind, found.settings(0)) as opened:
                    sending = asyncio.create_task(attempt(opened, message(kind, turns, "given up")))
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    sending.cancel()
                    await asyncio.wait([sending])
                    del sending
            gc.collect()
    assert {str(one.message) for one in told} == set()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_client_that_closes_during_sends_says_what_is_true(
    kind: str, is_full: bool
) -> None:
    dice = random.Random(kind)
    async with target(kind) as found:
        told: dict[str, Outcome] = {}

        async def send(opened: AsyncClient, text: str, number: int) -> None:
            try:
                told[text] = await attempt(opened, message(kind, number, text))
            except RuntimeError as error:
                # A client that has closed can be asked nothing, and says so.
                if "closed" not in str(error):
                    raise

        for round_ in range(40 if is_full else 3):
            stack = AsyncExitStack()
            opened = await stack.enter_async_context(client(kind, found.settings(0)))

            texts = [f"close {round_} {n}" for n in range(30)]
            tasks = [asyncio.create_task(send(opened, text, n)) for n, text in enumerate(texts)]
            await asyncio.sleep(dice.random() * 0.05)
            async with asyncio.timeout(15):
                await stack.aclose()
            async with asyncio.timeout(30):
                await asyncio.gather(*tasks)
        recorded = dict(await found.recorded())
    assert _untrue(told, recorded) == []


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", KINDS)
async def test_many_at_once_are_each_sent_once(kind: str, is_full: bool) -> None:
    many = 5000 if is_full else 300
    async with target(kind) as found, client(kind, found.settings(0), patience=60) as opened:
        texts = [f"burst {number}" for number in range(many)]
        # The last of them waits for all the others.
        outcomes = await asyncio.gather(
            *[attempt(opened, message(kind, n, text), within=600) for n, text in enumerate(texts)]
        )
        recorded = dict(await found.recorded())
    assert _untrue(dict(zip(texts, outcomes, strict=True)), recorded) == []
    assert sum(one.accepted for one in outcomes) > many * 0.9


async def test_what_a_storm_is_judged_by_can_fail() -> None:
    assert wrong(Outcome(accepted=True), 0)
    assert wrong(Outcome(accepted=True), 2)
    assert wrong(Outcome(retry=Retry.SAFE), 1)
    assert wrong(Outcome(retry=Retry.NEVER), 1)
    assert not wrong(Outcome(retry=Retry.MAY_DUPLICATE), 1)
    assert not wrong(Outcome(retry=Retry.SAFE), 0)
