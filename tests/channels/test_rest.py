"""The REST channels against the sandbox, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

import pytest

from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ConfigurationError,
    InsufficientFunds,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    ProtocolViolation,
    Rejected,
    State,
    Status,
    Throttled,
    Unavailable,
)
from devino_core.testing import ChannelConformance, ManualClock
from devino_plugins.rest._channel import RestChannel
from devino_sandbox import (
    Account,
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Sandbox,
    World,
)
from tests.channels._sandboxed import Wired, account, wired

KINDS = {"rest": "rest", "rest-v2": "rest_v2"}
TO, OTHER = "79031234567", "79031234568"
LONG = "Длинное сообщение. " * 10


class _RestConformance(ChannelConformance):
    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired(self.spec.name, KINDS[self.spec.name]) as wire:
            yield wire.channel


class TestRest(_RestConformance):
    spec = Plugins(environ={}).channel_spec("rest")


class TestRestV2(_RestConformance):
    spec = Plugins(environ={}).channel_spec("rest-v2")


@pytest.fixture(params=KINDS)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    async with wired(request.param, KINDS[request.param]) as wire:
        yield wire


def rest(**settings: object) -> AbstractAsyncContextManager[Wired]:
    return wired("rest", "rest", **settings)  # type: ignore[arg-type]


async def status(wire: Wired, ids: tuple[str, ...], medium: Medium = Medium.SMS) -> Status:
    return Status.combined(await wire.channel.status(ids, medium=medium))


async def test_a_message_lives_from_accepted_to_delivered(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "Hello")])
    assert receipt.status.state is State.ACCEPTED
    seen = [(await status(wire, receipt.ids)).state]
    for _ in range(3):
        await wire.clock.tick(0.5)
        seen.append((await status(wire, receipt.ids)).state)
    assert seen == [State.ACCEPTED, State.ENROUTE, State.DELIVERED, State.DELIVERED]


FATES = {
    "79990000010": (State.REJECTED, 10),
    "79990000011": (State.REJECTED, 11),
    "79990000041": (State.UNDELIVERABLE, 41),
    "79990000042": (State.REJECTED, 42),
    "79990000046": (State.EXPIRED, 46),
    "79990000047": (State.DELETED, 47),
    "79990000048": (State.REJECTED, 48),
    "79990000069": (State.REJECTED, 69),
    "79990000099": (State.UNKNOWN, 99),
    "79990000255": (State.UNKNOWN, 255),
    TO: (State.DELIVERED, 0),
}


async def test_every_fate_has_its_state_and_keeps_the_platform_code(wire: Wired) -> None:
    receipts = await wire.channel.send([Message(to, "Hello") for to in FATES])
    await wire.clock.tick(5)
    statuses = await wire.channel.status([receipt.ids[0] for receipt in receipts])
    assert {r.to: (s.state, s.code) for r, s in zip(receipts, statuses, strict=True)} == FATES


async def test_the_older_number_of_deleted_is_deleted_and_stays_as_it_came(wire: Wired) -> None:
    wire.world.faults.add(Fault(operation="Sms/State", action=AnswerHttp(200, '{"State":-97}')))
    (state,) = await wire.channel.status(["1"])
    assert (state.state, state.code) == (State.DELETED, -97)


async def test_a_status_has_aware_times_and_the_exact_price(wire: Wired) -> None:
    sent_at = wire.clock.now()
    (receipt,) = await wire.channel.send([Message(TO, "Hello")])
    await wire.clock.tick(5)
    state = await status(wire, receipt.ids)
    assert (state.created_at, state.price) == (sent_at, Decimal("1.5"))
    assert state.reported_at is not None
    assert state.reported_at - sent_at == timedelta(seconds=1)


async def test_the_ids_of_a_bulk_are_given_to_their_recipients_by_segments(wire: Wired) -> None:
    receipts = await wire.channel.send([Message(TO, LONG), Message(OTHER, LONG)])
    for receipt in receipts:
        (stored,) = wire.world.messages(to=receipt.to)
        assert receipt.ids == stored.ids
        assert receipt.parts == stored.parts > 1


@pytest.mark.parametrize("ids", [("1",), ("1", "2", "3"), ("1", "1")])
async def test_ids_that_do_not_fit_the_recipients_are_not_guessed(
    wire: Wired, ids: tuple[str, ...]
) -> None:
    body = "[" + ",".join(f'"{one}"' for one in ids) + "]"
    wire.world.faults.add(Fault(operation="Sms/SendBulk", action=AnswerHttp(200, body)))
    receipts = await wire.channel.send([Message(TO, "a"), Message(OTHER, "a")])
    assert [(r.ids, r.unassigned_ids) for r in receipts] == [((), ids)] * 2


async def test_many_concurrent_sends_log_in_once() -> None:
    async with rest() as wire:
        logins = 0
        working = wire.world.open_session

        def counting(owner: Account) -> str:
            nonlocal logins
            logins += 1
            return working(owner)

        wire.world.open_session = counting  # type: ignore[method-assign]
        await asyncio.gather(*[wire.channel.send([Message(TO, "a")]) for _ in range(20)])
        assert logins == 1
        # The platform forgets the session: all notice at once, one logs in.
        wire.world.end_sessions()
        await asyncio.gather(*[wire.channel.send([Message(TO, "a")]) for _ in range(20)])
        assert logins == 2
        # Before the 120 minutes end, a new one is fetched without being refused first.
        wire.clock.advance(116 * 60)
        await wire.channel.send([Message(TO, "a")])
        assert logins == 3
        assert len([m for m in wire.world.messages() if m.reason is None]) == 41


async def test_a_platform_that_refuses_every_session_is_not_asked_in_a_loop() -> None:
    async with rest() as wire:
        wire.world.faults.add(Fault(operation="Sms/Send", times=None, action=AnswerError(4)))
        with pytest.raises(AuthenticationFailed):
            await wire.channel.send([Message(TO, "a")])
        assert list(wire.world.messages()) == []


async def test_a_wrong_password_is_not_tried_for_every_message() -> None:
    async with rest(password="wrong") as wire:
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
    async with rest() as wire:
        refused = AnswerHttp(401, f'{{"Code":{code},"Desc":"no"}}')
        wire.world.faults.add(Fault(operation="Sms/Send", action=refused))
        (receipt,) = await wire.channel.send([Message(TO, "a")])
        assert receipt.ids


@pytest.mark.parametrize("message_id", ["", "a b", "\udcff"])
async def test_an_id_that_cannot_be_asked_for_is_refused(wire: Wired, message_id: str) -> None:
    with pytest.raises(InvalidMessage, match="messageId"):
        await wire.channel.status([message_id])


@pytest.mark.parametrize(("kind", "endpoint"), KINDS.items())
async def test_a_wrong_password_is_authentication_failed(kind: str, endpoint: str) -> None:
    async with wired(kind, endpoint, password="wrong") as wire:
        with pytest.raises(AuthenticationFailed, match="Invalid user login or password") as caught:
            await wire.channel.balance()
    assert caught.value.code == 4


async def test_an_empty_account_is_insufficient_funds_and_sends_nothing() -> None:
    world = World([account(balance=Decimal(2))], clock=ManualClock())
    async with rest(world=world) as wire:
        with pytest.raises(InsufficientFunds) as caught:
            await wire.channel.send([Message(TO, "a"), Message(OTHER, "a")])
        assert caught.value.code == 5
        assert await wire.channel.balance() == 2
        assert {message.state for message in wire.world.messages()} == {State.REJECTED}


async def test_a_refused_sender_is_a_receipt_not_an_exception() -> None:
    world = World([account(senders=frozenset({"APPROVED"}))], clock=ManualClock())
    async with rest(world=world) as wire:
        refused, sent = await wire.channel.send(
            [Message(TO, "a"), Message(TO, "a", sender="APPROVED")]
        )
    assert refused.refused
    assert isinstance(refused.error, Rejected)
    assert (refused.status.code, refused.status.description) == (6, "Invalid source address")
    assert sent.status.state is State.ACCEPTED


@pytest.mark.parametrize(
    ("action", "error", "in_world"),
    [
        (DropAnswer(), OutcomeUnknown, 1),
        (Drop(), OutcomeUnknown, 0),
        (AnswerHttp(502, "<html>Bad gateway</html>"), OutcomeUnknown, 0),
        (AnswerError(8), OutcomeUnknown, 0),
        (AnswerError(9), OutcomeUnknown, 0),
        (AnswerHttp(200, "<html>Welcome to the hotel's WiFi</html>"), ProtocolViolation, 0),
        (AnswerHttp(429, ""), Throttled, 0),
        (AnswerHttp(504, '{"code":504,"message":"upstream timed out"}'), OutcomeUnknown, 0),
        (AnswerHttp(502, '{"Code":77,"Desc":"?"}'), OutcomeUnknown, 0),
        (AnswerHttp(200, "[]"), ProtocolViolation, 0),
        (AnswerHttp(404, "<html>Not found</html>"), ConfigurationError, 0),
    ],
)
async def test_a_send_whose_end_is_not_known_says_so(
    wire: Wired, action: Drop, error: type[Exception], in_world: int
) -> None:
    wire.world.faults.add(Fault(operation="Sms/Send", action=action))
    message = Message(TO, "a")
    with pytest.raises(error) as caught:
        await wire.channel.send([message])
    assert caught.value.refs == (message.ref,)  # type: ignore[attr-defined]
    assert len(list(wire.world.messages())) == in_world


@pytest.mark.parametrize("action", [Drop(), AnswerError(9), AnswerHttp(503, "")])
async def test_a_question_without_an_answer_can_be_asked_again(wire: Wired, action: Drop) -> None:
    wire.world.faults.add(Fault(operation="User/Balance", action=action))
    with pytest.raises(Unavailable):
        await wire.channel.balance()
    assert await wire.channel.balance() > 0


async def test_a_lost_bulk_does_not_lose_the_others() -> None:
    async with rest(bulk_size=2, concurrency=1) as wire:
        wire.world.faults.add(Fault(operation="Sms/SendBulk", nth=2, action=DropAnswer()))
        messages = [Message(f"7903123456{n}", "a") for n in range(6)]
        receipts = await wire.channel.send(messages)
        assert [type(receipt.error) for receipt in receipts] == [
            type(None), type(None), OutcomeUnknown, OutcomeUnknown, type(None), type(None),
        ]  # fmt: skip
        assert [bool(receipt.ids) for receipt in receipts] == [True, True, False, False, True, True]
        assert len(list(wire.world.messages())) == 6


async def test_an_aware_time_is_an_instant_and_a_naive_one_the_recipients_clock(
    wire: Wired,
) -> None:
    at = wire.clock.now() + timedelta(hours=5)
    wall = datetime(2027, 1, 1, 9, 0)  # noqa: DTZ001 - the recipient's
    vladivostok = "74232000000"
    receipts = await wire.channel.send(
        [Message(TO, "a", send_at=at), Message(vladivostok, "a", send_at=wall)]
    )
    assert {receipt.status.state for receipt in receipts} == {State.SCHEDULED}
    (instant,), (local,) = wire.world.messages(to=TO), wire.world.messages(to=vladivostok)
    assert instant.send_at == at
    assert local.send_at is not None
    assert local.send_at.isoformat() == "2026-12-31T23:00:00+00:00"


async def test_viber_is_delivered_and_read(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "Hello", medium=Medium.VIBER)])
    seen = []
    for _ in range(4):
        seen.append((await status(wire, receipt.ids, Medium.VIBER)).state)
        await wire.clock.tick(0.9)
    assert seen == [State.ACCEPTED, State.ENROUTE, State.DELIVERED, State.READ]


async def test_viber_that_is_not_delivered_is_what_became_of_its_sms(wire: Wired) -> None:
    failing = "79990000007"
    message = Message(failing, "Hello", medium=Medium.VIBER, fallback=Message(failing, "Hello"))
    (receipt,) = await wire.channel.send([message])
    await wire.clock.tick(1)
    assert not (await status(wire, receipt.ids, Medium.VIBER)).state.is_final
    await wire.clock.tick(1)
    assert (await status(wire, receipt.ids, Medium.VIBER)).state is State.DELIVERED
    assert [stored.submission.medium for stored in wire.world.messages()] == ["VIBER", "SMS"]
    state = await status(wire, receipt.ids, Medium.VIBER)
    assert (state.id, state.price) == (receipt.ids[0], Decimal("3.3"))


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


async def test_impossible_periods_are_refused_before_asking(wire: Wired) -> None:
    channel, now = cast(RestChannel, wire.channel), wire.clock.now()
    wire.world.faults.add(Fault(times=None, action=AnswerError(9)))
    for ask, since, until, field in [
        (channel.inbox, now, now, "until"),
        (channel.inbox, now - timedelta(days=367), now, "since"),
        (
            channel.inbox,
            now,
            now.replace(year=9999, month=12, day=31, hour=23, minute=59, second=59, microsecond=1),
            "until",
        ),
        (channel.inbox, now.replace(tzinfo=None), now, "since"),
        (channel.statistics, now - timedelta(days=91), now, "until"),
        (channel.statistics, now - timedelta(days=1), now.replace(tzinfo=None), "until"),
    ]:
        with pytest.raises(InvalidMessage) as caught:
            await ask(since, until)
        assert caught.value.field == field


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
