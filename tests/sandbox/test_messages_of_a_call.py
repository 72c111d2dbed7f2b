"""A service that answers for each message of a call: admission, refusals and faults, one by one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, ClassVar

import aiohttp
import msgspec
import pytest

from devino_codecs.http import PHONE, Api, Operation, Request, by_status, header
from devino_core import Secret, State
from devino_sandbox import (
    Account,
    AnswerError,
    ApiService,
    Asked,
    DropAnswer,
    Fault,
    RefusalReason,
    Sandbox,
    Submission,
    World,
    answers,
)
from tests.sandbox._http import Http


class Letter(msgspec.Struct, frozen=True):
    to: Annotated[str, PHONE]
    text: str


class Told(msgspec.Struct, frozen=True):
    word: str
    id: str = ""


class Send(Request[tuple[Told, ...]], frozen=True):
    letters: tuple[Letter, ...]


WORDS: Mapping[RefusalReason, str] = {
    **dict.fromkeys(RefusalReason, "no"),
    RefusalReason.DESTINATION: "no-number",
    RefusalReason.BALANCE: "no-money",
}


class RookService(ApiService):
    name = "rook"
    apis: ClassVar[Mapping[str, Api]] = {
        "/rook": Api(
            name="rook",
            auth=header("X-Key"),
            operations=(Operation(Send, "POST", "letters"),),
            refusal=by_status("error"),
        )
    }

    def is_of_messages(self, asked: Asked[Any], action: AnswerError) -> bool:
        return isinstance(action.code, str)

    @answers(Send)
    def send(self, account: Account, asked: Asked[Send]) -> tuple[Told, ...]:
        return tuple([self._told(account, asked, letter) for letter in asked.request.letters])

    def _told(self, account: Account, asked: Asked[Send], it: Letter) -> Told:
        order = Submission(account=account, via=asked.via, sender="ROOK", text=it.text)
        word = asked.ordered(it.to)
        no = str(word) if word is not None else "rude" if it.text == "rude" else None
        taken = self.take(order, it.to, no, WORDS)
        return Told(taken) if isinstance(taken, str) else Told("ok", taken.ids[0])


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[Sandbox]:
    async with Sandbox(world, discover=False, services=[RookService]) as sandbox:
        yield sandbox


async def told(http: Http, *letters: tuple[str, str], key: str = "any") -> list[str]:
    body = {"letters": [{"to": to, "text": text} for to, text in letters]}
    headers = {"X-Key": key, "Content-Type": "application/json"}
    answer = await http.raw("POST", "/rook/letters", json.dumps(body).encode(), headers)
    return [one["word"] for one in answer.json] if answer.status == 200 else [str(answer.status)]


ONE, OTHER = "79160000001", "79160000002"


async def test_each_message_is_taken_or_refused_for_itself(
    http: Http, world: World, account: Account
) -> None:
    account.balance = account.balance.from_float(1.5)
    words = await told(http, (ONE, "rude"), ("12", "x"), (ONE, "x" * 1000), (OTHER, "Hello"))
    assert words == ["rude", "no-number", "no-money", "ok"]
    kept = list(world.messages())
    assert [it.reason is None for it in kept] == [False, False, False, True]
    assert kept[0].reason == "rude"
    assert kept[0].state is State.REJECTED
    assert kept[3].to == OTHER


async def test_a_code_on_order_refuses_the_message_to_its_number(http: Http, world: World) -> None:
    world.faults.add(Fault(protocol="rook", to="+7 916 000-00-02", action=AnswerError("closed")))
    assert await told(http, (ONE, "Hello"), (OTHER, "Hello")) == ["ok", "closed"]
    assert await told(http, (ONE, "Hello"), (OTHER, "Hello")) == ["ok", "ok"]
    world.faults.add(Fault(protocol="rook", action=AnswerError("closed")))
    assert await told(http, (ONE, "Hello"), (OTHER, "Hello")) == ["closed", "closed"]


async def test_a_code_of_the_whole_call_refuses_all_of_it(http: Http, world: World) -> None:
    world.faults.add(Fault(protocol="rook", to=ONE, action=AnswerError(503)))
    assert await told(http, (ONE, "Hello"), (OTHER, "Hello")) == ["503"]
    assert not list(world.messages())


async def test_nobodys_messages_are_not_taken_whatever_is_on_order(
    http: Http, world: World, account: Account
) -> None:
    account.api_key = Secret("k")
    world.faults.add(Fault(protocol="rook", to=ONE, action=AnswerError("closed")))
    assert await told(http, (ONE, "Hello"), key="guess") == ["401"]


async def test_a_fault_of_another_sort_is_no_code_for_a_message(http: Http, world: World) -> None:
    world.faults.add(Fault(protocol="rook", to=ONE, action=DropAnswer()))
    with pytest.raises(aiohttp.ClientError):
        await told(http, (ONE, "Hello"))
    [kept] = world.messages()
    assert kept.reason is None
