"""Sending mails over one kept connection against plain aiosmtplib doing the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY

import aiosmtplib
import pytest

from devino_codecs.email2sms import GATEWAY
from devino_core import AsyncClient, Message
from devino_core.plugins import Plugins
from tests.bench._canned_smtp import canned_mail_server
from tests.bench.conftest import Table

MAILS = 10_000
WRITTEN_BY_EMAIL = 1_000
"""The standard library takes its time."""
FROM = "service@example.org"
BODY = (
    "==|| НАЧАЛО ТЕКСТА ||==\r\nUserLogin=me\r\nPassword=secret\r\nSourceAddress=DEVINO\r\n"
    "PhoneNumber=+7903{:07}\r\nHello\r\n==|| КОНЕЦ ТЕКСТА ||=="
)


pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with canned_mail_server() as port:
        yield port


async def _through_devino(port: int, mails: int) -> None:
    settings = {
        "login": "me",
        "password": "secret",
        "sender": "DEVINO",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "from_addr": FROM,
        "local_hostname": "localhost",
    }
    async with AsyncClient({"email2sms": settings}, plugins=Plugins(environ={})) as client:
        for number in range(mails):
            await client.send(Message(f"7903{number:07}", "Hello"))


async def _through_aiosmtplib(port: int, mails: int, mail: Callable[[str], bytes]) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as smtp:
        for number in range(mails):
            await smtp.sendmail(FROM, [GATEWAY], mail(BODY.format(number)))


def _by_email(body: str) -> bytes:
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = FROM
    mail["To"] = GATEWAY
    mail.set_content(body, charset="windows-1251", cte="quoted-printable")
    return mail.as_bytes()


def test_one_after_another(compare: Table, port: int) -> None:
    """The peer's mail is written once and for all: what is left of it is aiosmtplib."""
    mail = _by_email(BODY.format(0))
    _compare(compare, port, MAILS, "aiosmtplib", lambda _: mail)


def test_one_after_another_with_the_standard_library(compare: Table, port: int) -> None:
    _compare(compare, port, WRITTEN_BY_EMAIL, "aiosmtplib, email", _by_email)


def _compare(
    compare: Table, port: int, mails: int, peer: str, mail: Callable[[str], bytes]
) -> None:
    compare(
        f"{mails} mails over one connection, CPU",
        lambda: asyncio.run(_through_devino(port, mails)),
        {peer: lambda: asyncio.run(_through_aiosmtplib(port, mails, mail))},
        rounds=5,
        clock=time.process_time,
    )
