"""Incoming SMS: how a handler is called, and what goes back to the subscriber."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    CallbackAction,
    Drop,
    DropAnswer,
    Fault,
    Hold,
    Repeat,
    Sandbox,
    World,
)
from devino_sandbox.services.incoming import IncomingService
from tests.sandbox._callbacks import Receiver, concluded, shown, silent, wait
from tests.sandbox._http import Http
from tests.sandbox._messengers import calling

SUBSCRIBER, NUMBER = "79089876534", "2435"


def replies(world: World) -> list[tuple[str, str, str]]:
    """Sender, recipient and text of what went back."""
    return [
        (one.submission.sender, one.to, one.submission.text)
        for one in world.messages()
        if one.reason is None
    ]


async def write(http: Http, text: str = "Да", **more: str) -> None:
    body = {"sender": SUBSCRIBER, "to": NUMBER, "text": text, **more}
    answer = await http.raw("POST", "/_sandbox/incoming", json.dumps(body).encode())
    assert answer.status == 200, answer.body


async def test_the_handler_gets_the_form_of_the_manual(
    world: World, account: Account, receiver: Receiver
) -> None:
    async with calling(world, account, {"sms": receiver.url("sms", "?key=1")}) as http:
        await write(http, "Играйте с нами в лото & + %!", prefix="loto")
        call = await receiver.call()
        assert (call.method, call.body) == ("GET", b"")
        assert call.query.startswith("key=1&sourcePhone=79089876534&number=2435&prefix=loto&text=")
        assert parse_qs(call.query, keep_blank_values=True) == {
            "key": ["1"],
            "sourcePhone": [SUBSCRIBER],
            "number": [NUMBER],
            "prefix": ["loto"],
            "text": ["Играйте с нами в лото & + %!"],
            "messageId": ["539187174"],
        }
        [row] = await concluded(http)
        assert (row["kind"], row["attempt"], row["answered"]) == ("sms", 1, 200)
        assert receiver.nothing_more


async def test_the_reply_goes_back_from_the_number_and_is_charged(
    world: World, account: Account, receiver: Receiver
) -> None:
    account.senders = frozenset({"SHOP"})
    before = account.balance
    receiver.answers = ["{sms=Спасибо {за} ответ}"]
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http)
        await receiver.call()
        await concluded(http)
    assert replies(world) == [(NUMBER, SUBSCRIBER, "Спасибо {за} ответ")]
    assert account.balance == before - Decimal("1.5")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (" { sms = Thanks } ", " Thanks "),
        ("sms=Thanks", "Thanks"),
        ("{sms=}", "General"),
        ("OK", "General"),
        (200, "General"),
    ],
)
async def test_the_general_reply_goes_where_the_handler_has_none(
    world: World, account: Account, receiver: Receiver, answer: str | int, text: str
) -> None:
    account.reply = "General"
    receiver.answers = [answer]
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http)
        await receiver.call()
        await concluded(http)
    assert replies(world) == [(NUMBER, SUBSCRIBER, text)]


async def test_without_a_handler_the_general_reply_goes_at_once(
    world: World, account: Account
) -> None:
    account.reply = "General"
    async with calling(world, account, {}) as http:
        await write(http)
    assert replies(world) == [(NUMBER, SUBSCRIBER, "General")]


async def test_who_has_no_reply_sends_none(
    world: World, account: Account, receiver: Receiver
) -> None:
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http)
        await receiver.call()
        await concluded(http)
    assert replies(world) == []


async def test_a_reply_that_cannot_be_paid_is_on_record(
    world: World, account: Account, receiver: Receiver
) -> None:
    account.balance = Decimal(1)
    receiver.answers = ["{sms=Thanks}"]
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http)
        await receiver.call()
        await concluded(http)
    [refused] = world.messages()
    assert "credits" in (refused.reason or "")


@pytest.mark.parametrize(("has_replies", "seconds"), [(False, 30), (True, 60)])
async def test_after_a_silence_it_comes_again_at_once(
    world: World, account: Account, receiver: Receiver, has_replies: bool, seconds: int
) -> None:
    account.replies = has_replies
    receiver.answers = [silent, "{sms=Thanks}"]
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http)
        first = await receiver.call()
        await wait(http, seconds - 1)
        assert receiver.nothing_more
        await wait(http, 1)
        # The same, so that a handler knows it.
        assert await receiver.call() == first
        [row] = await concluded(http)
        assert (row["attempt"], row["answered"]) == (2, 200)
    assert replies(world) == [(NUMBER, SUBSCRIBER, "Thanks")]


@pytest.mark.parametrize("status", [201, 204, 302, 404, 500])
async def test_after_an_error_it_comes_again_in_five_minutes(
    world: World, account: Account, receiver: Receiver, status: int
) -> None:
    receiver.answers = [status]
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http)
        await receiver.call()
        [row] = await concluded(http)
        assert (row["answered"], row["due"]) == (status, "2011-01-15T12:05:00Z")
        await wait(http, 299)
        assert receiver.nothing_more
        await wait(http, 1)
        await receiver.call()
        [row] = await concluded(http)
        assert (row["attempt"], row["answered"], row["due"]) == (2, 200, None)


async def test_after_a_day_it_is_given_up(
    world: World, account: Account, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answers = [500] * 1000
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http)
        while not (row := (await concluded(http))[0])["given_up"]:
            await receiver.call()
            await wait(http, 300)
    assert (row["attempt"], row["answered"], row["due"]) == (24 * 60 / 5 + 1, 500, None)
    assert clock.now() == datetime(2011, 1, 16, 12, tzinfo=UTC)


async def test_an_answer_that_comes_too_late_is_none(
    world: World, account: Account, receiver: Receiver
) -> None:
    late: list[web.Request] = []

    async def slow(request: web.Request) -> web.StreamResponse:
        late.append(request)
        await world.clock.sleep(31)
        return web.Response(text="{sms=Late}")

    receiver.answers = [slow]
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http)
        await receiver.call()
        await wait(http, 30)
        await receiver.call()
        await concluded(http)
        await wait(http, 10)
    assert len(late) == 1
    assert replies(world) == []


async def test_a_handler_may_be_called_by_post(
    world: World, account: Account, receiver: Receiver
) -> None:
    account.callbacks = {"sms": receiver.url("sms")}
    services = [lambda world: IncomingService(world, verb="POST")]
    async with Sandbox(world, discover=False, services=services):
        world.receive(sender=SUBSCRIBER, to=NUMBER, text="да")
        call = await receiver.call()
    assert (call.method, call.query) == ("POST", "")
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(call.body.decode())["text"] == ["да"]


async def test_what_comes_by_a_messenger_is_no_sms(
    world: World, account: Account, receiver: Receiver
) -> None:
    account.reply = "General"
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http, medium="WHATSAPP")
        await write(http)
        call = await receiver.call()
        assert "messageId=539187175" in call.query
        await concluded(http)
        assert receiver.nothing_more
    assert len(replies(world)) == 1


async def test_each_failure_on_order(world: World, account: Account, receiver: Receiver) -> None:
    ordered: Mapping[str, CallbackAction] = {
        "dropped": Drop(),
        "unheard": DropAnswer(),
        "thrice": Repeat(2),
        "held": Hold(600),
    }
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        for number, (text, action) in enumerate(ordered.items()):
            sender = f"7908987650{number}"
            world.faults.add(Fault(protocol="sms-callback", to=sender, action=action))
            await write(http, text, sender=sender)
        await write(http, "last")
        seen = []
        for _ in range(8):
            await concluded(http)
            while not receiver.nothing_more:
                seen.append(parse_qs((await receiver.call()).query)["text"][0])
            await wait(http, 100)
        # What was dropped was not sent at first; what was unheard was sent, and comes again.
        assert Counter(seen) == {"dropped": 1, "unheard": 2, "thrice": 3, "held": 1, "last": 1}
        assert seen[-1] == "held"
        assert {row["answered"] for row in await shown(http)} == {200}


async def test_the_record_never_shows_the_url(
    world: World, account: Account, receiver: Receiver
) -> None:
    async with calling(world, account, {"sms": receiver.url("sms")}) as http:
        await write(http)
        await receiver.call()
        await concluded(http)
        for path in ("", "/callbacks", "/messages", "/faults"):
            body = (await http.raw("GET", f"/_sandbox{path}")).body
            assert b"s3cret" not in body
