"""The recipe for one-time codes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from devino_core import AsyncClient, Plugins, Secret, Throttled
from devino_core.errors import Rejected
from devino_core.remembered import Seen
from devino_core.testing import ManualClock
from devino_sandbox import Pace, Sandbox, World
from tests.core._examples import example

NUMBER = "79031234567"


class Codes(NamedTuple):
    recipe: Any
    world: World
    clock: ManualClock
    memory: Seen

    def sent(self) -> str:
        """The code of the latest SMS."""
        *_, last = self.world.messages(to=NUMBER)
        found = re.match(r"\d{6}", str(last.submission.text))
        assert found is not None
        return found[0]


@pytest.fixture
async def codes() -> AsyncIterator[Codes]:
    clock, memory = ManualClock(), Seen()
    async with Sandbox(World(pace=Pace.instant()), discover=False) as sandbox:
        rest = {
            "login": "demo",
            "password": "demo",
            "sender": "SHOP",
            "base_url": sandbox.endpoints["rest"],
        }
        async with AsyncClient({"rest": rest}, plugins=Plugins(environ={})) as client:
            made = example("one_time_codes").OneTimeCodes(
                client, memory, key=Secret("k" * 32), clock=clock
            )
            yield Codes(made, sandbox.world, clock, memory)


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


async def test_a_code_is_good_once_however_the_number_is_written(codes: Codes) -> None:
    await codes.recipe.send("+7 903 123-45-67")
    assert not await codes.recipe.check(NUMBER, other(codes.sent()))
    assert await codes.recipe.check(NUMBER, f" {codes.sent()}\n")
    assert not await codes.recipe.check(NUMBER, codes.sent())


async def test_of_two_who_type_it_at_once_one_is_let_in(codes: Codes) -> None:
    await codes.recipe.send(NUMBER)
    both = [codes.recipe.check(NUMBER, codes.sent()) for _ in range(2)]
    assert sorted(await asyncio.gather(*both)) == [False, True]


async def test_it_is_good_for_minutes(codes: Codes) -> None:
    await codes.recipe.send(NUMBER)
    codes.clock.advance(301)
    assert not await codes.recipe.check(NUMBER, codes.sent())


async def test_a_new_code_makes_the_older_one_worthless(codes: Codes) -> None:
    await codes.recipe.send(NUMBER)
    first = codes.sent()
    codes.clock.advance(61)
    await codes.recipe.send(NUMBER)
    assert await codes.recipe.check(NUMBER, first) is (first == codes.sent())
    assert await codes.recipe.check(NUMBER, codes.sent())


async def test_messages_and_guesses_are_limited(codes: Codes) -> None:
    await codes.recipe.send(NUMBER)
    with pytest.raises(Throttled) as caught:
        await codes.recipe.send(NUMBER)
    assert caught.value.retry_after == 60
    for _ in range(5):
        assert not await codes.recipe.check(NUMBER, other(codes.sent()))
    with pytest.raises(Throttled, match="ask for a new code"):
        await codes.recipe.check(NUMBER, codes.sent())
    codes.clock.advance(61)
    await codes.recipe.send(NUMBER)
    assert await codes.recipe.check(NUMBER, codes.sent())


async def test_a_number_that_is_refused_is_told(codes: Codes) -> None:
    codes.world.accounts["demo"].senders = frozenset({"OTHER"})
    with pytest.raises(Rejected):
        await codes.recipe.send(NUMBER)


async def test_the_memory_holds_no_code(codes: Codes) -> None:
    await codes.recipe.send(NUMBER)
    await codes.recipe.check(NUMBER, codes.sent())
    kept = repr(codes.memory._facts)
    assert "code 79031234567" in kept
    assert not re.search(rf"(?<![0-9a-f]){codes.sent()}(?![0-9a-f])", kept)
