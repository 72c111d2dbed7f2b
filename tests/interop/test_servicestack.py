"""ServiceStack's own client, which knows nothing of us, generates and checks codes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, AnswerError, Fault, Sandbox, World
from devino_sandbox.services.verification import Codes

servicestack = pytest.importorskip("servicestack")

KEY, NUMBER, WITH_ZERO = "canary-7b1e", "79169492211", "79990008001"


# In the spelling of the manual: this client finds nothing of an answer that it spells otherwise.
@dataclass
class Answer:
    Code: int = -1
    Description: str = ""


@dataclass
class GenerateCode(servicestack.IReturn[Answer]):  # type: ignore[misc, name-defined]
    DestinationNumber: str


@dataclass
class CheckCode(servicestack.IReturn[Answer]):  # type: ignore[misc, name-defined]
    DestinationNumber: str
    Code: str


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    account = Account(login="demo", password=Secret("demo"), api_key=Secret(KEY))
    async with Sandbox(World([account], clock=clock), discover=False) as sandbox:
        yield sandbox


@contextmanager
def client(sandbox: Sandbox, key: str = KEY) -> Iterator[Any]:
    """By ServiceStack's own routes, ``/json/reply/...``."""
    made = servicestack.JsonServiceClient(sandbox.endpoints["verification"]).set_base_path()
    made.headers["X-ApiKey"] = key
    try:
        yield made
    finally:
        made._session.close()


async def ask(sandbox: Sandbox, request: object, *, verb: str = "post", key: str = KEY) -> Answer:
    def call() -> Answer:
        with client(sandbox, key) as asking:
            answer = getattr(asking, verb)(request)
            assert isinstance(answer, Answer)
            return answer

    return await asyncio.to_thread(call)


def code(sandbox: Sandbox, number: str) -> str:
    [account] = sandbox.world.accounts.values()
    return sandbox.world.of(Codes)[account, number].code


@pytest.mark.parametrize("verb", ["post", "get", "put"])
@pytest.mark.parametrize("number", [NUMBER, WITH_ZERO])
async def test_a_code_is_generated_checked_and_used_up(
    sandbox: Sandbox, clock: ManualClock, verb: str, number: str
) -> None:
    generate = GenerateCode(number)
    assert await ask(sandbox, generate, verb=verb) == Answer(0, "Code Sent")
    assert await ask(sandbox, generate, verb=verb) == Answer(7, "Code Exist")
    wrong, right = CheckCode(number, "x"), CheckCode(number, code(sandbox, number))
    assert await ask(sandbox, wrong, verb=verb) == Answer(5, "Code not Found")
    assert await ask(sandbox, right, verb=verb) == Answer(0, "Valid Code")
    assert await ask(sandbox, right, verb=verb) == Answer(5, "Code not Found")
    assert await ask(sandbox, generate, verb=verb) == Answer(0, "Code Sent")
    clock.advance(300)
    late = CheckCode(number, code(sandbox, number))
    assert await ask(sandbox, late, verb=verb) == Answer(6, "Code Expired")


async def test_the_address_of_the_manual_is_reached_by_the_same_client(sandbox: Sandbox) -> None:
    def call() -> object:
        with client(sandbox) as asking:
            return asking.post_url("/GenerateCode", GenerateCode(NUMBER), response_as=Answer)

    assert await asyncio.to_thread(call) == Answer(0, "Code Sent")


async def test_refusals_reach_the_client_as_answers(sandbox: Sandbox) -> None:
    assert await ask(sandbox, GenerateCode(NUMBER), key="stranger") == Answer(1, "Invalid ApiKey")
    assert await ask(sandbox, GenerateCode("nobody")) == Answer(2, "Invalid Phone")
    sandbox.world.faults.add(Fault(protocol="2fa", action=AnswerError(4)))
    assert await ask(sandbox, GenerateCode(NUMBER)) == Answer(4, "Internal Server Error")
