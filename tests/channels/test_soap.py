"""The SOAP channels against the sandbox, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

import pytest

from devino_codecs.soap import Fault as SoapFault
from devino_codecs.soap import Version, encode_fault
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
from devino_plugins.soap._channel import SoapChannel
from devino_sandbox import (
    Account,
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    HttpRequest,
    World,
)
from devino_sandbox.services.soap import SoapService
from tests.channels._sandboxed import PASSWORD, Wired, account, wired

KINDS = ("soap", "soap-v2")
TO, OTHER = "79031234567", "79031234568"
LONG = "Длинное сообщение. " * 10


def soap(kind: str = "soap", **settings: object) -> AbstractAsyncContextManager[Wired]:
    """Without a rate limit, which most tests would only wait for."""
    return wired(kind, "xml", **{"requests_per_second": 0, **settings})  # type: ignore[arg-type]


class _SoapConformance(ChannelConformance):
    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with soap(self.spec.name) as wire:
            yield wire.channel


class TestSoap(_SoapConformance):
    spec = Plugins(environ={}).channel_spec("soap")


class TestSoapV2(_SoapConformance):
    spec = Plugins(environ={}).channel_spec("soap-v2")


@pytest.fixture(params=KINDS)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    async with soap(request.param) as wire:
        yield wire


async def status(wire: Wired, ids: tuple[str, ...], medium: Medium = Medium.SMS) -> Status:
    return Status.combined(await wire.channel.status(ids, medium=medium))


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_lives_from_accepted_to_delivered(kind: str, version: str) -> None:
    async with soap(kind, soap_version=version) as wire:
        (receipt,) = await wire.channel.send([Message(TO, "Hello <&>")])
        assert receipt.status.state is State.ACCEPTED
        seen = [(await status(wire, receipt.ids)).state]
        for _ in range(2):
            await wire.clock.tick(0.5)
            seen.append((await status(wire, receipt.ids)).state)
        assert seen == [State.ACCEPTED, State.ENROUTE, State.DELIVERED]
        assert [message.submission.text for message in wire.world.messages()] == ["Hello <&>"]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_the_version_of_the_setting_is_spoken(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[HttpRequest] = []
    handle = SoapService.handle

    def remembering(self: SoapService, request: HttpRequest) -> object:
        asked.append(request)
        return handle(self, request)

    monkeypatch.setattr(SoapService, "handle", remembering)
    async with soap("soap-v2", soap_version=version) as wire:
        await wire.channel.balance()
    (request,) = asked
    headers = dict(request.headers)
    assert headers[b"content-type"].decode() == Version(version).content_type
    action = b'"http://ws.devinosms.com/GetBalance"' if version == "1.1" else None
    assert headers.get(b"soapaction") == action
    assert Version(version).namespace.encode() in request.body


FATES = {
    "79990000010": (State.REJECTED, 10),
    "79990000041": (State.UNDELIVERABLE, 41),
    "79990000042": (State.REJECTED, 42),
    "79990000046": (State.EXPIRED, 46),
    "79990000047": (State.DELETED, 47),
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


async def test_many_concurrent_sends_log_in_once() -> None:
    async with soap() as wire:
        logins = 0
        working = wire.world.open_session

        def counting(owner: Account) -> str:
            nonlocal logins
            logins += 1
            return working(owner)

        wire.world.open_session = counting  # type: ignore[method-assign]
        for expected in (1, 2):
            await asyncio.gather(*[wire.channel.send([Message(TO, "a")]) for _ in range(10)])
            assert logins == expected
            # The platform forgets the session: all notice at once, one logs in.
            wire.world.end_sessions()
        assert len(list(wire.world.messages())) == 20


async def test_a_platform_that_refuses_every_session_is_not_asked_in_a_loop() -> None:
    async with soap() as wire:
        refusal = AnswerError("SessionID expired")
        wire.world.faults.add(Fault(operation="SendMessage", times=None, action=refusal))
        with pytest.raises(AuthenticationFailed):
            await wire.channel.send([Message(TO, "a")])
        assert list(wire.world.messages()) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wrong_password_is_authentication_failed(kind: str) -> None:
    async with soap(kind, password="wrong") as wire:
        with pytest.raises(AuthenticationFailed, match="Invalid user login or password") as caught:
            await wire.channel.balance()
    assert caught.value.code == 4


async def test_an_empty_account_is_insufficient_funds_and_sends_nothing() -> None:
    world = World([account(balance=Decimal(2))], clock=ManualClock())
    async with soap(world=world) as wire:
        with pytest.raises(InsufficientFunds) as caught:
            await wire.channel.send([Message(TO, "a"), Message(OTHER, "a")])
        assert caught.value.code == 5
        assert await wire.channel.balance() == 2


async def test_a_refused_sender_is_a_receipt_not_an_exception() -> None:
    world = World([account(senders=frozenset({"APPROVED"}))], clock=ManualClock())
    async with soap(world=world) as wire:
        refused, sent = await wire.channel.send(
            [Message(TO, "a"), Message(TO, "a", sender="APPROVED")]
        )
    assert refused.refused
    assert isinstance(refused.error, Rejected)
    assert (refused.status.code, refused.status.description) == (6, "Invalid source address")
    assert sent.status.state is State.ACCEPTED


def envelope(reason: str, code: str, version: Version = Version.SOAP_12) -> AnswerHttp:
    """A fault in words that the sandbox would not choose."""
    body = encode_fault(SoapFault(reason=reason, code=code), version=version)
    return AnswerHttp(500, body.decode(), version.content_type)


@pytest.mark.parametrize(
    ("action", "error", "in_world"),
    [
        (DropAnswer(), OutcomeUnknown, 1),
        (Drop(), OutcomeUnknown, 0),
        (AnswerHttp(502, "<html>Bad gateway</html>"), OutcomeUnknown, 0),
        (AnswerError(8), OutcomeUnknown, 0),
        (AnswerError(9), OutcomeUnknown, 0),
        (AnswerError("Timeout expired."), OutcomeUnknown, 0),
        (AnswerError("Invalid operation. The connection is closed."), OutcomeUnknown, 0),
        (AnswerError("Value cannot be null.\r\nParameter name: source"), OutcomeUnknown, 0),
        (AnswerError("Sent to 3 of 9, then: invalid argument"), OutcomeUnknown, 0),
        (AnswerError("Internal Server Error: can not be null or empty"), OutcomeUnknown, 0),
        (envelope("Deadlock", "Receiver", Version.SOAP_11), OutcomeUnknown, 0),
        (AnswerHttp(200, "<html>Welcome to the hotel's WiFi</html>"), ProtocolViolation, 0),
        (AnswerHttp(429, ""), Throttled, 0),
    ],
)
async def test_a_send_whose_end_is_not_known_says_so(
    wire: Wired, action: Drop, error: type[Exception], in_world: int
) -> None:
    wire.world.faults.add(Fault(operation="SendMessage", action=action))
    message = Message(TO, "a")
    with pytest.raises(error) as caught:
        await wire.channel.send([message])
    assert caught.value.refs == (message.ref,)  # type: ignore[attr-defined]
    assert len(list(wire.world.messages())) == in_world


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (AnswerError("Invalid argument: too many"), 2),
        (AnswerError(7), 7),
        (envelope("Server was unable to read request.", "Sender"), "Sender"),
        (envelope("What?", "VersionMismatch", Version.SOAP_11), "VersionMismatch"),
    ],
)
async def test_a_fault_that_says_no_is_a_refusal(
    wire: Wired, action: AnswerError, code: object
) -> None:
    wire.world.faults.add(Fault(operation="SendMessage", action=action))
    (receipt,) = await wire.channel.send([Message(TO, "a")])
    assert (receipt.status.state, receipt.status.code) == (State.REJECTED, code)


@pytest.mark.parametrize("action", [Drop(), AnswerError(9), AnswerHttp(503, ""), AnswerError("?")])
async def test_a_question_without_an_answer_can_be_asked_again(wire: Wired, action: Drop) -> None:
    wire.world.faults.add(Fault(operation="GetBalance", action=action))
    with pytest.raises(Unavailable):
        await wire.channel.balance()
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


async def test_viber_is_delivered_and_read(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "Hello", medium=Medium.VIBER)])
    seen = []
    for _ in range(4):
        found = await status(wire, receipt.ids, Medium.VIBER)
        seen.append((found.state, found.code))
        await wire.clock.tick(0.9)
    assert seen == [
        (State.ACCEPTED, "Enqueued"),
        (State.ENROUTE, "Sent"),
        (State.DELIVERED, "Delivered"),
        (State.READ, "Read"),
    ]


async def test_viber_that_is_not_delivered_is_what_became_of_its_sms(wire: Wired) -> None:
    failing = "79990000007"
    message = Message(failing, LONG, medium=Medium.VIBER, fallback=Message(failing, LONG))
    (receipt,) = await wire.channel.send([message])
    await wire.clock.tick(1)
    assert not (await status(wire, receipt.ids, Medium.VIBER)).state.is_final
    await wire.clock.tick(1)
    found = await status(wire, receipt.ids, Medium.VIBER)
    (viber, sms) = wire.world.messages()
    assert found.state is State.DELIVERED
    assert found.price == sms.parts * Decimal("1.5") + Decimal("1.8")
    assert [viber.submission.medium, sms.submission.medium] == ["VIBER", "SMS"]


async def test_the_inbox_holds_what_subscribers_wrote(wire: Wired) -> None:
    since = wire.clock.now() - timedelta(minutes=1)
    for text in ("Да", "Да", "Нет"):
        written = wire.world.receive(sender=TO, to="2435", text=text)
    await wire.clock.tick(60)
    arrived = await wire.channel.inbox(since, wire.clock.now())
    assert [(event.sender, event.to, event.text, event.at) for event in arrived] == [
        (TO, "2435", text, written.at) for text in ("Да", "Да", "Нет")
    ]
    # Told again, they are the same: an id that a set can de-duplicate by.
    again = await wire.channel.inbox(since, wire.clock.now())
    assert [event.id for event in again] == [event.id for event in arrived]
    assert len({event.id for event in arrived}) == 3


async def test_the_inbox_loses_nothing_to_the_wires_whole_seconds(wire: Wired) -> None:
    wire.clock.advance(0.4)
    since = wire.clock.now()
    wire.clock.advance(0.3)
    wire.world.receive(sender=TO, to="2435", text="in time")
    wire.clock.advance(2)
    until = wire.clock.now()
    wire.clock.advance(1)
    wire.world.receive(sender=TO, to="2435", text="too late")
    assert [event.text for event in await wire.channel.inbox(since, until)] == ["in time"]


async def test_statistics_count_what_was_sent(wire: Wired) -> None:
    since = wire.clock.now() - timedelta(days=1)
    await wire.channel.send([Message(TO, "a"), Message("79990000046", "a")])
    await wire.clock.tick(5)
    counted = await cast("SoapChannel", wire.channel).statistics(since, wire.clock.now())
    assert (counted.delivered, counted.expired, counted.sent) == (1, 1, 0)


async def test_impossible_periods_are_refused_before_asking(wire: Wired) -> None:
    channel, now = cast("SoapChannel", wire.channel), wire.clock.now()
    wire.world.faults.add(Fault(times=None, action=AnswerError(9)))
    for ask, since, until, field in [
        (channel.inbox, now, now, "until"),
        (channel.inbox, now - timedelta(days=367), now, "since"),
        (channel.statistics, now - timedelta(days=91), now, "until"),
        (channel.statistics, now - timedelta(days=1), now.replace(tzinfo=None), "until"),
    ]:
        with pytest.raises(InvalidMessage) as caught:
            await ask(since, until)
        assert caught.value.field == field


async def test_an_id_that_xml_cannot_say_is_refused(wire: Wired) -> None:
    for medium in (Medium.SMS, Medium.VIBER):
        with pytest.raises(InvalidMessage, match="messageID"):
            await wire.channel.status(["\0"], medium=medium)


async def test_calls_are_spaced_by_the_rate_and_the_login_counts() -> None:
    async with soap(requests_per_second=50) as wire:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*[wire.channel.balance() for _ in range(5)])
        # Six calls with the login: the first at once, each other a fiftieth of a second later.
        assert loop.time() - began >= 5 / 50


@pytest.mark.parametrize("rate", [5e-324, 1e-300, 0.0009, 1000.1, float("inf"), float("nan"), -1.0])
def test_a_rate_that_no_limit_can_keep_is_a_wrong_setting(rate: float) -> None:
    settings = {"login": "demo", "password": PASSWORD, "sender": "DEVINO"}
    with pytest.raises(ConfigurationError, match="requests_per_second"):
        AsyncClient({"soap": {"kind": "soap", **settings, "requests_per_second": rate}})


@pytest.mark.parametrize("rate", [0, 0.001, 0.5, 1000])
async def test_any_sane_rate_opens(rate: float) -> None:
    async with soap(requests_per_second=rate) as wire:
        assert wire.channel.settings.requests_per_second == rate  # type: ignore[attr-defined]
