"""The table of the documentation that says what a strict World refuses, row by row."""

from __future__ import annotations

import asyncio
import json
import re
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import TypeAlias

import aiohttp
import pytest

import devino_sandbox
from devino_codecs import smpp
from devino_core import AsyncClient, Secret, State
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World
from devino_sandbox.services.smpp import SmppSettings
from tests._vectors import ROOT
from tests.sandbox._book import IMPORT, Shelf
from tests.sandbox._http import LOGIN, PASSWORD, Http
from tests.sandbox._mail import Mailbox, template
from tests.sandbox._smpp import PASSWORD as SHORT
from tests.sandbox._smpp import Smsc, running, submit
from tests.sandbox._soap import SMS, TO, VIBER_V2, message, post, signed

PAGE = ROOT.parent.parent / "docs" / "sandbox.md"
ROW = re.compile(r"^\| `([\w]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


class Box:
    """A sandbox with clients by hand."""

    def __init__(self, world: World, clock: ManualClock, sandbox: Sandbox, http: Http) -> None:
        self.world = world
        self.clock = clock
        self.http = http
        self.mailbox = Mailbox.of(sandbox)

    @asynccontextmanager
    async def smsc(self) -> AsyncIterator[Smsc]:
        async with running(self.world, SmppSettings()) as smsc:
            yield smsc

    async def rest(self, resource: str, **more: str) -> bool:
        send = {"SourceAddress": "DEVINO", "DestinationAddress": TO, "Data": "test"}
        return (await self.http.v2(resource, **send, **more)).status == 200

    async def soap(self, path: str, body: bytes) -> bool:
        return (await post(self.http, path, body)).status == 200

    async def xml(self, row: str) -> bool:
        package = (
            f'<package login="{LOGIN}" password="{PASSWORD}"><message>{row}</message></package>'
        )
        answer = await self.http.raw("POST", "/Send.ashx", package.encode())
        return b">106<" in answer.body

    async def messenger(self, path: str, body: bytes) -> bytes:
        login = aiohttp.encode_basic_auth(LOGIN, PASSWORD)
        headers = {"Authorization": login, "Content-Type": "application/json"}
        return (await self.http.raw("POST", path, body, headers)).body

    async def mail(self, mail: EmailMessage | bytes) -> bool:
        try:
            await self.mailbox.send(mail)
        except smtplib.SMTPDataError as error:
            return error.smtp_code != 554
        return True


async def _rest_date(box: Box) -> bool:
    to_one = await box.rest("Sms/SendByTimeZone")
    assert to_one is await box.rest("Sms/SendByTimeZoneToAddresses", DestinationAddresses=TO)
    assert await box.rest("Sms/SendByTimeZone", SendDate="2011-01-28T16:00:00")
    return to_one


async def _rest_viber(box: Box) -> bool:
    assert await box.rest("Viber/Send", Validity="1440")
    return await box.rest("Viber/Send", Validity="1441")


async def _soap_rate(box: Box) -> bool:
    balance = signed("GetBalance")
    answers = [await post(box.http, "/SmsServicev2.asmx", balance) for _ in range(11)]
    assert {answer.status for answer in answers[:10]} == {200}
    if answers[10].status != 200:
        assert (answers[10].status, answers[10].headers["Retry-After"]) == (429, "1")
        box.clock.advance(0.1)
        assert await box.soap("/SmsServicev2.asmx", balance)
        assert not await box.soap("/SmsServicev2.asmx", balance)
        box.clock.advance(0.9)
    return answers[10].status == 200


async def _soap_date(box: Box) -> bool:
    more = "<sourceAddress>DEVINO</sourceAddress><data>test</data><validity>0</validity>"
    one = signed("SendMessageByTimeZone", f"{more}<destinationAddress>{TO}</destinationAddress>")
    return await box.soap("/SmsServicev2.asmx", one)


async def _soap_viber(box: Box) -> bool:
    assert await box.soap(VIBER_V2, signed("SendMessage", message()))
    return await box.soap(VIBER_V2, signed("SendMessage", message(more="")))


async def _soap_dates(box: Box) -> bool:
    session = await box.http.login()
    dates = "<maxDateUTC>{}</maxDateUTC><minDateUTC>{}</minDateUTC>"
    asked = [
        signed("GetIncomingMessages", f"<sessionID>{session}</sessionID>{dates.format(*pair)}")
        for pair in (("2011-01-15", "2011-01-14"), ("2011-01-14", "2011-01-15"))
    ]
    assert await box.soap(SMS, asked[0])
    return await box.soap(SMS, asked[1])


async def _xml_id(box: Box) -> bool:
    row = f'<msg id="7" recipient="{TO}" sender="DEVINO">test</msg>'
    assert await box.xml(row)
    return await box.xml(row)


async def _xml_sender(box: Box) -> bool:
    assert await box.xml(f'<msg recipient="{TO}" sender="79161234567">test</msg>')
    return await box.xml(f'<msg recipient="{TO}" sender="123456789012345">test</msg>')


def _mail(text: str, charset: str, cte: str, subject: str = "SMS") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail.set_content(text, charset=charset, cte=cte)
    return mail


async def _mail_base64(box: Box) -> bool:
    text = f"{LOGIN};{PASSWORD};{TO};DEVINO;test"
    assert await box.mail(_mail(text, "windows-1251", "base64", "MODEB64"))
    return await box.mail(_mail(text, "windows-1251", "quoted-printable", "MODEB64"))


async def _mail_charset(box: Box) -> bool:
    assert await box.mail(_mail(template(), "windows-1251", "quoted-printable"))
    return await box.mail(_mail(template(), "utf-8", "quoted-printable"))


async def _mail_parts(box: Box) -> bool:
    mail = _mail(template(), "windows-1251", "quoted-printable")
    mail.add_alternative("<p>test</p>", subtype="html", charset="windows-1251")
    return await box.mail(mail)


def _bind(system_type: str = "") -> smpp.BindTransceiver:
    return smpp.BindTransceiver(system_id=LOGIN, password=SHORT, system_type=system_type)


async def _smpp_pause(box: Box) -> bool:
    async with box.smsc() as smsc:
        first = await smsc.bind()
        await first.request(smpp.Unbind(), smpp.UnbindResp)
        again = await smsc.connect()
        answer = await again.request(_bind(), smpp.BindTransceiverResp)
    return answer.command_status == 0


async def _smpp_type(box: Box) -> bool:
    async with box.smsc() as smsc:
        esme = await smsc.connect()
        answer = await esme.request(_bind(system_type="VMA"), smpp.BindTransceiverResp)
    return answer.command_status == 0


async def _submitted(box: Box, **more: object) -> bool:
    async with box.smsc() as smsc:
        esme = await smsc.bind()
        answer = await esme.request(submit(**more), smpp.SubmitSmResp)
    return answer.command_status == 0


async def _smpp_ton(box: Box) -> bool:
    return await _submitted(box, dest_addr_ton=smpp.Ton.UNKNOWN)


async def _smpp_validity(box: Box) -> bool:
    return await _submitted(box, validity_period="000000000030000R")


async def _smpp_source(box: Box) -> bool:
    async with box.smsc() as smsc:
        esme = await smsc.bind()
        message_id = await esme.submit(submit())
        answer = await esme.request(smpp.QuerySm(message_id=message_id), smpp.QuerySmResp)
    return answer.command_status == 0


async def _guesses(box: Box) -> bool:
    async def ask(what: str, **more: str) -> int:
        body = json.dumps({"DestinationNumber": TO, **more}).encode()
        headers = {"X-ApiKey": "key", "Content-Type": "application/json"}
        answer = await box.http.raw("POST", f"/{what}", body, headers)
        code: int = answer.json["Code"]
        return code

    assert await ask("GenerateCode") == 0
    [sent] = (await box.http.raw("GET", "/_sandbox/codes")).json
    wrong = "00000" if sent["code"] != "00000" else "11111"
    for _ in range(5):
        await ask("CheckCode", Code=wrong)
    return await ask("CheckCode", Code=sent["code"]) == 0


async def _book_group(box: Box) -> bool:
    shelf = Shelf(box.http)
    added = await shelf.add(Email="a@b.ru")
    assert (await shelf.ask("PATCH", f"/Contacts/{added}", {"Gender": 1})).status == 200
    moved = {"Gender": 1, "ContactGroupId": 252}
    return (await shelf.ask("PATCH", f"/Contacts/{added}", moved)).status == 200


async def _book_import(box: Box) -> bool:
    shelf = Shelf(box.http)
    await shelf.imports({"Email": "a@b.ru"}, ImportId=IMPORT)
    box.clock.advance(1)
    path, other = f"/ContactsImport/{IMPORT}/Duplicates", IMPORT.replace("5", "7")
    for same in (IMPORT.lower(), f"{{{IMPORT}}}", None):
        asked = {"ContactGroupId": 252, "ImportId": same}
        assert (await shelf.ask("DELETE", path, asked)).status == 200
    asked = {"ContactGroupId": 252, "ImportId": other}
    return (await shelf.ask("DELETE", path, asked)).status == 200


Scenario: TypeAlias = Callable[[Box], Awaitable[bool]]


# By protocol, in the order of the table. Each tells whether the last thing that it did was taken.
def _button(caption: str) -> bytes:
    message = {
        "subject": "DEVINO",
        "priority": "high",
        "validityPeriodSec": 60,
        "type": "viber",
        "contentType": "button",
        "content": {"text": "Sale", "caption": caption, "action": "https://example.org"},
        "address": TO,
    }
    return json.dumps({"messages": [message]}).encode()


async def _viber_caption(box: Box) -> bool:
    assert b'"providerId"' in await box.messenger("/send", _button("a" * 19))
    return b'"providerId"' in await box.messenger("/send", _button("a" * 20))


async def _vk_day(box: Box) -> bool:
    leg = {
        "subject": "DEVINO",
        "priority": "high",
        "routes": ["vk"],
        "validityPeriod": 60,
        "phone": TO,
        "templateId": "1",
    }
    for _ in range(6):
        answer = await box.messenger("/send/vk", json.dumps({"vk": leg}).encode())
        assert b'"messageId"' in answer
    box.clock.advance(10)
    *five, sixth = box.world.messages()
    assert [message.state for message in five] == [State.READ] * 5
    return sixth.state is State.READ


SCENARIOS: dict[str, list[Scenario]] = {
    "rest": [_rest_date, _rest_viber],
    "soap": [_soap_rate, _soap_date, _soap_viber, _soap_dates],
    "xml": [_xml_id, _xml_sender],
    "email2sms": [_mail_base64, _mail_charset, _mail_parts],
    "smpp": [_smpp_pause, _smpp_type, _smpp_ton, _smpp_validity, _smpp_source],
    "verification": [_guesses],
    "viber": [_viber_caption],
    "vk": [_vk_day],
    "addressbook": [_book_group, _book_import],
}


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(one, id=one.__name__) for found in SCENARIOS.values() for one in found],
)
@pytest.mark.parametrize("strict", [False, True])
async def test_only_a_strict_world_refuses(scenario: Scenario, strict: bool) -> None:
    clock = ManualClock()
    account = Account(login=LOGIN, password=Secret(PASSWORD))
    world = World([account], clock=clock, strict=strict)
    async with (
        Sandbox(world, discover=False) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        taken = await scenario(Box(world, clock, sandbox, Http(session, sandbox.endpoints)))
    assert taken is not strict


def test_the_documentation_has_a_row_for_each() -> None:
    section = PAGE.read_text("utf-8").partition("## Strictness")[2]
    rows = [row[0] for row in ROW.findall(section)]
    assert rows == [name for name, found in SCENARIOS.items() for _ in found]


def test_nothing_else_is_strict() -> None:
    """A service that asks the World has a row; so look here when you add one."""
    source = Path(devino_sandbox.__file__).parent
    asking = {
        path.relative_to(source / "services").parts[0].removesuffix(".py")
        for path in source.rglob("services/**/*.py")
        if re.search(r"world\.strict", path.read_text("utf-8"))
    }
    assert asking == {
        *("rest", "soap", "xml", "smtp", "smpp", "verification", "viber", "vk", "addressbook")
    }


async def test_the_soap_channel_keeps_to_the_rate_by_itself() -> None:
    account = Account(login=LOGIN, password=Secret(PASSWORD))
    async with Sandbox(World([account], strict=True), discover=False) as sandbox:
        base_url = sandbox.endpoints["soap_sms"].rpartition("/")[0]
        settings = {"login": LOGIN, "password": PASSWORD, "base_url": base_url, "sender": "DEVINO"}
        async with AsyncClient({"soap-v2": settings}) as client:
            balances = await asyncio.gather(*[client.balance() for _ in range(15)])
    assert set(balances) == {account.balance}
