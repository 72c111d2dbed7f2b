"""Failures on order, as a client sees them."""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec
import pytest

from devino_sandbox import (
    Action,
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Faults,
    Hang,
    Sandbox,
    World,
)
from tests.sandbox._http import Http

SEND = {"SourceAddress": "DEVINO", "DestinationAddress": "79161234567", "Data": "test"}


def strikes(fault: Fault, calls: int, to: str = "79161234567") -> list[int]:
    """Which calls of many alike fail."""
    faults = Faults()
    faults.add(fault)
    return [n for n in range(1, calls + 1) if faults.strike("rest", "Sms/Send", [to])]


@pytest.mark.parametrize(
    ("fault", "failing"),
    [
        (Fault(action=Drop()), [1]),
        (Fault(action=Drop(), nth=3), [3]),
        (Fault(action=Drop(), nth=2, times=3), [2, 3, 4]),
        (Fault(action=Drop(), nth=4, times=None), [4, 5, 6]),
        (Fault(action=Drop(), protocol="rest"), [1]),
        (Fault(action=Drop(), protocol="rest-v2"), []),
        (Fault(action=Drop(), operation="SMS/SEND"), [1]),
        (Fault(action=Drop(), operation="Sms/SendBulk"), []),
        (Fault(action=Drop(), to="+7 (916) 123-45-67"), [1]),
        (Fault(action=Drop(), to="79161234568"), []),
        (Fault(action=Drop(), chance=1, times=2), [1, 2]),
    ],
)
def test_a_fault_hits_the_calls_that_it_is_about(fault: Fault, failing: list[int]) -> None:
    assert strikes(fault, 6) == failing


def test_chance_repeats_itself() -> None:
    fault = Fault(action=Drop(), chance=0.5, times=None)
    first = strikes(fault, 100)
    assert first == strikes(fault, 100)
    assert 30 < len(first) < 70


def test_calls_to_others_are_not_counted() -> None:
    faults = Faults()
    faults.add(Fault(action=Drop(), to="79160000001", nth=2))
    hits = [
        faults.strike("rest", "Sms/Send", [to]) is not None
        for to in ("79160000001", "79160000002", "79160000002", "79160000001", "79160000001")
    ]
    assert hits == [False, False, False, True, False]


def test_of_two_faults_the_older_one_acts_and_both_count() -> None:
    faults = Faults()
    faults.add(Fault(action=AnswerError(8)))
    faults.add(Fault(action=AnswerError(9), nth=2))
    assert [faults.strike("rest", "Sms/Send") for _ in range(3)] == [
        AnswerError(8),
        AnswerError(9),
        None,
    ]
    assert not faults


@pytest.mark.parametrize(
    "wrong",
    [
        {"nth": 0},
        {"times": 0},
        {"chance": 0},
        {"chance": 1.1},
        {"to": "nobody"},
        {"action": {"do": "http", "status": 700}},
        {"action": {"do": "http", "status": 200, "content_type": "a\r\nb"}},
        {"action": {"do": "explode"}},
        {"action": {"do": "error", "code": 2**32}},
        {"action": {"do": "error", "code": -(2**63) - 1}},
        {"nth": 10**20},
        {"times": 2**64},
        {"operatoin": "Sms/Send"},
    ],
)
def test_a_fault_that_could_never_happen_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"action": {"do": "drop"}, **wrong}, Fault)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"protocol": "rst"}, "no protocol 'rst' here: did you mean 'rest'"),
        ({"operation": "Sms/Sned"}, "no operation 'Sms/Sned' here: did you mean 'Sms/Send'"),
        (
            {"operation": "User/SessionId", "protocol": "rest-v2"},
            "no operation 'User/SessionId' here",
        ),
    ],
)
async def test_a_fault_of_what_nobody_serves_is_refused(
    sandbox: Sandbox, condition: dict[str, str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        sandbox.world.faults.add(Fault(action=Drop(), **condition))  # type: ignore[arg-type]
    assert not sandbox.world.faults


async def test_every_operation_of_every_protocol_can_be_ordered_in_any_case(
    sandbox: Sandbox,
) -> None:
    faults = sandbox.world.faults
    assert {"rest", "rest-v2"} <= faults.operations.keys()
    for protocol, operations in faults.operations.items():
        faults.add(Fault(protocol=protocol, action=Drop()))
        for operation in operations:
            faults.add(Fault(protocol=protocol, operation=operation.upper(), action=Drop()))
            faults.add(Fault(operation=operation, action=Drop()))


async def test_an_answer_of_a_proxy(http: Http, world: World) -> None:
    action = AnswerHttp(502, "<html>Bad Gateway</html>")
    world.faults.add(Fault(protocol="rest-v2", action=action))
    answer = await http.v2("Sms/Send", **SEND)
    assert (answer.status, answer.body) == (502, b"<html>Bad Gateway</html>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert (await http.v2("Sms/Send", **SEND)).status == 200


async def test_an_error_of_viber_by_its_word(http: Http, world: World) -> None:
    world.faults.add(Fault(operation="Viber/Send", action=AnswerError("error-system")))
    answer = await http.v2("Viber/Send", **SEND)
    assert (answer.status, answer.json) == (400, {"Code": 1, "Desc": "error-system"})


async def test_an_error_that_the_manual_lacks(http: Http, world: World) -> None:
    world.faults.add(Fault(action=AnswerError(77, "Overloaded")))
    answer = await http.v2("User/Balance")
    assert (answer.status, answer.json) == (500, {"Code": 77, "Desc": "Overloaded"})


@pytest.mark.parametrize(("action", "sent"), [(Drop(), 0), (DropAnswer(), 1)])
async def test_a_dropped_connection_before_and_after_the_send(
    http: Http, world: World, action: Action, sent: int
) -> None:
    world.faults.add(Fault(operation="Sms/Send", action=action))
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.v2("Sms/Send", **SEND)
    assert len(list(world.messages())) == sent
    assert (await http.v2("Sms/Send", **SEND)).status == 200


async def test_a_request_that_hangs_ends_with_its_client(http: Http, world: World) -> None:
    world.faults.add(Fault(action=Hang()))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await http.v2("Sms/Send", **SEND)
    assert (await http.v2("User/Balance")).status == 200


async def test_closing_the_sandbox_ends_requests_that_hang(world: World) -> None:
    world.faults.add(Fault(action=Hang()))
    async with aiohttp.ClientSession() as session:
        async with Sandbox(world, discover=False) as sandbox:
            hanging = asyncio.create_task(Http(session, sandbox.endpoints).v2("User/Balance"))
            while world.faults:  # noqa: ASYNC110 - until it has struck
                await asyncio.sleep(0)
        with pytest.raises(aiohttp.ClientConnectionError):
            await hanging
