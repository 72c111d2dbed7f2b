"""What five published clients of this platform put on the wire, byte by byte, over raw sockets."""

import asyncio
import base64
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from devino_online.service import Cabinet

from devino_core import Secret, State
from devino_sandbox import Account, AnswerError, Fault, Pace, Sandbox, StoredMessage, World

KEY = "5fd3c9d6-0b1c-4c07-9d51-7d0b9b3b1f6e"
BASIC = base64.b64encode(b"demo:p:w").decode()
AS_KEY = f"Key {KEY}"


def a_world(**account: object) -> World:
    demo = Account(login="demo", password=Secret("p:w"), api_key=Secret(KEY))
    for name, value in account.items():
        setattr(demo, name, value)
    return World([demo], pace=Pace.instant())


async def ask(
    world: World, target: str, body: bytes, auth: str = AS_KEY, method: str = "POST"
) -> tuple[int, Any]:
    """One request as its bytes; the HTTP status and the JSON of the answer."""
    async with Sandbox(world) as sandbox:
        host, _, port = sandbox.endpoints["online"].split("/")[2].partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"{method} /online{target} HTTP/1.1\r\nHost: api.devino.online\r\n"
            f"Authorization: {auth}\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head, _, said = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return int(head.split()[1]), json.loads(said)


def post(
    body: object, target: str = "/sms/messages", auth: str = AS_KEY, world: World | None = None
) -> tuple[int, Any, list[StoredMessage]]:
    world = world or a_world()
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, told = asyncio.run(ask(world, target, raw, auth))
    return status, told, list(world.messages())


def message(**other: object) -> dict[str, object]:
    return {"from": "DEVINO", "to": "79160000001", "text": "Hello", **other}


def test_the_go_library_of_2020() -> None:
    """It asks with a login, writes ``callback_url`` and priorities as numbers."""
    sent = message(validity=3600, priority=3, callback_url="https://hooks.example/a")
    status, told, [kept] = post(
        {"messages": [sent]}, "/sms/messages?includeSegmentId=true", f"Basic {BASIC}"
    )
    assert status == 200
    [taken] = told["result"]
    assert taken == {"code": "OK", "messageId": kept.ids[0], "segmentsId": [kept.ids[0]]}
    order = kept.submission
    assert (order.priority, order.context) == ("REALTIME", "https://hooks.example/a")
    assert order.content == {"callbackUrl": "***"}


def test_the_go_service_of_2022() -> None:
    """It asks with a login, sends ``+`` numbers and priority 3, and does not ask for segments."""
    status, told, [kept] = post(
        {"messages": [message(to="+79160000001", priority=3)]}, auth=f"Basic {BASIC}"
    )
    assert (status, set(told["result"][0])) == (200, {"code", "messageId"})
    assert (kept.to, kept.state) == ("79160000001", State.DELIVERED)


def test_the_cs_client_with_two_slashes() -> None:
    """Its base URL ends in a slash, and its path begins with one."""
    for target in ("//sms/messages", "/SMS//Messages/"):
        status, told, kept = post({"messages": [message()]}, target)
        assert (status, told["result"][0]["code"], len(kept)) == (200, "OK", 1)


def test_the_cs_client_with_a_bare_message() -> None:
    status, told, kept = post(message())
    assert (status, kept) == (400, [])
    assert told["result"] is None
    [reason] = told["reasons"]
    assert (reason["key"], reason["ref"]) == ("must.be.not.null", "messages")
    assert "messages -> must not be null" in told["description"]


def test_the_php_snippet() -> None:
    """It sends words for priorities and several messages at once, in Cyrillic, as raw UTF-8."""
    body = {"messages": [message(text="Привет", priority="high"), message(to=79160000002)]}
    status, told, kept = post(json.dumps(body, ensure_ascii=False).encode())
    assert (status, [it["code"] for it in told["result"]]) == (200, ["OK", "OK"])
    assert [it.submission.text for it in kept] == ["Привет", "Hello"]
    assert kept[0].submission.priority == "HIGH"


def test_the_python_snippet_asks_as_nobody() -> None:
    for auth in (f"Bearer {KEY}", "Key guess", "Basic guess", f"Basic {BASIC}x", "Key"):
        status, told, kept = post({"messages": [message()]}, auth=auth)
        assert (status, told, kept) == (401, {"description": "Unauthorized"}, [])


def test_what_is_no_message_at_all_costs_no_other_its_place() -> None:
    _, told, [kept] = post({"messages": [5, message(), None]})
    first, taken, last = told["result"]
    assert taken["messageId"] == kept.ids[0]
    assert first["reasons"] == [{"key": "invalid", "ref": "messages[0]"}]
    assert last["reasons"] == [{"key": "invalid", "ref": "messages[2]"}]


def test_messages_under_another_name_are_none() -> None:
    status, told, _ = post({"data": {"messages": [message()]}})
    assert (status, told["reasons"][0]["ref"]) == (400, "messages")


@pytest.mark.parametrize(
    ("wrong", "key", "field"),
    [
        ({"to": "12"}, "invalid", "to"),
        ({"to": "nobody"}, "invalid", "to"),
        ({"to": "7" * 16}, "length.too.long", "to"),
        ({"to": None}, "must.be.not.null", "to"),
        ({"from": "HAWK"}, "not.available", "from"),
        ({"from": ""}, "must.be.not.null", "from"),
        ({"text": ""}, "must.be.not.null", "text"),
        ({"text": "x" * 34_171}, "length.too.long", "text"),
        ({"text": "я" * 17_086}, "length.too.long", "text"),
        ({"validity": 259_201}, "invalid", "validity"),
        ({"validity": -1}, "invalid", "validity"),
        ({"validity": "soon"}, "invalid", "validity"),
        ({"priority": "URGENT"}, "invalid", "priority"),
        ({"priority": 4}, "invalid", "priority"),
        ({"priority": 1.5}, "invalid", "priority"),
        ({"callbackUrl": "ftp://hooks.example"}, "invalid", "callbackUrl"),
        ({"callbackUrl": "hooks"}, "invalid", "callbackUrl"),
        ({"callbackUrl": "http://"}, "invalid", "callbackUrl"),
        ({"callbackUrl": ""}, "invalid", "callbackUrl"),
        ({"scheduledTime": "tomorrow"}, "invalid", "scheduledTime"),
        ({"scheduledTime": 10**30}, "invalid", "scheduledTime"),
        ({"scheduledTime": "9" * 15}, "invalid", "scheduledTime"),
        ({"options": {"a": 1.5}}, "invalid", "options"),
    ],
)
def test_what_is_wrong_with_one_message_costs_no_other(
    wrong: Mapping[str, object], key: str, field: str
) -> None:
    world = a_world(senders=frozenset({"DEVINO"}))
    status, told, kept = post({"messages": [message(), message(**wrong)]}, world=world)
    taken, refused = told["result"]
    assert (status, taken["code"], refused["code"]) == (200, "OK", "REJECTED")
    assert "messageId" not in refused
    assert refused["reasons"][0]["key"] == key
    assert refused["reasons"][0]["ref"].startswith(f"messages[1].{field}")
    assert kept[0].state is State.DELIVERED


@pytest.mark.parametrize(
    ("other", "is_taken"),
    [
        ({"validity": 0}, True),
        ({"validity": "259200"}, True),
        ({"text": "x" * 34_170}, True),
        ({"text": "я" * 17_085}, True),
        ({"scheduledTime": "2022-09-09T08:52:27.319Z"}, True),
        ({"scheduledTime": "2022-09-09 08:52:27"}, True),
        ({"scheduledTime": 1662713547319}, True),
        ({"priority": "0"}, True),
        ({"priority": 0}, True),
    ],
)
def test_what_an_edition_allows_is_taken(other: Mapping[str, object], is_taken: bool) -> None:
    _, told, _ = post({"messages": [message(**other)]})
    assert (told["result"][0]["code"] == "OK") is is_taken


def test_a_strict_sandbox_takes_no_numbers_for_priorities() -> None:
    world = a_world()
    world.strict = True
    sent = [message(priority=rank) for rank in (3, 0, "LOW")]
    _, told, _ = post({"messages": sent}, world=world)
    assert [it["code"] for it in told["result"]] == ["REJECTED", "REJECTED", "OK"]


def test_a_message_waits_for_its_time() -> None:
    _, _, [kept] = post({"messages": [message(scheduledTime="2096-01-01T00:00:00.500Z")]})
    assert kept.state is State.SCHEDULED
    assert kept.send_at is not None
    assert kept.send_at.microsecond == 500_000


def test_no_money_costs_no_other_message_its_place() -> None:
    world = a_world(balance=Decimal("1.5"))
    dear = message(text="x" * 1000)
    _, told, _ = post({"messages": [dear, message()]}, world=world)
    assert [it.get("reasons", [{}])[0].get("key") for it in told["result"]] == [
        "billing.error",
        None,
    ]


@pytest.mark.parametrize(("count", "key"), [(0, "must.be.not.null"), (32_001, "too.many.messages")])
def test_too_few_or_too_many_are_refused_as_a_whole(count: int, key: str) -> None:
    status, told, _ = post({"messages": [{"to": "7"}] * count})
    assert (status, told["reasons"][0]["key"], told["reasons"][0]["ref"]) == (400, key, "messages")


def test_an_account_may_be_forbidden_to_send() -> None:
    world = a_world()
    world.of(Cabinet).forbidden.add("demo")
    _, told, _ = post({"messages": [message()]}, world=world)
    assert told["result"][0]["reasons"] == [{"key": "forbidden", "ref": "messages[0]"}]


def test_every_refusal_may_go_under_200() -> None:
    world = a_world()
    world.of(Cabinet).statuses = "200"
    assert post({}, world=world)[0] == 200
    assert post({"messages": []}, world=world)[0] == 200
    assert post({"messages": [message()]}, auth="Key guess", world=world)[0] == 200
    world.faults.add(Fault(protocol="online", action=AnswerError("unknown")))
    status, told, _ = post({"messages": [message()]}, world=world)
    assert (status, told["reasons"][0]["key"]) == (200, "unknown")


def test_a_fault_for_a_number_refuses_its_message_alone() -> None:
    world = a_world()
    world.faults.add(Fault(protocol="online", to="+79160000002", action=AnswerError("tomorrow")))
    _, told, _ = post({"messages": [message(), message(to="79160000002")]}, world=world)
    taken, refused = told["result"]
    assert (taken["code"], refused["reasons"][0]["key"]) == ("OK", "tomorrow")


def test_the_balance_is_told() -> None:
    path = "/billing-api/companies/current/account"
    status, told = asyncio.run(ask(a_world(balance=Decimal("12.30")), path, b"", method="GET"))
    assert (status, told["result"]["account"]["balance"]) == (200, 12.3)


def test_nobody_can_make_it_fail() -> None:
    odd = json.dumps({"messages": [message(callbackUrl="http://[", to="٣")]}).encode()
    for body in (
        odd,
        b"",
        b"[]",
        b"7",
        b'{"messages":7}',
        b'{"messages":[7,null,[]]}',
        b"\xff{",
        b"{",
    ):
        status, _, _ = post(body)
        assert status in (200, 400)
