"""The channels ``viber`` and ``whatsapp``: what they send, and what answers mean."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from devino_codecs import viber
from devino_codecs.http import HttpAnswer, Refusal
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
    Throttled,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ChannelConformance, Connected
from tests.channels._messengers import (
    FIRST,
    MEDIA,
    OTHER,
    TO,
    Wired,
    always,
    logged_in,
    sms,
    wired,
)

CODE, STATUS, SMS = viber.MessageCode, viber.DeliveryStatus, viber.SmsStatus
AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
PICTURE = "https://example.org/a.png"
BUTTON = Button("Look", "https://example.org")
CARD = Card("Hello", PICTURE, BUTTON)


def message(content: Any = "Hello", to: str = TO, *, kind: str = "viber", **more: Any) -> Message:
    return Message(to, content, medium=MEDIA[kind], **more)


def spring(status: int, error: str, text: str = "") -> HttpAnswer:
    body = {"timestamp": 1, "status": status, "error": error, "message": text, "path": "/send"}
    return HttpAnswer(status, json.dumps(body).encode())


def answering(
    kind: str, request: type, found: object, **settings: object
) -> Callable[[], AbstractAsyncContextManager[Channel[ChannelSettings]]]:
    @asynccontextmanager
    async def connected() -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired(kind, **settings) as wire:
            wire.platform.answers[request] = always(found)
            yield wire.channel

    return connected


def refusing(word: str) -> HttpAnswer:
    return HttpAnswer(200, json.dumps({"status": word}).encode())


REQUEST_ERRORS: Sequence[tuple[HttpAnswer, type[DevinoError], type[DevinoError]]] = (
    (refusing("error-auth"), AuthenticationFailed, AuthenticationFailed),
    (refusing("error-account-locked"), AuthenticationFailed, AuthenticationFailed),
    (refusing("error-system"), OutcomeUnknown, Unavailable),
    (refusing("error-syntax"), Rejected, Rejected),
    (refusing("error-instant-message-typeformat"), Rejected, Rejected),
    (refusing("error-of-tomorrow"), ProtocolViolation, ProtocolViolation),
    (spring(401, "Unauthorized"), AuthenticationFailed, AuthenticationFailed),
    (HttpAnswer(401, b"<html>"), AuthenticationFailed, AuthenticationFailed),
    (spring(400, "Bad Request", "what?"), Rejected, Rejected),
    (spring(404, "Not Found"), ConfigurationError, ConfigurationError),
    (spring(405, "Method Not Allowed"), ConfigurationError, ConfigurationError),
    (spring(500, "Internal Server Error"), OutcomeUnknown, Unavailable),
    (HttpAnswer(502, b"<html>"), OutcomeUnknown, Unavailable),
    (HttpAnswer(200, b"<html>"), ProtocolViolation, ProtocolViolation),
    (HttpAnswer(429, b""), Throttled, Throttled),
)


@asynccontextmanager
async def hanging_up(kind: str) -> AsyncIterator[Channel[ChannelSettings]]:
    async with wired(kind) as wire:
        wire.platform.hangs_up = True
        yield wire.channel


@asynccontextmanager
async def nowhere(kind: str) -> AsyncIterator[Channel[ChannelSettings]]:
    async with wired(kind, base_url="http://127.0.0.1:1") as wire:
        yield wire.channel


def broken(kind: str) -> Sequence[tuple[Connected, type[DevinoError] | Retry]]:
    return [
        (partial(nowhere, kind), ConnectFailed),
        (partial(hanging_up, kind), OutcomeUnknown),
        *[(answering(kind, viber.Send, found), expected) for found, expected, _ in REQUEST_ERRORS],
    ]


@pytest.mark.pythons
class TestViber(ChannelConformance):
    spec = Plugins(environ={}).channel_spec("viber")
    carries = (
        message("я" * 1000, validity=timedelta(seconds=30), priority=Priority.REALTIME),
        message(CARD, fallback=sms("a" * 2000, sender="a" * 11, validity=timedelta(days=1))),
        message(Card(image=PICTURE), options={"comment": "campaign 7"}),
        message(Card("text alone"), sender="Магазин"),
        message(Card("Hello", button=Button("я" * 30, "https://example.org"))),
    )
    refuses = (
        (message("я" * 1001), InvalidMessage),
        (message("👍" * 501), InvalidMessage),
        (message(""), InvalidMessage),
        (message(to="12345"), InvalidMessage),
        (message(sender="A" * 12), InvalidMessage),
        (message(validity=timedelta(seconds=29)), InvalidMessage),
        (message(validity=timedelta(days=1, microseconds=1)), InvalidMessage),
        (message(Card("Hello", PICTURE)), Unsupported),
        (message(Card("Hello", button=Button("я" * 31, "x"))), InvalidMessage),
        (message(Card(image=PICTURE, button=BUTTON)), InvalidMessage),
        (message("\ud800"), InvalidMessage),
        (message(Card("Hello", button=Button("\ud800", "x"))), InvalidMessage),
        (message(Card("Hello", button=Button("x", "\ud800"))), InvalidMessage),
        (message(Card(image="\ud800")), InvalidMessage),
        (message(options={"comment": "\ud800"}), InvalidMessage),
        (message(fallback=sms("\ud800")), InvalidMessage),
        (message(options={"coment": "x"}), InvalidMessage),
        (message(options={"comment": 5}), InvalidMessage),
        (message(Card(image=PICTURE), fallback=sms()), Unsupported),
        (message(fallback=sms("a" * 2001)), InvalidMessage),
        (message(fallback=sms(to=OTHER)), Unsupported),
        (message(fallback=sms(sender="A" * 12)), InvalidMessage),
        (message(fallback=sms(sender="My Shop")), InvalidMessage),
        (message(sender="Магазин", fallback=sms()), InvalidMessage),
        (message(fallback=sms(validity=timedelta(seconds=59))), InvalidMessage),
        (message(fallback=sms(send_at=AT)), Unsupported),
        (message(fallback=sms(priority=Priority.LOW)), Unsupported),
        (message(fallback=sms(options={"comment": "x"})), Unsupported),
        (message(fallback=sms(fallback=sms())), Unsupported),
        (message(fallback=message("another")), Unsupported),
        (message(fallback=Message(TO, CARD)), Unsupported),
    )
    faults = broken("viber")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired("viber") as wire:
            yield wire.channel


whatsapp = partial(message, kind="whatsapp")


@pytest.mark.pythons
class TestWhatsApp(ChannelConformance):
    spec = Plugins(environ={}).channel_spec("whatsapp")
    carries = (
        whatsapp("я" * 1000, validity=timedelta(days=1), priority=Priority.LOW),
        whatsapp(Card(image=PICTURE), options={"comment": "campaign 7"}),
        whatsapp(fallback=sms(validity=timedelta(seconds=30))),
    )
    refuses = (
        (whatsapp(Card("Hello", button=BUTTON)), Unsupported),
        (whatsapp(Card("Hello", PICTURE)), Unsupported),
        (whatsapp(Card(image=PICTURE), fallback=sms()), Unsupported),
        (whatsapp(fallback=sms(validity=timedelta(seconds=29))), InvalidMessage),
    )
    faults = broken("whatsapp")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired("whatsapp") as wire:
            yield wire.channel


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with wired("viber") as wire:
        yield wire


# Sending


async def test_a_message_as_the_wire_has_it(wire: Wired) -> None:
    card = message(
        CARD,
        validity=timedelta(seconds=3599.5),
        priority=Priority.HIGH,
        options={"comment": "c"},
        fallback=sms("1sms", sender="1TEST", validity=timedelta(seconds=5000)),
    )
    (receipt,) = await wire.channel.send([card])
    assert json.loads(wire.platform.http[0].body) == {
        "resendSms": "true",
        "messages": [
            {
                "subject": "DEVINO",
                "priority": "high",
                "validityPeriodSec": 3600,
                "comment": "c",
                "type": "viber",
                "contentType": "button",
                "content": {
                    "text": "Hello",
                    "caption": "Look",
                    "action": "https://example.org",
                    "imageUrl": PICTURE,
                },
                "address": TO,
                "smsText": "1sms",
                "smsSrcAddress": "1TEST",
                "smsValidityPeriodSec": 5000,
            }
        ],
    }
    assert logged_in(wire.platform)
    assert (receipt.ids, receipt.status.state, receipt.medium) == (
        (str(FIRST),),
        State.ACCEPTED,
        Medium.VIBER,
    )


async def test_what_a_message_does_not_say_is_the_channels() -> None:
    async with wired("viber", validity=60, priority="LOW", sender="SHOP") as wire:
        await wire.channel.send([message(), message(fallback=sms())])
        (plain,), (resent,) = (send.messages for send in wire.platform.requests)
        assert (plain.subject, plain.validity_period_sec) == ("SHOP", 60)
        assert plain.priority is viber.Priority.LOW
        assert (plain.sms_text, plain.sms_src_address) == (None, None)
        # The operator's own validity holds for an SMS that names none.
        assert (resent.sms_text, resent.sms_src_address) == ("As an SMS", "SHOP")
        assert resent.sms_validity_period_sec is None


async def test_whatsapp_is_the_same_at_other_paths() -> None:
    async with wired("whatsapp") as wire:
        (receipt,) = await wire.channel.send([whatsapp()])
        await wire.channel.status(receipt.ids, medium=Medium.WHATSAPP)
        assert [http.path for http in wire.platform.http] == ["/send/whatsapp", "/status/whatsapp"]
        assert wire.platform.requests[0].messages[0].type is viber.MessageType.WHATSAPP


async def test_chunks_of_100_and_those_with_a_fallback_apart(wire: Wired) -> None:
    messages = [
        message(str(n), f"7903{n:07}", fallback=sms(to=f"7903{n:07}") if n % 3 else None)
        for n in range(450)
    ]
    receipts = await wire.channel.send(messages)
    sends = wire.platform.of(viber.Send)
    assert sorted((send.resend_sms, len(send.messages)) for send in sends) == [
        (False, 50),
        (False, 100),
        (True, 100),
        (True, 100),
        (True, 100),
    ]
    for send in sends:
        assert all((each.sms_text is not None) == send.resend_sms for each in send.messages)
    texts = {each.address: each.content.text for send in sends for each in send.messages}
    assert [receipt.ref for receipt in receipts] == [each.ref for each in messages]
    assert [texts[each.to] for each in receipts] == [each.text for each in messages]
    assert len({receipt.ids for receipt in receipts}) == 450


async def test_chunks_are_as_small_as_the_setting() -> None:
    async with wired("viber", batch_size=2) as wire:
        await wire.channel.send([message() for _ in range(5)])
        assert sorted(len(send.messages) for send in wire.platform.requests) == [1, 2, 2]


async def test_each_element_is_a_receipt_whatever_the_others_are(wire: Wired) -> None:
    elements = [
        {"providerId": FIRST, "code": "ok"},
        {"code": "error-subject-unknown"},
        {"code": "error-of-tomorrow"},
        {"code": "error-system"},
        {"code": "ok"},
        {"code": "ok", "providerId": 3.1e18},
        {"providerId": FIRST + 1, "code": "ok"},
    ]
    body = json.dumps({"status": "ok", "messages": elements}).encode()
    wire.platform.answers[viber.Send] = always(HttpAnswer(200, body))
    receipts = await wire.channel.send([message() for _ in elements])
    assert [receipt.status.state for receipt in receipts] == [
        State.ACCEPTED,
        State.REJECTED,
        State.REJECTED,
        State.UNKNOWN,
        State.UNKNOWN,
        State.UNKNOWN,
        State.ACCEPTED,
    ]
    assert [type(receipt.error) for receipt in receipts[1:6]] == [
        Rejected,
        Rejected,
        OutcomeUnknown,
        OutcomeUnknown,
        OutcomeUnknown,
    ]
    assert [receipt.status.code for receipt in receipts[1:3]] == [
        "error-subject-unknown",
        "error-of-tomorrow",
    ]
    assert [receipts[0].ids, receipts[6].ids] == [(str(FIRST),), (str(FIRST + 1),)]


@pytest.mark.parametrize("ids", [(1,), (1, 2, 3), (1, 1)])
async def test_an_answer_that_fits_no_message_is_not_guessed_at(
    wire: Wired, ids: tuple[int, ...]
) -> None:
    taken = tuple(viber.Taken(provider_id=str(one), code=CODE.OK) for one in ids)
    wire.platform.answers[viber.Send] = always(viber.Sent(messages=taken))
    receipts = await wire.channel.send([message(), message()])
    for receipt in receipts:
        assert isinstance(receipt.error, OutcomeUnknown)
        assert (receipt.status.state, receipt.ids) == (State.UNKNOWN, ())
        assert receipt.unassigned_ids == tuple(str(one) for one in ids)


@pytest.mark.parametrize(("found", "on_send", "on_status"), REQUEST_ERRORS)
async def test_a_refused_request(
    wire: Wired, found: HttpAnswer, on_send: type[DevinoError], on_status: type[DevinoError]
) -> None:
    wire.platform.answers = dict.fromkeys((viber.Send, viber.GetStatus), always(found))
    if issubclass(on_send, Rejected) and not issubclass(on_send, AuthenticationFailed):
        (receipt,) = await wire.channel.send([message()])
        assert type(receipt.error) is on_send
    else:
        with pytest.raises(on_send):
            await wire.channel.send([message()])
    with pytest.raises(on_status):
        await wire.channel.status(["17"], medium=Medium.VIBER)


async def test_a_wrong_fallback_is_told_by_its_field_and_the_messages_own_ref(
    wire: Wired,
) -> None:
    wrong = message(fallback=sms(validity=timedelta(seconds=5)), ref="mine")
    with pytest.raises(InvalidMessage) as caught:
        wire.channel.check([wrong])
    assert (caught.value.field, caught.value.refs) == ("fallback.validity", ("mine",))


def test_a_login_with_a_colon_cannot_be_written() -> None:
    values = {"viber": {"login": "a:b", "password": "p"}}
    with pytest.raises(ConfigurationError, match="login: a colon"):
        AsyncClient(values)


async def test_a_refusal_is_read_as_one(wire: Wired) -> None:
    wire.platform.answers[viber.Send] = always(Refusal(viber.RequestStatus.SYNTAX))
    (receipt,) = await wire.channel.send([message()])
    assert receipt.refused
    assert receipt.status.code == "error-syntax"
