"""HLR over both versions of REST: what is asked, paid and told."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, AnswerError, Fault, Sandbox, World
from tests._vectors import VECTORS
from tests.sandbox._http import Http

REACHABLE = "79161234567"


async def ask(http: Http, *numbers: str, validity: str = "5") -> list[str]:
    to = [("DestinationAddresses", number) for number in numbers]
    answer = await http.v2("Hlr/SendBulk", to, Validity=validity)
    assert answer.status == 200, answer.body
    ids: list[str] = answer.json
    return ids


async def states(http: Http, ids: Sequence[str]) -> list[dict[str, Any]]:
    answer = await http.v2("Hlr/State", [("messageIds", one) for one in ids])
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json
    return found


async def test_an_id_for_each_number_in_order_and_what_they_cost(
    http: Http, account: Account
) -> None:
    before = account.balance
    answer = await http.v2(
        "Hlr/SendBulk", [("DestinationAddresses", f"7000000000{n}") for n in (1, 2)], Validity="5"
    )
    assert answer.body == VECTORS["16-004"].data.strip().replace(b'", "', b'","')
    assert account.balance == before - Decimal("0.6")


async def test_the_manuals_own_question_is_taken(http: Http) -> None:
    session = await http.login()
    printed = VECTORS["16-003"].text.strip().removeprefix("https://integrationapi.net")
    target = printed.replace("4E1C44388AB54B38B097C17D5F949ECA4005", session)
    ids = (await http.raw("GET", target)).json
    (first, second) = await states(http, ids)
    assert first["DestinationAddress"] == "+70000000001"
    assert second["messageId"] == ids[1]


async def test_a_subscriber_is_told_after_a_second(http: Http, clock: ManualClock) -> None:
    ids = await ask(http, "+7 (916) 123-45-67")
    [pending] = await states(http, ids)
    assert (pending["StateCode"], pending["StateDesc"]) == (0, "Отправляется")
    clock.advance(1)
    [told] = await states(http, ids)
    assert told == {
        "messageId": ids[0],
        "DestinationAddress": f"+{REACHABLE}",
        "StateCode": 1,
        "StateDesc": "Абонент доступен",
        "Country": "Россия",
        "MobileOperator": "",
    }


@pytest.mark.parametrize(
    ("number", "state"),
    [
        *[(f"79990004{state:03}", state) for state in (0, 1, 2, 3, 4, 99)],
        ("79990004005", 1),
        ("79990004098", 1),
        ("79990000011", 3),
        ("79990000041", 3),
        ("79990000046", 2),
        ("79990000042", 1),
        ("79990000099", 99),
        ("79990000255", 99),
        ("79990003001", 3),
        ("79990003002", 2),
        ("79990003005", 1),
        ("4915112345678", 1),
    ],
)
async def test_the_number_chooses_the_state(
    http: Http, clock: ManualClock, number: str, state: int
) -> None:
    ids = await ask(http, number)
    clock.advance(1)
    [told] = await states(http, ids)
    assert told["StateCode"] == state


async def test_states_come_in_the_order_of_the_question_and_over_either_version(
    http: Http, clock: ManualClock
) -> None:
    ids = await ask(http, "79990004003", REACHABLE)
    clock.advance(1)
    told = await states(http, [ids[1], "1", ids[0], ids[1]])
    assert [one["messageId"] for one in told] == [ids[1], "1", ids[0], ids[1]]
    assert [one["StateCode"] for one in told] == [1, 99, 3, 1]
    assert told[1]["DestinationAddress"] == ""
    answer = await http.v1("Hlr/State", await http.login(), messageIds=ids[0])
    assert [one["StateCode"] for one in answer.json] == [3]


async def test_a_question_is_known_for_48_hours(http: Http, clock: ManualClock) -> None:
    ids = await ask(http, REACHABLE)
    clock.advance(48 * 3600)
    assert [one["StateCode"] for one in await states(http, ids)] == [1]
    clock.advance(1)
    assert [one["StateCode"] for one in await states(http, ids)] == [99]


@pytest.mark.parametrize(
    ("form", "status", "code", "description"),
    [
        (
            [("DestinationAddresses", f"7916000{n:04}") for n in range(201)] + [("Validity", "5")],
            400,
            2,
            "No more than 200 destination addresses\r\nParameter name: destinationAddresses",
        ),
        (
            [("DestinationAddresses", REACHABLE)],
            400,
            1,
            "Validity can not be null or empty\r\nParameter name: validity",
        ),
        (
            [("DestinationAddresses", "12"), ("Validity", "5")],
            400,
            6,
            "Invalid destination address",
        ),
        (
            [("Validity", "5")],
            400,
            1,
            "DestinationAddresses can not be null or empty\r\nParameter name: destinationAddresses",
        ),
    ],
)
async def test_what_is_refused_costs_nothing(
    http: Http,
    account: Account,
    form: list[tuple[str, str]],
    status: int,
    code: int,
    description: str,
) -> None:
    before = account.balance
    answer = await http.v2("Hlr/SendBulk", form)
    assert (answer.status, answer.json) == (status, {"Code": code, "Desc": description})
    assert account.balance == before
    assert await http.messages() == []


async def test_two_hundred_are_taken(http: Http) -> None:
    ids = await ask(http, *[f"7916000{n:04}" for n in range(200)])
    assert len(await states(http, ids)) == 200
    answer = await http.v2("Hlr/State", [("messageIds", "1")] * 201)
    assert (answer.status, answer.json["Code"]) == (400, 2)


async def test_without_money_all_are_refused(http: Http, account: Account) -> None:
    account.balance = Decimal("0.5")
    to = [("DestinationAddresses", REACHABLE), ("DestinationAddresses", "79161234568")]
    answer = await http.v2("Hlr/SendBulk", to, Validity="5")
    assert (answer.status, answer.json) == (403, {"Code": 5, "Desc": "Not enough credits"})
    assert account.balance == Decimal("0.5")
    assert len(await ask(http, REACHABLE)) == 1


async def test_a_fault_is_about_one_of_many_numbers(http: Http, world: World) -> None:
    world.faults.add(Fault(to=REACHABLE, operation="Hlr/SendBulk", action=AnswerError(9)))
    await ask(http, "79161234568")
    to = [("DestinationAddresses", "79161234568"), ("DestinationAddresses", REACHABLE)]
    answer = await http.v2("Hlr/SendBulk", to, Validity="5")
    assert (answer.status, answer.json["Code"]) == (500, 9)


async def test_questions_of_one_account_are_not_anothers_and_the_oldest_are_forgotten(
    clock: ManualClock,
) -> None:
    accounts = [Account(login=name, password=Secret("canary-7b1e")) for name in ("demo", "other")]
    world = World(accounts, clock=clock, keep=3)
    async with Sandbox(world, discover=False) as sandbox, aiohttp.ClientSession() as session:
        http = Http(session, sandbox.endpoints)
        ids = await ask(http, *[f"7999000400{n}" for n in range(1, 5)])
        clock.advance(1)
        assert [one["StateCode"] for one in await states(http, ids)] == [99, 2, 3, 4]
        target = f"/rest/v2/Hlr/State?Login=other&Password=canary-7b1e&messageIds={ids[3]}"
        assert (await http.raw("GET", target)).json[0]["StateCode"] == 99
