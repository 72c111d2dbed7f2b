"""What only the REST channels do, against the sandbox, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import pytest

from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    ConfigurationError,
    DevinoError,
    InvalidArgument,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    ProtocolViolation,
    State,
)
from devino_plugins.rest._channel import RestChannel
from devino_sandbox import Account, AnswerHttp, DropAnswer, Fault, Sandbox
from tests.channels._sandboxed import Wired
from tests.channels._services import assert_ends, reached

KINDS = ("rest", "rest-v2")
TO, OTHER = "79031234567", "79031234568"


@pytest.fixture(params=KINDS)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    async with reached(request.param) as wire:
        yield wire


async def test_the_older_number_of_deleted_is_deleted_and_stays_as_it_came(wire: Wired) -> None:
    wire.world.faults.add(Fault(operation="Sms/State", action=AnswerHttp(200, '{"State":-97}')))
    (state,) = await wire.channel.status(["1"])
    assert (state.state, state.code) == (State.DELETED, -97)


@pytest.mark.parametrize("ids", [("1",), ("1", "2", "3"), ("1", "1")])
async def test_ids_that_do_not_fit_the_recipients_are_not_guessed(
    wire: Wired, ids: tuple[str, ...]
) -> None:
    body = "[" + ",".join(f'"{one}"' for one in ids) + "]"
    wire.world.faults.add(Fault(operation="Sms/SendBulk", action=AnswerHttp(200, body)))
    receipts = await wire.channel.send([Message(TO, "a"), Message(OTHER, "a")])
    assert [(r.ids, r.unassigned_ids) for r in receipts] == [((), ids)] * 2


async def test_a_wrong_password_is_not_tried_for_every_message() -> None:
    async with reached("rest", password="wrong") as wire:
        tries = 0
        working = wire.world.authenticate

        def counting(login: str, password: str) -> Account | None:
            nonlocal tries
            tries += 1
            return working(login, password)

        wire.world.authenticate = counting  # type: ignore[method-assign]
        with pytest.raises(AuthenticationFailed):
            await wire.channel.send([Message(TO, f"text {n}") for n in range(50)])
        assert tries <= 2


@pytest.mark.parametrize("code", [6, 9])
async def test_any_401_means_to_log_in_again(code: int) -> None:
    async with reached("rest") as wire:
        refused = AnswerHttp(401, f'{{"Code":{code},"Desc":"no"}}')
        wire.world.faults.add(Fault(operation="Sms/Send", action=refused))
        (receipt,) = await wire.channel.send([Message(TO, "a")])
        assert receipt.ids


@pytest.mark.parametrize("message_id", ["", "a b", "\udcff"])
async def test_an_id_that_cannot_be_asked_for_is_refused(wire: Wired, message_id: str) -> None:
    with pytest.raises(InvalidArgument, match="messageId"):
        await wire.channel.status([message_id])


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (AnswerHttp(502, '{"Code":77,"Desc":"?"}'), OutcomeUnknown),
        (AnswerHttp(200, "[]"), ProtocolViolation),
    ],
)
async def test_an_answer_that_says_nothing_of_the_message_leaves_its_end_unknown(
    wire: Wired, action: AnswerHttp, error: type[DevinoError]
) -> None:
    await assert_ends(wire, "Sms/Send", action, error)


async def test_a_lost_bulk_does_not_lose_the_others() -> None:
    async with reached("rest", bulk_size=2, concurrency=1) as wire:
        wire.world.faults.add(Fault(operation="Sms/SendBulk", nth=2, action=DropAnswer()))
        messages = [Message(f"7903123456{n}", "a") for n in range(6)]
        receipts = await wire.channel.send(messages)
        assert [type(receipt.error) for receipt in receipts] == [
            type(None), type(None), OutcomeUnknown, OutcomeUnknown, type(None), type(None),
        ]  # fmt: skip
        assert [bool(receipt.ids) for receipt in receipts] == [True, True, False, False, True, True]
        assert len(list(wire.world.messages())) == 6


async def test_viber_in_bulk_with_an_option_for_each(wire: Wired) -> None:
    receipts = await wire.channel.send(
        [Message(to, "Hello", medium=Medium.VIBER, options={"optional": to}) for to in (TO, OTHER)]
    )
    assert [len(receipt.ids) for receipt in receipts] == [1, 1]


async def test_the_inbox_holds_what_subscribers_wrote(wire: Wired) -> None:
    since = wire.clock.now() - timedelta(minutes=1)
    written = wire.world.receive(sender=TO, to="2435", text="Да")
    await wire.clock.tick(60)
    (incoming,) = await wire.channel.inbox(since, wire.clock.now())
    assert (incoming.id, incoming.sender, incoming.to, incoming.text, incoming.at) == (
        str(written.id), TO, "2435", "Да", written.at,
    )  # fmt: skip


async def test_the_inbox_ends_exactly_where_it_was_asked_to(wire: Wired) -> None:
    since = wire.clock.now() - timedelta(minutes=1)
    wire.clock.advance(0.4)
    wire.world.receive(sender=TO, to="2435", text="in time")
    until = wire.clock.now()
    wire.clock.advance(0.4)
    wire.world.receive(sender=TO, to="2435", text="too late")
    assert [incoming.text for incoming in await wire.channel.inbox(since, until)] == ["in time"]


async def test_statistics_count_what_was_sent(wire: Wired) -> None:
    since = wire.clock.now() - timedelta(days=1)
    await wire.channel.send([Message(TO, "a"), Message("79990000046", "a")])
    await wire.clock.tick(5)
    counted = await cast(RestChannel, wire.channel).statistics(since, wire.clock.now())
    assert (counted.delivered, counted.expired, counted.total_with_errors) == (1, 1, 2)


async def test_a_client_follows_messages_of_several_channels() -> None:
    async with Sandbox(discover=False) as sandbox:
        login = {"login": "demo", "password": "demo", "sender": "DEVINO"}
        config = {
            "rest": {**login, "base_url": sandbox.endpoints["rest"]},
            "rest-v2": {**login, "base_url": sandbox.endpoints["rest_v2"]},
        }
        async with AsyncClient(config, plugins=Plugins(environ={})) as client:
            receipts = [
                await client.send(Message(TO, "Hello"), channel="rest"),
                await client.send(Message("79990000046", "Hello"), channel="rest-v2"),
            ]
            last = {
                receipt.channel: receipt.status.state
                async for receipt in client.follow(receipts, interval=0.05, timeout=30)
            }
    assert last == {"rest": State.DELIVERED, "rest-v2": State.EXPIRED}


async def test_the_address_of_the_other_version_is_told_as_that() -> None:
    async with Sandbox(discover=False) as sandbox:
        login = {"login": "demo", "password": "demo", "sender": "DEVINO"}
        for kind, other in (("rest-v2", "rest"), ("rest", "rest_v2")):
            config = {kind: {**login, "base_url": sandbox.endpoints[other]}}
            async with AsyncClient(config, plugins=Plugins(environ={})) as client:
                with pytest.raises(ConfigurationError, match="base_url"):
                    await client.send(Message(TO, "Hello"))
                with pytest.raises(ConfigurationError, match="base_url"):
                    await client.balance()
            assert all(message.reason for message in sandbox.world.messages(to=TO))
