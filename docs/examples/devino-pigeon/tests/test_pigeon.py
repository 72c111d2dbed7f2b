"""Tests Pigeon's channel and source against its own gateway in the sandbox, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import devino_pigeon
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from devino_pigeon.channel import Pigeon

import devino_core as devino
from devino_core import Incoming, Message, Secret, State, Status, StatusChanged
from devino_core.callbacks import CallbackRequest, Callbacks
from devino_core.testing import CallbackConformance, ChannelConformance, Readable
from devino_sandbox import (
    Account,
    Action,
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Pace,
    Sandbox,
    World,
)

KEY = "open-sesame"
SECRET = "a-secret-of-sixteen-characters"
(SPEC,) = devino_pigeon.devino_channels()
(NEWS,) = devino_pigeon.devino_callbacks()


def a_world(**account: object) -> World:
    demo = Account(login="demo", password=Secret("demo"), api_key=Secret(KEY))
    for name, value in account.items():
        setattr(demo, name, value)
    return World([demo], pace=Pace.instant())


@asynccontextmanager
async def pigeon(
    world: World | None = None, *, key: str = KEY, fault: Action | None = None
) -> AsyncIterator[Pigeon]:
    """The channel, connected to a sandbox."""
    world = world or a_world()
    if fault is not None:
        world.faults.add(Fault(protocol="pigeon", operation="letters", action=fault))
    async with Sandbox(world) as sandbox:
        settings = devino_pigeon.PigeonSettings(
            api_key=Secret(key), base_url=sandbox.endpoints["pigeon"], sender="PIGEON"
        )
        async with Pigeon(settings, name="pigeon") as channel:
            yield channel


class TestChannel(ChannelConformance):
    spec = SPEC
    carries = (Message("79160000001", "Привет", sender="PIGEON"),)
    refuses = ((Message("79160000001", "x" * 1001), devino.InvalidMessage),)
    faults = (
        (partial(pigeon, key="guess"), devino.AuthenticationFailed),
        (partial(pigeon, fault=AnswerError("busy")), devino.Throttled),
        (partial(pigeon, fault=AnswerError("bad_call")), devino.Rejected),
        (partial(pigeon, fault=AnswerHttp(502)), devino.OutcomeUnknown),
        (partial(pigeon, fault=Drop()), devino.OutcomeUnknown),
        (partial(pigeon, fault=DropAnswer()), devino.OutcomeUnknown),
    )

    def connected(self) -> AbstractAsyncContextManager[Pigeon]:
        return pigeon()


def posted(*items: object) -> CallbackRequest:
    return CallbackRequest(method="POST", path="/pigeon", body=json.dumps(items).encode())


def told(state: str, **other: object) -> dict[str, object]:
    about = {"id": "17", "at": "2026-01-01T10:00:00", "sender": "PIGEON", "to": "79160000001"}
    return {**about, "ref": "order-5", "state": state, **other}


AT = datetime(2026, 1, 1, 10, tzinfo=UTC)
WROTE = {"id": "5", "at": "2026-01-01T13:00:00+03:00", "sender": "79160000001", "to": "1234"}
YES = {**WROTE, "text": "a canary sings"}
INCOMING = Incoming(
    id="5", at=AT, channel="pigeon", sender="79160000001", to="1234", text="a canary sings"
)


def changed(state: State, word: str) -> StatusChanged:
    return StatusChanged(
        id=f"17:{word}",
        at=AT,
        channel="pigeon",
        message_id="17",
        status=Status(id="17", state=state, code=word, reported_at=AT),
        ref="order-5",
    )


class TestNews(CallbackConformance):
    spec = NEWS
    canary = "canary"
    readable = (
        Readable(posted(told("flying")), [changed(State.ENROUTE, "flying")]),
        Readable(posted(told("landed"), YES), [changed(State.DELIVERED, "landed"), INCOMING]),
        Readable(posted(told("moulting")), [changed(State.UNKNOWN, "moulting")]),
        Readable(posted({"id": ["canary"]}, YES, 7), [INCOMING], unread=2),
    )
    unreadable = (
        CallbackRequest(method="POST", path="/pigeon", body=b"canary"),
        CallbackRequest(method="POST", path="/pigeon", body=b'{"text": "canary"}'),
    )
    repeats = (
        (posted(told("landed"), YES), posted(YES, told("landed"))),
        (posted(told("landed"), YES), posted(told("landed", at="2026-01-01T10:00:00Z"))),
    )


def test_a_message_goes_through_the_sandbox_and_its_news_come_back() -> None:
    async def run() -> None:
        news: asyncio.Queue[devino.Event] = asyncio.Queue()
        callbacks = Callbacks(news.put, [NEWS], secrets=[Secret(SECRET)])

        async def receive(request: web.Request) -> web.Response:
            answer = await callbacks.handle(
                CallbackRequest(method=request.method, path=request.path, body=await request.read())
            )
            return web.Response(status=answer.status, body=answer.body)

        receiver = web.Application()
        receiver.add_routes([web.post("/{secret}/{source}", receive)])
        async with TestServer(receiver) as server:
            url = str(server.make_url(f"/{SECRET}/pigeon"))
            world = a_world(callbacks={"pigeon": Secret(url)})
            async with pigeon(world) as channel:
                [sent] = await channel.send([Message("79160000001", "Hello", ref="order-5")])
                states = []
                while State.DELIVERED not in states:
                    event = await asyncio.wait_for(news.get(), 10)
                    assert isinstance(event, StatusChanged)
                    assert (event.message_id, event.ref) == (sent.ids[0], "order-5")
                    states.append(event.status.state)
                assert (await channel.status(sent.ids))[0].state is State.DELIVERED
                world.receive(sender="79160000001", to="1234", text="Thanks")
                reply = await asyncio.wait_for(news.get(), 10)
                assert isinstance(reply, Incoming)
                assert (reply.sender, reply.to, reply.text) == ("79160000001", "1234", "Thanks")
        await callbacks.aclose()

    asyncio.run(run())


def test_a_letter_that_comes_twice_is_sent_once() -> None:
    async def run() -> None:
        world = a_world()
        async with pigeon(world) as channel:
            message = Message("79160000001", "Hello")
            first, second = await channel.send([message]), await channel.send([message])
            assert first[0].ids == second[0].ids
            assert len(list(world.messages())) == 1

    asyncio.run(run())


def test_what_is_refused_costs_no_other_letter_its_place() -> None:
    async def run() -> None:
        world = a_world(senders=frozenset({"PIGEON"}))
        async with pigeon(world) as channel:
            bad = Message("79160000001", "Hello", sender="HAWK")
            receipts = await channel.send([bad, Message("79160000002", "Hello")])
            assert [receipt.status.state for receipt in receipts] == [
                State.REJECTED,
                State.DELIVERED,
            ]
            assert isinstance(receipts[0].error, devino.Rejected)

    asyncio.run(run())


def test_a_long_list_goes_in_several_calls() -> None:
    async def run() -> None:
        world = a_world()
        async with pigeon(world) as channel:
            messages = [Message(f"79160000{n:03}", str(n)) for n in range(250)]
            receipts = await channel.send(messages)
            assert [receipt.to for receipt in receipts] == [message.to for message in messages]
            assert len({id for receipt in receipts for id in receipt.ids}) == 250

    asyncio.run(run())


def test_a_fault_meets_the_number_that_it_was_ordered_for() -> None:
    async def run() -> None:
        world = a_world()
        world.faults.add(Fault(protocol="pigeon", to="79160000002", action=AnswerError("busy")))
        async with pigeon(world) as channel:
            await channel.send([Message("79160000001", "Hello")])
            with pytest.raises(devino.Throttled):
                await channel.send([Message("79160000001", "One"), Message("79160000002", "Two")])

    asyncio.run(run())


def test_neither_the_key_nor_a_text_is_in_an_error() -> None:
    async def run() -> None:
        said = AnswerError("bad_call", f"{KEY} may not say swordfish")
        async with pigeon(fault=said) as channel:
            [receipt] = await channel.send([Message("79160000001", "swordfish")])
            assert str(receipt.error).count("***") == 2
            assert KEY not in repr(receipt)
            assert "swordfish" not in repr(receipt)

    asyncio.run(run())


def test_an_id_that_nobody_gave_is_unknown() -> None:
    async def run() -> None:
        async with pigeon() as channel:
            assert [status.state for status in await channel.status(["1", "a/b"])] == [
                State.UNKNOWN
            ] * 2

    asyncio.run(run())


def test_the_plugin_is_found() -> None:
    found = devino.Plugins(strict=True)
    assert found.channels()["pigeon"].settings is devino_pigeon.PigeonSettings
    assert found.callbacks()["pigeon"].methods == {"POST"}
