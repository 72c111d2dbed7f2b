"""E-mail: mails written, callbacks read, mails and recipients sent, against bare libraries."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY

import aiohttp
import aiosmtplib
import msgspec
import pytest

from devino_codecs import email
from devino_core import AsyncClient, Mail, Medium, Message, Plugins
from tests.bench._canned_email import canned_email_server
from tests.bench._canned_smtp import canned_mail_server
from tests.bench.conftest import Table

pytestmark = pytest.mark.timeout(900)

EVENTS = 1000
MAILS = 10_000
RECIPIENTS = 10_000
CHUNK = 1000
TEXT, HTML = "Здравствуйте! " * 20, "<p>Здравствуйте!</p>" * 40
AT = datetime(2026, 11, 28, tzinfo=UTC)


def test_a_mail_written(compare: Table) -> None:
    mail = email.Mail(
        sender=email.Mailbox("shop@example.com", "Магазин"),
        to=(email.Mailbox("ivan@example.com"),),
        subject="Ваш заказ 17 готов",
        text=TEXT,
        html=HTML,
        date=AT,
        message_id="<a@example.com>",
    )

    def by_email() -> bytes:
        made = EmailMessage(policy=SMTP_POLICY)
        made["From"] = Address("Магазин", "shop", "example.com")
        made["To"] = "ivan@example.com"
        made["Subject"] = "Ваш заказ 17 готов"
        made["Date"] = AT
        made["Message-ID"] = "<a@example.com>"
        made.set_content(TEXT, cte="base64")
        made.add_alternative(HTML, subtype="html", cte="base64")
        return made.as_bytes()

    compare(
        "a mail of two bodies, written",
        lambda: email.encode_mail(mail),
        {"EmailMessage": by_email},
        rounds=21,
        number=100,
    )


class Geolocation(msgspec.Struct, frozen=True):
    country: str | None
    region: str | None
    city: str | None


class ClientInfo(msgspec.Struct, frozen=True, rename="camel"):
    platform: str | None
    operating_system: str | None
    browser: str | None
    user_agent: str | None
    ip_address: str | None
    geolocation: Geolocation


class Event(msgspec.Struct, frozen=True, rename="camel"):
    message_id: str
    task_id: int
    user_message_id: str | None
    user_campaign_id: str | None
    email: str
    event: str
    url: str | None
    date_time: datetime
    client_info: ClientInfo
    is_hardbounce: bool | None
    reason: str | None


class Wrapped(msgspec.Struct, frozen=True, rename="camel"):
    message_event_dtos: list[Event]


def test_a_callback_of_1000_events(compare: Table) -> None:
    body = email.encode_callback(
        email.MessageEvent(
            message_id=f"MsA29aT{number:04}",
            user_message_id="userMessageId-1234",
            user_campaign_id="UserCampaignId-1234",
            email="address@example.com",
            event="DELIVERED",
            date_time=datetime(2020, 1, 14, 8, 27, 57, 737785),  # noqa: DTZ001
        )
        for number in range(EVENTS)
    )
    bare: Callable[[bytes], object] = msgspec.json.Decoder(Wrapped).decode
    compare(
        f"decode_callback of email, {EVENTS} events",
        lambda: email.decode_callback(body),
        {"bare msgspec": lambda: bare(body)},
        rounds=41,
        number=5,
    )


@pytest.fixture(scope="module")
def smtp_port() -> Iterator[int]:
    with canned_mail_server() as port:
        yield port


def test_mails_over_a_kept_connection(compare: Table, smtp_port: int) -> None:
    settings = {
        "kind": "email-smtp",
        "login": "me",
        "password": "secret",
        "sender": "Shop <shop@example.com>",
        "host": "127.0.0.1",
        "port": smtp_port,
        "tls": "none",
        "local_hostname": "localhost",
    }
    content = Mail("Ваш заказ 17 готов", TEXT, HTML)
    mail = email.encode_mail(
        email.Mail(
            sender=email.Mailbox("shop@example.com", "Shop"),
            to=(email.Mailbox("ivan@example.com"),),
            subject=content.subject,
            text=TEXT,
            html=HTML,
            date=AT,
            message_id="<0123456789abcdef0123456789abcdef@example.com>",
        )
    )

    async def devino() -> None:
        async with AsyncClient({"mails": settings}, plugins=Plugins(environ={})) as client:
            for _ in range(MAILS):
                await client.send(Message("ivan@example.com", content, medium=Medium.EMAIL))

    async def bare() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=smtp_port, start_tls=False) as smtp:
            for _ in range(MAILS):
                await smtp.sendmail("shop@example.com", ["ivan@example.com"], mail)

    compare(
        f"{MAILS} mails over one connection, written each time, CPU",
        lambda: asyncio.run(devino()),
        {"aiosmtplib, the same bytes": lambda: asyncio.run(bare())},
        rounds=3,
        clock=time.process_time,
    )


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with canned_email_server() as port:
        yield port


def test_recipients_in_chunks(compare: Table, port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    config = {"email": {"login": "me", "password": "p", "sender": "a@b.ru", "base_url": url}}
    client = AsyncClient(config, plugins=Plugins(environ={}))
    names = [f"Ivan {n}" for n in range(RECIPIENTS)]
    addresses = [f"ivan{n}@example.com" for n in range(RECIPIENTS)]
    messages = [
        Message(
            address,
            Mail("Dear {name}", "Hello {name}", values={"name": name}),
            medium=Medium.EMAIL,
        )
        for address, name in zip(addresses, names, strict=True)
    ]
    headers = {"Content-Type": "application/json", "Authorization": "Basic bWU6cA=="}

    async def devino() -> None:
        receipts = await client.send_many(messages)
        assert all(receipt.ids for receipt in receipts)

    async def bare(loads: Callable[[bytes], object], dumps: Callable[[object], bytes]) -> None:
        async def post(start: int) -> None:
            body = {
                "Sender": {"Address": "a@b.ru"},
                "Recipients": [
                    {
                        "MergeFields": {"name": names[n]},
                        "RecipientId": f"{n:032}",
                        "Address": addresses[n],
                    }
                    for n in range(start, start + CHUNK)
                ],
                "Subject": "Dear [name]",
                "Body": {"PlainText": "Hello [name]"},
            }
            async with session.post(
                f"{url}/messages?format=json", data=dumps(body), headers=headers
            ) as response:
                answer = loads(await response.read())
            assert isinstance(answer, dict)
            assert all(each["MessageId"] for each in answer["Result"])

        await asyncio.gather(*[post(start) for start in range(0, RECIPIENTS, CHUNK)])

    def text(body: object) -> bytes:
        return json.dumps(body).encode()

    async def opened() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    with asyncio.Runner() as runner:
        session = runner.run(opened())
        runner.run(client.open())
        try:
            compare(
                f"{RECIPIENTS} recipients in calls of {CHUNK}, CPU",
                lambda: runner.run(devino()),
                {
                    "bare aiohttp, json": lambda: runner.run(bare(json.loads, text)),
                    "bare aiohttp, msgspec": lambda: runner.run(
                        bare(msgspec.json.decode, msgspec.json.encode)
                    ),
                },
                rounds=11,
                clock=time.process_time,
            )
        finally:
            runner.run(client.aclose())
            runner.run(session.close())
