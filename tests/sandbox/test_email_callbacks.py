"""What the sandbox posts about mails: the events, their order, and their repeats."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from devino_codecs.email import MessageEvent, decode_callback
from devino_core.testing import ManualClock
from devino_sandbox import Account, Drop, Fault, Hold, Repeat, Sandbox, World
from tests._vectors import VECTORS
from tests.sandbox._callbacks import Receiver, concluded, wait
from tests.sandbox._email import Post, add_contact, content_of
from tests.sandbox._http import Http

KINDS = ("email", "email-xml")


@asynccontextmanager
async def posting(
    world: World, account: Account, receiver: Receiver, *kinds: str
) -> AsyncIterator[Post]:
    account.callbacks = {kind: receiver.url(kind) for kind in kinds}
    async with Sandbox(world, discover=False) as sandbox, aiohttp.ClientSession() as session:
        yield Post(Http(session, sandbox.endpoints))


async def events(receiver: Receiver, count: int) -> list[MessageEvent]:
    """The next events, of as many callbacks as they take."""
    found: list[MessageEvent] = []
    while len(found) < count:
        for event in decode_callback((await receiver.call()).body):
            assert isinstance(event, MessageEvent)
            found.append(event)
    assert (len(found), receiver.nothing_more) == (count, True)
    return found


async def pass_by(world: World, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    world.advance()


STORIES: list[tuple[str, list[tuple[str, str | None, bool | None]]]] = [
    ("read", [("SENT", None, None), ("DELIVERED", None, None), ("OPENED", None, None)]),
    (
        "clicked",
        [
            ("SENT", None, None),
            ("DELIVERED", None, None),
            ("OPENED", None, None),
            ("CLICKED", None, None),
        ],
    ),
    ("notsent", []),
    ("notfound", []),
    ("sent", [("SENT", None, None)]),
    ("bounced", [("SENT", None, None), ("BOUNCED", "bad-mailbox", True)]),
    ("bounced.spam-related", [("SENT", None, None), ("BOUNCED", "spam-related", False)]),
    ("bounced.message-expired", [("SENT", None, None), ("BOUNCED", "message-expired", False)]),
    ("bounced.already_unsubscribed", [("BOUNCED", "already_unsubscribed", False)]),
    ("rejected", [("BOUNCED", "overpackage-related", False)]),
    (
        "late-bounced",
        [("SENT", None, None), ("DELIVERED", None, None), ("BOUNCED", "bad-mailbox", True)],
    ),
    (
        "unsubscribed",
        [
            ("SENT", None, None),
            ("DELIVERED", None, None),
            ("OPENED", None, None),
            ("UNSUBSCRIBED", None, None),
        ],
    ),
    (
        "complained",
        [
            ("SENT", None, None),
            ("DELIVERED", None, None),
            ("OPENED", None, None),
            ("COMPLAINED", None, None),
        ],
    ),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "story"), STORIES, ids=[name for name, _ in STORIES])
async def test_each_fate_is_told(
    world: World,
    account: Account,
    clock: ManualClock,
    receiver: Receiver,
    kind: str,
    name: str,
    story: list[tuple[str, str | None, bool | None]],
) -> None:
    async with posting(world, account, receiver, kind) as post:
        to = f"{name}@fate.test"
        recipients = [{"Address": to, "RecipientId": "mine"}]
        [taken] = await post.send(Recipients=recipients, UserCampaignId="spring")
        await pass_by(world, clock, 100)
        found = await events(receiver, len(story)) if story else []
        assert [(one.event, one.reason, one.is_hardbounce) for one in found] == story
        for one in found:
            assert (one.message_id, one.email, one.task_id) == (taken["MessageId"], to, 0)
            assert (one.user_message_id, one.user_campaign_id) == ("mine", "spring")
            by_hand = one.event in ("OPENED", "CLICKED", "UNSUBSCRIBED", "COMPLAINED")
            assert (one.client_info.browser is not None) is by_hand
            assert (one.url is not None) is (one.event == "CLICKED")
        assert receiver.nothing_more


@pytest.mark.parametrize(("kind", "vector"), [("email", "14-031"), ("email-xml", "14-039")])
async def test_the_form_is_the_manuals(
    world: World,
    account: Account,
    clock: ManualClock,
    receiver: Receiver,
    kind: str,
    vector: str,
) -> None:
    async with posting(world, account, receiver, kind) as post:
        recipients = [{"Address": "sent@fate.test", "RecipientId": "mine"}]
        await post.send(Recipients=recipients, UserCampaignId="spring")
        await pass_by(world, clock, 0.3)
        call = await receiver.call()
    assert call.method == "POST"
    if kind == "email-xml":
        assert call.headers["Content-Type"] == "application/xml"
        printed = b"".join(line.strip() for line in VECTORS[vector].data.splitlines())
        [told], [manual] = decode_callback(call.body), decode_callback(printed)
        assert isinstance(told, MessageEvent)
        assert isinstance(manual, MessageEvent)
        names = [part.partition(b">")[0] for part in call.body.split(b"<")]
        assert names == [part.partition(b">")[0] for part in printed.split(b"<")]
        return
    assert call.headers["Content-Type"] == "application/json"
    [told_json] = json.loads(call.body)["messageEventDtos"]
    [printed_json] = json.loads(VECTORS[vector].data)["messageEventDtos"]
    assert list(told_json) == list(printed_json)
    assert told_json["dateTime"] == "2011-01-15T12:00:00.2000000"
    assert told_json["clientInfo"] == printed_json["clientInfo"]


async def test_a_campaign_tells_its_id_and_returns_are_told(
    world: World, account: Account, clock: ManualClock, receiver: Receiver
) -> None:
    add_contact(world, "read@fate.test")
    async with posting(world, account, receiver, "email") as post:
        task = await post.task()
        await post.set_state(task, "Started")
        await pass_by(world, clock, 10)
        assert [one.task_id for one in await events(receiver, 3)] == [task] * 3
        [message] = world.messages()
        token = content_of(message).html.partition("/unsubscribe/")[2].partition("http")[0]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for consent in ("UNSUBSCRIBED", "SUBSCRIBED"):
            await post.http.raw(
                "POST", f"/_mail/unsubscribe/{token}", f"consent={consent}".encode(), form
            )
            [event] = await events(receiver, 1)
            assert (event.event, event.task_id, event.email) == (consent, task, "read@fate.test")


async def test_up_to_100_events_go_together_in_order(
    world: World, account: Account, clock: ManualClock, receiver: Receiver
) -> None:
    async with posting(world, account, receiver, "email") as post:
        to = [f"{number}@b.ru" for number in range(60)]
        await post.send(*to)
        await pass_by(world, clock, 10)
        calls = [decode_callback((await receiver.call()).body) for _ in range(2)]
    assert [len(call) for call in calls] == [100, 80]
    told: list[Any] = [event for call in calls for event in call]
    assert [one.event for one in told if one.email == "59@b.ru"] == [
        "SENT",
        "DELIVERED",
        "OPENED",
    ]


async def test_it_is_said_again_until_it_is_taken(
    world: World, account: Account, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [500, 301, 204]
    async with posting(world, account, receiver, "email") as post:
        await post.send("sent@fate.test")
        await pass_by(world, clock, 1)
        first = await receiver.call()
        for due in ("12:01:01", "12:02:01"):
            [callback] = await concluded(post.http)
            assert callback["due"] == f"2011-01-15T{due}Z"
            await wait(post.http, 60)
            assert (await receiver.call()).body == first.body
        [callback] = await concluded(post.http)
        assert (callback["attempt"], callback["answered"], callback["due"]) == (3, 204, None)


async def test_nobody_asks_for_ever(
    world: World, account: Account, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [500] * 2000
    async with posting(world, account, receiver, "email-xml") as post:
        await post.send("sent@fate.test")
        await pass_by(world, clock, 1)
        await receiver.call()
        await concluded(post.http)
        await wait(post.http, 24 * 3600)
        await receiver.call()
        [callback] = await concluded(post.http)
        assert (callback["attempt"], callback["given_up"]) == (2, True)


@pytest.mark.parametrize(
    ("action", "calls", "due"),
    [
        (Repeat(2), 3, None),
        (Hold(600), 0, "2011-01-15T12:10:00.200000Z"),
        (Drop(), 0, "2011-01-15T12:01:30.200000Z"),
    ],
)
async def test_repeats_losses_and_delays_on_order(
    world: World,
    account: Account,
    clock: ManualClock,
    receiver: Receiver,
    action: Repeat | Hold | Drop,
    calls: int,
    due: str | None,
) -> None:
    async with posting(world, account, receiver, "email") as post:
        world.faults.add(Fault(protocol="email-callback", to="sent@FATE.test", action=action))
        await post.send("sent@fate.test")
        clock.advance(0.2)
        world.advance()
        bodies = {(await receiver.call()).body for _ in range(calls)}
        assert len(bodies) == min(calls, 1)
        [callback] = await concluded(post.http)
        assert callback["due"] == due
        assert receiver.nothing_more
