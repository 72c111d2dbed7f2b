"""What the REST and the SOAP channels do alike, against the sandbox, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import cast

import msgspec
import pytest

from devino_core import (
    AuthenticationFailed,
    Card,
    Channel,
    ChannelSettings,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidArgument,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    Priority,
    ProtocolViolation,
    Rejected,
    Retry,
    State,
    Status,
    Throttled,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ChannelConformance, Connected, ManualClock
from devino_plugins.rest._channel import RestChannel
from devino_plugins.soap._channel import SoapChannel
from devino_sandbox import Account, AnswerError, AnswerHttp, Drop, DropAnswer, Fault, World
from devino_sandbox._faults import Action
from tests.channels._sandboxed import Wired, account, ends_of, struck
from tests.channels._services import SERVICES, assert_ends, reached

TO, OTHER = "79031234567", "79031234568"
LONG = "Длинное сообщение. " * 10
WITH_SESSIONS = ("rest", "soap")


def viber(text: str = "Hello", **more: object) -> Message:
    return Message(TO, text, medium=Medium.VIBER, **more)  # type: ignore[arg-type]


LATER = datetime(2026, 12, 31, 9, 30, tzinfo=UTC)


def broken(kind: str) -> Sequence[tuple[Connected, type[DevinoError] | Retry]]:
    connect = partial(reached, kind)
    poor = World([account(balance=Decimal(0))], clock=ManualClock())
    answers: Sequence[tuple[Action, type[DevinoError] | Retry]] = (
        (Drop(), OutcomeUnknown),
        (DropAnswer(), Retry.MAY_DUPLICATE),
        (AnswerError(9), OutcomeUnknown),
        (AnswerError(6), Rejected),
        (AnswerHttp(429, ""), Throttled),
        (AnswerHttp(200, "<html>"), ProtocolViolation),
    )
    return [
        (struck(partial(connect, base_url="http://127.0.0.1:1")), ConnectFailed),
        (struck(partial(connect, password="wrong")), AuthenticationFailed),
        (struck(partial(connect, world=poor)), InsufficientFunds),
        *[
            (struck(connect, Fault(operation=SERVICES[kind].send, action=action)), expected)
            for action, expected in answers
        ],
    ]


@pytest.mark.pythons
class _Conformance(ChannelConformance):
    carries = (
        Message(TO, "a" * 2000, sender="1" * 15, send_at=LATER),
        Message("+7 903 123-45-67", "Привет", send_at=LATER.replace(tzinfo=None)),
        Message(TO, LONG, validity=timedelta(minutes=1)),
        viber("я" * 1000, validity=timedelta(minutes=1440)),
        viber(fallback=Message(TO, "Hello")),
        viber(options={"optional": "campaign 7"}),
    )
    refuses = (
        (Message(TO, ""), InvalidMessage),
        (Message(TO, "a" * 2001), InvalidMessage),
        (Message("12345", "a"), InvalidMessage),
        (Message(TO, "a", sender="A" * 12), InvalidMessage),
        (viber("я" * 1001), InvalidMessage),
        (viber(sender="1" * 12), InvalidMessage),
        (viber(validity=timedelta(minutes=1441)), InvalidMessage),
        (viber(options={"optinal": "x"}), InvalidMessage),
        (viber(options={"optional": 5}), InvalidMessage),
        (viber(fallback=Message(TO, "another text")), Unsupported),
        (viber(fallback=Message(TO, "Hello", priority=Priority.HIGH)), Unsupported),
        (viber(fallback=Message(TO, Card("Hello", "https://example.org/a.png"))), Unsupported),
    )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with reached(self.spec.name) as wire:
            yield wire.channel


class TestRest(_Conformance):
    spec = Plugins(environ={}).channel_spec("rest")
    faults = broken("rest")


class TestRestV2(_Conformance):
    spec = Plugins(environ={}).channel_spec("rest-v2")
    faults = broken("rest-v2")


class TestSoap(_Conformance):
    spec = Plugins(environ={}).channel_spec("soap")
    faults = broken("soap")


class TestSoapV2(_Conformance):
    spec = Plugins(environ={}).channel_spec("soap-v2")
    faults = broken("soap-v2")


@pytest.fixture(params=SERVICES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def wire(kind: str) -> AsyncIterator[Wired]:
    async with reached(kind) as wire:
        yield wire


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
    assert await ends_of(wire, FATES) == FATES


async def test_a_status_has_aware_times_and_the_exact_price(wire: Wired) -> None:
    sent_at = wire.clock.now()
    (receipt,) = await wire.channel.send([Message(TO, "Hello")])
    await wire.clock.tick(5)
    state = await status(wire, receipt.ids)
    assert (state.created_at, state.price, state.description) == (
        sent_at,
        Decimal("1.5"),
        "Доставлено",
    )
    assert state.reported_at == sent_at + timedelta(seconds=1)


async def test_the_ids_of_a_bulk_are_given_to_their_recipients_by_segments(wire: Wired) -> None:
    receipts = await wire.channel.send([Message(TO, LONG), Message(OTHER, LONG)])
    for receipt in receipts:
        (stored,) = wire.world.messages(to=receipt.to)
        assert receipt.ids == stored.ids
        assert receipt.parts == stored.parts > 1


@pytest.mark.parametrize("kind", WITH_SESSIONS)
async def test_many_concurrent_sends_log_in_once(kind: str) -> None:
    async with reached(kind) as wire:
        logins = 0
        working = wire.world.open_session

        def counting(account: Account) -> str:
            nonlocal logins
            logins += 1
            return working(account)

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


@pytest.mark.parametrize("kind", WITH_SESSIONS)
async def test_a_platform_that_refuses_every_session_is_not_asked_in_a_loop(kind: str) -> None:
    async with reached(kind) as wire:
        operation = SERVICES[kind].send
        wire.world.faults.add(Fault(operation=operation, times=None, action=AnswerError(4)))
        with pytest.raises(AuthenticationFailed):
            await wire.channel.send([Message(TO, "a")])
        assert list(wire.world.messages()) == []


async def test_a_wrong_password_is_authentication_failed(kind: str) -> None:
    async with reached(kind, password="wrong") as wire:
        with pytest.raises(AuthenticationFailed, match="Invalid user login or password") as caught:
            await wire.channel.balance()
    assert caught.value.code == 4


async def test_an_empty_account_is_insufficient_funds_and_sends_nothing(kind: str) -> None:
    world = World([account(balance=Decimal(2))], clock=ManualClock())
    async with reached(kind, world=world) as wire:
        with pytest.raises(InsufficientFunds) as caught:
            await wire.channel.send([Message(TO, "a"), Message(OTHER, "a")])
        assert caught.value.code == 5
        assert await wire.channel.balance() == 2
        assert {message.state for message in wire.world.messages()} == {State.REJECTED}


async def test_a_refused_sender_is_a_receipt_not_an_exception(kind: str) -> None:
    world = World([account(senders=frozenset({"APPROVED"}))], clock=ManualClock())
    async with reached(kind, world=world) as wire:
        refused, sent = await wire.channel.send(
            [Message(TO, "a"), Message(TO, "a", sender="APPROVED")]
        )
    assert refused.refused
    assert isinstance(refused.error, Rejected)
    assert (refused.status.code, refused.status.description) == (6, "Invalid source address")
    assert sent.status.state is State.ACCEPTED


ENDINGS = [
    (DropAnswer(), OutcomeUnknown, 1),
    (Drop(), OutcomeUnknown, 0),
    (AnswerHttp(502, "<html>Bad gateway</html>"), OutcomeUnknown, 0),
    (AnswerHttp(504, '{"code":504,"message":"upstream timed out"}'), OutcomeUnknown, 0),
    (AnswerError(8), OutcomeUnknown, 0),
    (AnswerError(9), OutcomeUnknown, 0),
    (AnswerHttp(200, "<html>Welcome to the hotel's WiFi</html>"), ProtocolViolation, 0),
    (AnswerHttp(404, "<html>Not found</html>"), ConfigurationError, 0),
    (AnswerHttp(429, ""), Throttled, 0),
]


@pytest.mark.parametrize(("action", "error", "in_world"), ENDINGS)
async def test_a_send_whose_end_is_not_known_says_so(
    kind: str, wire: Wired, action: Action, error: type[DevinoError], in_world: int
) -> None:
    await assert_ends(wire, SERVICES[kind].send, action, error, in_world=in_world)


@pytest.mark.parametrize("action", [Drop(), AnswerError(9), AnswerHttp(503, "")])
async def test_a_question_without_an_answer_can_be_asked_again(
    kind: str, wire: Wired, action: Action
) -> None:
    # A question on a connection that had served a call is asked twice at once.
    wire.world.faults.add(Fault(operation=SERVICES[kind].balance, action=action, times=None))
    with pytest.raises(Unavailable):
        await wire.channel.balance()
    wire.world.faults.clear()
    assert await wire.channel.balance() > 0


async def test_an_aware_time_is_an_instant_and_a_naive_one_the_recipients_clock(
    wire: Wired,
) -> None:
    at = wire.clock.now() + timedelta(hours=5)
    wall = datetime.fromisoformat("2027-01-01T09:00")
    vladivostok = "74232000000"
    receipts = await wire.channel.send(
        [Message(TO, "a", send_at=at), Message(vladivostok, "a", send_at=wall)]
    )
    assert {receipt.status.state for receipt in receipts} == {State.SCHEDULED}
    (instant,), (local,) = wire.world.messages(to=TO), wire.world.messages(to=vladivostok)
    assert instant.send_at == at
    assert local.send_at is not None
    assert local.send_at.isoformat() == "2026-12-31T23:00:00+00:00"


async def test_viber_is_delivered_and_read(kind: str, wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "Hello", medium=Medium.VIBER)])
    seen = []
    for _ in range(4):
        found = await status(wire, receipt.ids, Medium.VIBER)
        seen.append((found.state, found.code))
        await wire.clock.tick(0.9)
    states = (State.ACCEPTED, State.ENROUTE, State.DELIVERED, State.READ)
    assert seen == list(zip(states, SERVICES[kind].viber_codes, strict=True))


async def test_viber_that_is_not_delivered_is_what_became_of_its_sms(wire: Wired) -> None:
    failing = "79990000007"
    message = Message(failing, LONG, medium=Medium.VIBER, fallback=Message(failing, LONG))
    (receipt,) = await wire.channel.send([message])
    await wire.clock.tick(1)
    assert not (await status(wire, receipt.ids, Medium.VIBER)).state.is_final
    await wire.clock.tick(1)
    found = await status(wire, receipt.ids, Medium.VIBER)
    (viber, sms) = wire.world.messages()
    assert (found.id, found.state) == (receipt.ids[0], State.DELIVERED)
    assert found.price == sms.parts * Decimal("1.5") + Decimal("1.8")
    assert [viber.submission.medium, sms.submission.medium] == ["VIBER", "SMS"]


async def test_statuses_and_incoming_messages_say_by_what_they_went(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "Hello")])
    assert receipt.status.medium is Medium.SMS
    assert (await status(wire, receipt.ids)).medium is Medium.SMS
    (receipt,) = await wire.channel.send([viber()])
    assert receipt.status.medium is Medium.VIBER
    assert (await status(wire, receipt.ids, Medium.VIBER)).medium is Medium.VIBER
    wire.world.receive(sender=TO, to="2435", text="Yes")
    now = wire.clock.now()
    (said,) = await wire.channel.inbox(now - timedelta(hours=1), now + timedelta(hours=1))
    assert (said.medium, said.in_reply_to) == (Medium.SMS, None)


async def test_a_viber_message_that_was_resent_says_that_it_came_by_sms(wire: Wired) -> None:
    failing = "79990000007"
    message = Message(failing, "Hi", medium=Medium.VIBER, fallback=Message(failing, "Hi"))
    (receipt,) = await wire.channel.send([message])
    assert receipt.status.medium is Medium.VIBER
    await wire.clock.tick(5)
    found = await status(wire, receipt.ids, Medium.VIBER)
    assert (found.state, found.medium) == (State.DELIVERED, Medium.SMS)


async def test_a_status_keeps_what_each_medium_said(kind: str, wire: Wired) -> None:
    failing = "79990000007"
    message = Message(failing, "Hi", medium=Medium.VIBER, fallback=Message(failing, "Hi"))
    (receipt,) = await wire.channel.send([message])
    await wire.clock.tick(5)
    found = await status(wire, receipt.ids, Medium.VIBER)
    by_viber, by_sms = found.legs
    (_, sms) = wire.world.messages()
    assert (by_viber.medium, by_viber.state) == (Medium.VIBER, State.EXPIRED)
    assert (by_viber.code, by_viber.description) == (
        7 if kind.startswith("rest") else "Expired",
        "Просрочено",
    )
    assert (by_viber.id, by_viber.price) == (receipt.ids[0], Decimal("1.8"))
    assert (by_sms.medium, by_sms.state, by_sms.code) == (Medium.SMS, State.DELIVERED, 0)
    assert (by_sms.id, by_sms.price) == (sms.ids[0], Decimal("1.5"))


async def test_a_viber_message_is_not_given_up_before_the_platform_has_resent_it(
    wire: Wired,
) -> None:
    slow = "79990000014"  # its SMS goes a minute after Viber failed
    message = Message(slow, "Hi", medium=Medium.VIBER, fallback=Message(slow, "Hi"))
    (receipt,) = await wire.channel.send([message])
    seen = []
    for seconds in (5, 50, 10, 5):
        await wire.clock.tick(seconds)
        found = await status(wire, receipt.ids, Medium.VIBER)
        seen.append((found.state, found.medium, found.state.is_final))
    assert seen[:2] == [(State.ENROUTE, Medium.VIBER, False)] * 2
    assert seen[-1] == (State.DELIVERED, Medium.SMS, True)


async def test_a_viber_message_without_a_fallback_is_given_up_at_once(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message("79990000014", "Hi", medium=Medium.VIBER)])
    await wire.clock.tick(5)
    assert (await status(wire, receipt.ids, Medium.VIBER)).state is State.UNDELIVERABLE


async def test_a_message_that_is_never_resent_is_given_up_after_the_grace(kind: str) -> None:
    world = World([account(balance=Decimal("1.8"))], clock=ManualClock())
    async with reached(kind, world=world, resend_grace=30) as wire:
        message = Message("79990000004", "Hi", medium=Medium.VIBER)
        sent = msgspec.structs.replace(message, fallback=Message("79990000004", "Hi"))
        (receipt,) = await wire.channel.send([sent])
        await cast("ManualClock", world.clock).tick(5)
        assert (await status(wire, receipt.ids, Medium.VIBER)).state is State.ENROUTE
        wire.clock.advance(31)
        assert (await status(wire, receipt.ids, Medium.VIBER)).state is State.UNDELIVERABLE


async def test_an_sms_that_came_in_has_one_id_over_every_protocol(wire: Wired) -> None:
    one = wire.world.receive(sender=TO, to="2435", text="Yes")
    two = wire.world.receive(sender=TO, to="2435", text="Yes")
    now = wire.clock.now()
    said = await wire.channel.inbox(now - timedelta(hours=1), now + timedelta(hours=1))
    assert [event.id for event in said] == [str(one.id), str(two.id)]


@pytest.mark.parametrize("text", [" ", "\n\t ", "a\0b"])
async def test_a_text_that_nobody_can_read_is_refused(wire: Wired, text: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        await wire.channel.send([Message(TO, text)])
    assert caught.value.field == "text"


@pytest.mark.parametrize("hours", [-13, -36])
async def test_a_time_that_is_past_everywhere_is_now(wire: Wired, hours: int) -> None:
    past = wire.clock.now() + timedelta(hours=hours)
    wall = past.replace(tzinfo=None)
    receipts = await wire.channel.send([Message(TO, "a", send_at=at) for at in (past, wall)])
    assert [receipt.status.state for receipt in receipts] == [State.ACCEPTED] * 2


async def test_impossible_periods_are_refused_before_asking(wire: Wired) -> None:
    channel, now = cast("RestChannel | SoapChannel", wire.channel), wire.clock.now()
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
        with pytest.raises(InvalidArgument) as caught:
            await ask(since, until)
        assert caught.value.field == field
