"""Two-factor codes end to end, against the sandbox's platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import pytest

from devino_core import (
    AuthenticationFailed,
    OutcomeUnknown,
    ProtocolViolation,
    Rejected,
    Secret,
    Throttled,
)
from devino_core.testing import ManualClock
from devino_plugins.verification import Check, Sent, Verification
from devino_sandbox import DropAnswer, Fault, Sandbox, Sims, World
from tests.channels._verification import NUMBER, settings


class Wired(NamedTuple):
    service: Verification
    sandbox: Sandbox
    world: World
    clock: ManualClock
    """The World's and the service's."""

    async def codes(self, number: str = NUMBER) -> list[Mapping[str, Any]]:
        """The codes that were sent to a number, the first first."""
        base = self.sandbox.endpoints["verification"].rstrip("/")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{base}/_sandbox/codes", params={"to": number}) as answer,
        ):
            found: list[Mapping[str, Any]] = await answer.json()
            return found

    async def code(self, number: str = NUMBER) -> str:
        """The one that lives."""
        (code,) = [each["code"] for each in await self.codes(number) if each["state"] == "live"]
        return str(code)


@asynccontextmanager
async def sandboxed(**given: object) -> AsyncIterator[Wired]:
    clock = ManualClock()
    world = World(clock=clock)
    async with Sandbox(world, discover=False) as sandbox:
        values = {"api_key": "demo", "base_url": sandbox.endpoints["verification"], **given}
        async with Verification(settings(**values), name="codes", clock=clock) as service:
            yield Wired(service, sandbox, world, clock)


async def test_a_code_that_was_sent_is_valid_once() -> None:
    async with sandboxed() as wire:
        assert await wire.service.generate(NUMBER) is Sent.SENT
        code = await wire.code()
        assert await wire.service.check(NUMBER, "wrong") is Check.WRONG
        assert await wire.service.check(NUMBER, code) is Check.VALID
        assert await wire.service.check(NUMBER, code) is Check.WRONG
        assert [each["state"] for each in await wire.codes()] == ["used"]


async def test_a_number_with_another_sim_gets_no_code() -> None:
    async with sandboxed() as wire:
        wire.world.accounts["demo"].sim_check = True
        imsi = Secret(wire.world.of(Sims).current(NUMBER))
        wire.world.of(Sims).swap(NUMBER, "250020000000000")
        assert await wire.service.generate(NUMBER, imsi=imsi) is Sent.SIM_MISMATCH
        assert await wire.codes() == []
        wire.world.of(Sims).swap(NUMBER, imsi.reveal())
        wire.clock.advance(60)
        assert await wire.service.generate(NUMBER, imsi=imsi) is Sent.SENT


async def test_the_code_goes_out_as_an_sms() -> None:
    async with sandboxed() as wire:
        await wire.service.generate(NUMBER)
        (message,) = wire.world.messages()
        assert (message.to, await wire.code() in message.submission.text) == (NUMBER, True)


async def test_while_a_code_lives_no_other_is_sent() -> None:
    async with sandboxed() as wire:
        await wire.service.generate(NUMBER)
        code = await wire.code()
        wire.clock.advance(60)
        assert await wire.service.generate(NUMBER) is Sent.ALREADY_SENT
        assert await wire.code() == code
        assert await wire.service.check(NUMBER, code)
        wire.clock.advance(60)
        assert await wire.service.generate(NUMBER) is Sent.SENT


async def test_the_right_code_can_come_too_late() -> None:
    async with sandboxed() as wire:
        await wire.service.generate(NUMBER)
        code = await wire.code()
        wire.clock.advance(301)
        assert await wire.service.check(NUMBER, code) is Check.EXPIRED
        assert await wire.service.check(NUMBER, "wrong") is Check.WRONG
        assert await wire.service.generate(NUMBER) is Sent.SENT


async def test_of_ten_thousand_guesses_at_once_five_reach_the_platform() -> None:
    async with sandboxed() as wire:
        await wire.service.generate(NUMBER)
        code = await wire.code()
        guesses = [f"{guess:05}" for guess in range(10_000) if f"{guess:05}" != code]
        outcomes = await asyncio.gather(
            *(wire.service.check(NUMBER, guess) for guess in guesses), return_exceptions=True
        )
        assert outcomes.count(Check.WRONG) == 5
        assert sum(isinstance(each, Throttled) for each in outcomes) == len(guesses) - 5


async def test_of_a_hundred_right_checks_at_once_one_is_valid() -> None:
    async with sandboxed() as wire:
        await wire.service.generate(NUMBER)
        code = await wire.code()
        outcomes = await asyncio.gather(
            *(wire.service.check(NUMBER, code) for _ in range(100)), return_exceptions=True
        )
        assert outcomes.count(Check.VALID) == 1
        assert all(each is Check.WRONG or isinstance(each, Throttled) for each in outcomes[1:])


async def test_of_eight_processes_with_the_right_code_one_is_let_in() -> None:
    async with sandboxed() as wire, AsyncExitStack() as stack:
        await wire.service.generate(NUMBER)
        code = await wire.code()
        made = [Verification(wire.service.settings, name="codes") for _ in range(8)]
        others = [await stack.enter_async_context(each) for each in made]
        outcomes = await asyncio.gather(*(each.check(NUMBER, code) for each in others))
        assert outcomes.count(Check.VALID) == 1


async def test_a_code_that_begins_with_zero_stays_whole() -> None:
    async with sandboxed() as wire:
        await wire.service.generate("79990008001")
        assert await wire.code("79990008001") == "01234"
        assert not await wire.service.check("79990008001", "1234")
        assert await wire.service.check("79990008001", "01234")


@pytest.mark.parametrize(
    ("code", "of_generate", "of_check"),
    [
        (0, Sent.SENT, Check.VALID),
        (1, AuthenticationFailed, AuthenticationFailed),
        (2, Rejected, Rejected),
        (3, Throttled, Throttled),
        (4, OutcomeUnknown, OutcomeUnknown),
        (5, Rejected, Check.WRONG),
        (6, Sent.SIM_MISMATCH, Check.EXPIRED),
        (7, Sent.ALREADY_SENT, None),
    ],
)
async def test_numbers_that_answer_with_a_code(
    code: int, of_generate: object, of_check: object
) -> None:
    async with sandboxed() as wire:
        for call, expected in (
            (wire.service.generate(f"79990006{code:03}"), of_generate),
            (wire.service.check(f"79990007{code:03}", "1"), of_check),
        ):
            if expected is None:
                call.close()
                continue
            try:
                came: object = await call
            except (AuthenticationFailed, OutcomeUnknown, Throttled, Rejected) as error:
                came = type(error)
            assert came is expected


async def test_a_check_whose_answer_is_lost_may_have_used_the_code_up() -> None:
    async with sandboxed() as wire:
        await wire.service.generate(NUMBER)
        code = await wire.code()
        wire.world.faults.add(Fault(operation="CheckCode", action=DropAnswer()))
        with pytest.raises((OutcomeUnknown, ProtocolViolation)):
            await wire.service.check(NUMBER, code)
        assert await wire.service.check(NUMBER, code) is Check.WRONG
