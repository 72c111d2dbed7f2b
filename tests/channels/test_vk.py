"""The channel ``vk``: what it sends, and what answers mean."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devino_codecs import viber, vk
from devino_codecs.http import HttpAnswer
from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Button,
    Card,
    Channel,
    ChannelSettings,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    Priority,
    ProtocolViolation,
    QueueFull,
    Rejected,
    Retry,
    State,
    Template,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ChannelConformance, Connected
from devino_plugins.kit.rate import rate_limit
from tests.channels._messengers import FIRST, OTHER, TO, Wired, always, logged_in, sms, wired

STATUS, OF_VIBER, OF_SMS = vk.VkStatus, viber.DeliveryStatus, viber.SmsStatus
TEMPLATE = Template("123456", {"param1": "value1"})
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def message(content: Any = TEMPLATE, to: str = TO, **more: Any) -> Message:
    return Message(to, content, medium=Medium.VK, **more)


def over_viber(content: Any = "As Viber", to: str = TO, **more: Any) -> Message:
    return Message(to, content, medium=Medium.VIBER, **more)


def refusing(code: str, description: str = "") -> HttpAnswer:
    return HttpAnswer(200, json.dumps({"code": code, "description": description}).encode())


REQUEST_ERRORS: Sequence[tuple[HttpAnswer, type[DevinoError], type[DevinoError]]] = (
    (
        refusing("validation_error", "login_not_specified"),
        AuthenticationFailed,
        AuthenticationFailed,
    ),
    (refusing("validation_error", "invalid_json"), Rejected, Rejected),
    (refusing("validation_error", "messages_not_specified"), Rejected, Rejected),
    (refusing("queue_full", "login_send_queue_overflow"), QueueFull, QueueFull),
    (refusing("system_error", "disk"), OutcomeUnknown, Unavailable),
    (refusing("tired"), ProtocolViolation, ProtocolViolation),
    (
        HttpAnswer(401, b'{"status":401,"error":"Unauthorized"}'),
        AuthenticationFailed,
        AuthenticationFailed,
    ),
    (
        HttpAnswer(404, b'{"status":404,"error":"Not Found"}'),
        ConfigurationError,
        ConfigurationError,
    ),
    (HttpAnswer(502, b"<html>"), OutcomeUnknown, Unavailable),
    (HttpAnswer(200, b"<html>"), ProtocolViolation, ProtocolViolation),
)
RESULT_ERRORS: Sequence[tuple[vk.SendResult, type[DevinoError]]] = (
    (vk.SendResult(code=vk.SendCode.NOT_ENOUGH_CREDITS), InsufficientFunds),
    (vk.SendResult(code=vk.SendCode.PHONE_INVALID), Rejected),
    (vk.SendResult(code=viber.MessageCode.SUBJECT_UNKNOWN), Rejected),
    (vk.SendResult(code="tired"), Rejected),
    (vk.SendResult(code=vk.SendCode.OK), OutcomeUnknown),
)


def answering(
    found: object, **settings: object
) -> Callable[[], AbstractAsyncContextManager[Channel[ChannelSettings]]]:
    @asynccontextmanager
    async def connected() -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired("vk", **settings) as wire:
            wire.platform.answers[vk.Send] = always(found)
            yield wire.channel

    return connected


@asynccontextmanager
async def hanging_up() -> AsyncIterator[Channel[ChannelSettings]]:
    async with wired("vk") as wire:
        wire.platform.hangs_up = True
        yield wire.channel


BROKEN: Sequence[tuple[Connected, type[DevinoError] | Retry]] = [
    (answering(None, base_url="http://127.0.0.1:1"), ConnectFailed),
    (hanging_up, OutcomeUnknown),
    *[(answering(found), expected) for found, expected, _ in REQUEST_ERRORS],
    *[(answering(found), expected) for found, expected in RESULT_ERRORS],
]


@pytest.mark.pythons
class TestVk(ChannelConformance):
    spec = Plugins(environ={}).channel_spec("vk")
    carries = (
        message(Template("1"), validity=timedelta(seconds=15), priority=Priority.NORMAL),
        message(options={"routes": ["ok", "vk"], "delivery_policy": "mobile_device_required"}),
        message(fallback=sms(to=OTHER, sender="1" * 15)),
        message(fallback=over_viber(Card("a", "https://x/y", Button("b", "https://x")))),
        message(fallback=over_viber(Card(image="https://x/y"), fallback=sms())),
    )
    refuses = (
        (message(Template("promo")), InvalidMessage),
        (message(Template("1", {"a": "\ud800"})), InvalidMessage),
        (message(Template("1", {"\ud800": "a"})), InvalidMessage),
        (message(fallback=over_viber(options={"comment": "\ud800"})), InvalidMessage),
        (message(to="12345"), InvalidMessage),
        (message(sender="A" * 12), InvalidMessage),
        (message(validity=timedelta(seconds=14)), InvalidMessage),
        (message(options={"routes": ["max"]}), InvalidMessage),
        (message(options={"routes": []}), InvalidMessage),
        (message(options={"routes": ["vk", "vk"]}), InvalidMessage),
        (message(options={"delivery_policy": "none"}), InvalidMessage),
        (message(fallback=sms(fallback=over_viber())), Unsupported),
        (message(fallback=over_viber(fallback=over_viber())), Unsupported),
        (message(fallback=over_viber(fallback=sms(fallback=sms()))), Unsupported),
        (message(fallback=Message(TO, "a", medium=Medium.WHATSAPP)), Unsupported),
        (message(fallback=message()), Unsupported),
        (message(fallback=over_viber("я" * 1001)), InvalidMessage),
        (message(fallback=over_viber(Template("1"))), Unsupported),
        (message(fallback=over_viber(send_at=NOON)), Unsupported),
        (message(fallback=over_viber(validity=timedelta(days=2))), InvalidMessage),
        (message(fallback=over_viber(options={"optional": "x"})), InvalidMessage),
        (message(fallback=sms("")), InvalidMessage),
        (message(fallback=sms(sender="Магазин")), InvalidMessage),
        (message(fallback=sms(validity=timedelta(seconds=59))), InvalidMessage),
    )
    faults = BROKEN

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired("vk") as wire:
            yield wire.channel

    def message(self, number: int) -> Message:
        return message(to=f"7916000{number:04}", sender="DEVINO")


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with wired("vk") as wire:
        yield wire


# Sending


async def test_a_message_as_the_wire_has_it(wire: Wired) -> None:
    chain = message(
        validity=timedelta(seconds=179.5),
        priority=Priority.HIGH,
        fallback=over_viber(
            Card("text", "https://x/y.png", Button("Look", "https://x")),
            sender="VIBER",
            validity=timedelta(seconds=30),
            options={"comment": "c"},
            fallback=sms("тест", to=OTHER, sender="TESTSMS", validity=timedelta(seconds=60)),
        ),
    )
    (receipt,) = await wire.channel.send([chain])
    (http,) = wire.platform.http
    assert http.path == "/send/vk"
    assert json.loads(http.body) == {
        "vk": {
            "subject": "DEVINO",
            "priority": "high",
            "routes": ["vk"],
            "validityPeriod": 180,
            "phone": TO,
            "templateId": "123456",
            "templateData": {"param1": "value1"},
        },
        "viber": {
            "subject": "VIBER",
            "priority": "medium",
            "validityPeriodSec": 30,
            "type": "viber",
            "comment": "c",
            "contentType": "button",
            "text": "text",
            "caption": "Look",
            "action": "https://x",
            "imageUrl": "https://x/y.png",
            "dstAddress": TO,
        },
        "sms": {
            "srcAddress": "TESTSMS",
            "text": "тест",
            "validityPeriod": 60,
            "dstAddress": OTHER,
        },
    }
    assert logged_in(wire.platform)
    assert (receipt.ids, receipt.medium) == ((str(FIRST),), Medium.VK)


async def test_what_a_message_and_its_legs_do_not_say_is_the_channels() -> None:
    settings = {"validity": 600, "priority": "HIGH", "routes": ["ok", "vk"], "sender": "SHOP"}
    async with wired("vk", **settings) as wire:
        await wire.channel.send([message(Template("1"), fallback=over_viber(fallback=sms()))])
        (send,) = wire.platform.requests
        assert (send.vk.subject, send.vk.validity_period) == ("SHOP", 600)
        assert (send.vk.routes, send.vk.template_data) == ((vk.Route.OK, vk.Route.VK), {})
        assert send.vk.delivery_policy is None
        assert (send.viber.subject, send.viber.validity_period_sec) == ("SHOP", 600)
        assert send.viber.priority is send.vk.priority is vk.Priority.HIGH
        assert (send.sms.src_address, send.sms.validity_period) == ("SHOP", 600)


async def test_one_call_a_message_and_a_receipt_for_each(wire: Wired) -> None:
    results = iter(
        [
            vk.SendResult(code=vk.SendCode.OK, message_id="17"),
            vk.SendResult(code=vk.SendCode.PHONE_INVALID),
            vk.SendResult(code=vk.SendCode.OK, message_id="18"),
        ]
    )
    wire.platform.answers[vk.Send] = lambda _: next(results)
    receipts = await wire.channel.send([message(), message(), message()])
    states = sorted(receipt.status.state for receipt in receipts)
    assert states == [State.ACCEPTED, State.ACCEPTED, State.REJECTED]
    assert len(wire.platform.requests) == 3


@pytest.mark.parametrize(("found", "expected"), RESULT_ERRORS)
async def test_a_refused_message(
    wire: Wired, found: vk.SendResult, expected: type[DevinoError]
) -> None:
    wire.platform.answers[vk.Send] = always(found)
    if expected is Rejected:
        (receipt,) = await wire.channel.send([message()])
        assert (receipt.status.code, type(receipt.error)) == (str(found.code), Rejected)
    else:
        with pytest.raises(expected):
            await wire.channel.send([message()])


@pytest.mark.parametrize(("found", "on_send", "on_status"), REQUEST_ERRORS)
async def test_a_refused_question(
    wire: Wired, found: HttpAnswer, on_send: object, on_status: type[DevinoError]
) -> None:
    wire.platform.answers[vk.GetStatus] = always(found)
    with pytest.raises(on_status):
        await wire.channel.status(["17"], medium=Medium.VK)


async def test_a_full_queue_says_that_it_may_be_sent_later(wire: Wired) -> None:
    wire.platform.answers[vk.Send] = always(refusing("queue_full", "login_send_queue_overflow"))
    with pytest.raises(QueueFull) as caught:
        await wire.channel.send([message()])
    assert caught.value.retry is Retry.SAFE


async def test_only_sends_wait_for_their_turn(wire: Wired) -> None:
    turns: list[str] = []

    class Turns:
        async def __aenter__(self) -> None:
            turns.append("turn")

        async def __aexit__(self, *_: object) -> None:
            pass

    wire.channel._turn = Turns()  # type: ignore[attr-defined]
    await wire.channel.send([message() for _ in range(5)])
    await wire.channel.status(["1", "2"], medium=Medium.VK)
    assert turns == ["turn"] * 5


async def test_turns_are_evenly_spaced() -> None:
    began = time.monotonic()
    limit = rate_limit(50)
    for _ in range(5):
        async with limit:
            pass
    assert time.monotonic() - began >= 0.075
    async with rate_limit(0):
        pass


@pytest.mark.parametrize(
    ("setting", "value"),
    [("requests_per_second", 0.0001), ("routes", ["vk", "vk"]), ("routes", ["max"])],
)
def test_settings_that_cannot_be(setting: str, value: object) -> None:
    values = {"vk": {"login": "a", "password": "p", setting: value}}
    with pytest.raises(ConfigurationError, match=setting):
        AsyncClient(values)


async def test_a_wrong_leg_is_told_by_its_field(wire: Wired) -> None:
    wrong = message(fallback=over_viber(fallback=sms(sender="Магазин")), ref="mine")
    with pytest.raises(InvalidMessage) as caught:
        wire.channel.check([wrong])
    assert (caught.value.field, caught.value.refs) == ("fallback.fallback.sender", ("mine",))


# Asking


def wall(at: datetime) -> datetime:
    """What a clock in Moscow shows."""
    return at.astimezone(vk.MOSCOW).replace(tzinfo=None)


def told(
    own: Any = None,
    of_viber: Any = None,
    of_sms: tuple[Any, ...] = (),
    *,
    at: datetime = NOON,
    reason: Any = None,
) -> vk.MessageStatus:
    return vk.MessageStatus(
        provider_id=str(FIRST),
        code=vk.IdCode.OK,
        status=own,
        status_at=wall(at),
        error="error",
        viber_status=None
        if of_viber is None
        else vk.ViberStatus(id="1", status=of_viber, status_at=wall(at), code=reason),
        sms_states=tuple(viber.SmsPart(id=str(n + 1), status=s) for n, s in enumerate(of_sms))
        or None,
    )


async def ask(wire: Wired, found: vk.MessageStatus | HttpAnswer) -> Any:
    wire.platform.answers[vk.GetStatus] = always(found)
    (status,) = await wire.channel.status([str(FIRST)], medium=Medium.VK)
    assert status.id == str(FIRST)
    return status


@pytest.mark.parametrize(
    ("found", "state", "medium", "code", "description"),
    [
        (told(STATUS.ENQUEUED), State.ACCEPTED, Medium.VK, "enqueued", "error"),
        (told(STATUS.SENT), State.ENROUTE, Medium.VK, "sent", "error"),
        (told(STATUS.READ), State.READ, Medium.VK, "read", "error"),
        (told(STATUS.VP_EXPIRED), State.EXPIRED, Medium.VK, "vp_expired", "error"),
        (told("lost"), State.UNKNOWN, Medium.VK, "lost", "error"),
        (
            told(STATUS.FAILED, OF_VIBER.UNDELIVERED, reason=viber.Reason.NOT_VIBER_USER),
            State.UNDELIVERABLE,
            Medium.VIBER,
            "undelivered",
            "not-viber-user",
        ),
        (
            told(STATUS.FAILED, OF_VIBER.UNDELIVERED, (OF_SMS.DELIVERED,)),
            State.DELIVERED,
            Medium.SMS,
            "delivered",
            "",
        ),
        (
            told(STATUS.FAILED, None, (OF_SMS.SENT, OF_SMS.DELIVERED)),
            State.ENROUTE,
            Medium.SMS,
            "sent",
            "",
        ),
        # A success of any leg decides, of two the furthest.
        (
            told(STATUS.DELIVERED, OF_VIBER.UNDELIVERED, (OF_SMS.UNDELIVERED,)),
            State.DELIVERED,
            Medium.VK,
            "delivered",
            "error",
        ),
        (
            told(STATUS.FAILED, OF_VIBER.VISITED, (OF_SMS.DELIVERED,)),
            State.CLICKED,
            Medium.VIBER,
            "visited",
            "",
        ),
    ],
)
async def test_the_leg_that_decides(
    wire: Wired,
    found: vk.MessageStatus,
    state: State,
    medium: Medium,
    code: str,
    description: str,
) -> None:
    status = await ask(wire, found)
    assert (status.state, status.medium, status.code) == (state, medium, code)
    assert status.description == description
    # Nothing tells when an SMS came to its state.
    assert status.reported_at == (None if medium is Medium.SMS else NOON)


@pytest.mark.parametrize("leg", ["viberStatus", "smsStates"])
@pytest.mark.parametrize("odd", [17, "sent", [17], {"id": {}, "status": {}}])
async def test_a_leg_that_cannot_be_read_hides_nothing_beside_it(
    wire: Wired, leg: str, odd: object
) -> None:
    for own, state, medium in (
        ("read", State.READ, Medium.VK),
        ("failed", State.UNKNOWN, Medium.VIBER if leg == "viberStatus" else Medium.SMS),
    ):
        found = {"providerId": FIRST, "code": "ok", "status": own, leg: odd}
        body = json.dumps({"code": "ok", "result": found}).encode()
        status = await ask(wire, HttpAnswer(200, body))
        assert (status.state, status.medium) == (state, medium)
        assert (status.error is None) == (state is State.READ)
        assert len(status.legs) == 2


async def test_the_zone_of_times_is_a_setting() -> None:
    async with wired("vk", utc_offset=0) as wire:
        assert (await ask(wire, told(STATUS.READ))).reported_at == NOON + timedelta(hours=3)


async def test_an_id_that_the_platform_does_not_know(wire: Wired) -> None:
    for code in (vk.IdCode.UNKNOWN, "tired"):
        status = await ask(wire, vk.MessageStatus(provider_id=str(FIRST), code=code))
        assert (status.state, status.code) == (State.UNKNOWN, str(code))


async def test_each_id_is_asked_once_and_answered_in_order(wire: Wired) -> None:
    asked = ["3", "1", "3", "no id", "2", "1"]
    statuses = await wire.channel.status(asked, medium=Medium.VK)
    assert [status.id for status in statuses] == asked
    assert sorted(request.id for request in wire.platform.requests) == ["1", "2", "3"]
    assert statuses[3].state is State.UNKNOWN


# A failure that something follows


@pytest.mark.parametrize(
    ("fallback", "found", "state"),
    [
        (None, told(STATUS.FAILED), State.UNDELIVERABLE),
        (over_viber(), told(STATUS.FAILED), State.ENROUTE),
        (over_viber(), told(STATUS.FAILED, OF_VIBER.UNDELIVERED), State.UNDELIVERABLE),
        (over_viber(fallback=sms()), told(STATUS.FAILED, OF_VIBER.UNDELIVERED), State.ENROUTE),
        (sms(), told(STATUS.VP_EXPIRED), State.ENROUTE),
        (sms(), told(STATUS.FAILED, None, (OF_SMS.UNDELIVERED,)), State.UNDELIVERABLE),
    ],
)
async def test_only_a_failure_of_the_last_leg_is_the_end(
    fallback: Message | None, found: vk.MessageStatus, state: State
) -> None:
    async with wired("vk") as wire:
        await wire.channel.send([message(fallback=fallback)])
        at = wall(wire.clock.now())
        before = vk.MessageStatus(
            provider_id=found.provider_id,
            code=found.code,
            status=found.status,
            status_at=at,
            viber_status=vk.ViberStatus(status=found.viber_status.status, status_at=at)
            if isinstance(found.viber_status, vk.ViberStatus)
            else None,
            sms_states=found.sms_states,
        )
        status = await ask(wire, before)
        assert status.state is state
        await wire.clock.tick(120)
        assert (await ask(wire, before)).state.is_final
