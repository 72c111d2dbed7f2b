"""WhatsApp in the sandbox: where it differs from Viber."""

from __future__ import annotations

from typing import Any

import pytest

from devino_core import Medium
from devino_core.testing import ManualClock
from devino_sandbox import World
from tests.sandbox._http import Http
from tests.sandbox._messengers import BUTTON, Messenger, text, with_sms

URL = "https://shop.example/1"


@pytest.fixture
def whatsapp(http: Http, clock: ManualClock) -> Messenger:
    return Messenger(http, clock, "/whatsapp")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "ok"),
        ({"type": "viber"}, "error-instant-message-type-format"),
        ({"contentType": "button", "content": BUTTON}, "error-content-type-format"),
        ({"contentType": "image", "content": {"imageUrl": URL}}, "ok"),
        ({"contentType": "video", "content": {"videoUrl": URL, "videoName": "v"}}, "ok"),
        ({"contentType": "video", "content": {"videoUrl": URL}}, "error-content-type-format"),
        ({"contentType": "document", "content": {"documentUrl": URL, "documentName": "d"}}, "ok"),
        ({"contentType": "document", "content": {"text": "x"}}, "error-content-type-format"),
        # The manual gives it no field.
        ({"contentType": "audio", "content": {}}, "ok"),
        ({"subject": "Магазин"}, "ok"),
    ],
)
async def test_what_it_carries(whatsapp: Messenger, changes: dict[str, Any], code: str) -> None:
    assert await whatsapp.code(text(**{"type": "whatsapp", **changes})) == code


async def test_the_sms_may_be_valid_for_thirty_seconds(whatsapp: Messenger) -> None:
    message = with_sms(type="whatsapp", smsValidityPeriodSec=30)
    assert await whatsapp.code(message, resend=True) == "ok"


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [
        ("79161234567", "read", None),
        ("79990003910", "undelivered", None),
        ("79990002001", "undelivered", "user-blocked"),
        ("79990002002", "undelivered", "not-template-match"),
    ],
)
async def test_how_it_ends(
    whatsapp: Messenger, clock: ManualClock, number: str, status: str, reason: str | None
) -> None:
    [message_id] = await whatsapp.sent(text(number, type="whatsapp"))
    clock.advance(5)
    told = await whatsapp.status(message_id)
    assert (told["status"], told.get("errorCode")) == (status, reason)


async def test_an_sms_goes_in_its_place(
    whatsapp: Messenger, clock: ManualClock, world: World
) -> None:
    [message_id] = await whatsapp.sent(with_sms("79990003910", type="whatsapp"), resend=True)
    clock.advance(5)
    told = await whatsapp.status(message_id)
    assert told["smsStates"][0]["status"] == "delivered"
    media = [message.submission.medium for message in world.messages()]
    assert media == [Medium.WHATSAPP, Medium.SMS]


async def test_viber_knows_nothing_of_it(whatsapp: Messenger, http: Http) -> None:
    [message_id] = await whatsapp.sent(text(type="whatsapp"))
    viber = Messenger(http, whatsapp.clock)
    assert (await viber.status(message_id))["code"].endswith("unknown")
