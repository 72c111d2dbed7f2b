"""The journal: every call of every protocol, with what was said, and without a credential."""

from __future__ import annotations

import asyncio
import base64
import smtplib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from decimal import Decimal
from ftplib import FTP
from typing import Any
from urllib.parse import quote_plus

import pytest

from devino_codecs import smpp
from devino_core import AsyncClient, DevinoError, Mail, Medium, Message, Secret, Template
from devino_core.testing import ManualClock
from devino_sandbox import (
    Access,
    Account,
    AnswerError,
    CallView,
    Drop,
    DropAnswer,
    Fault,
    Hang,
    Journal,
    Record,
    Sandbox,
    World,
)
from tests.sandbox._callbacks import Receiver
from tests.sandbox._http import Http
from tests.sandbox.conftest import START

# SMPP has room for 8 characters of a password.
LOGIN, PASSWORD, WRONG, KEY = "cnry-login", "cnry-7b1", "cnry-9d2", "cnry-key-of-the-account"
SECRETS = (PASSWORD, WRONG, KEY)


def spellings(secret: str) -> set[str]:
    """How a secret may stand in what was said."""
    octets = secret.encode()
    plain = base64.b64encode(f"\0{LOGIN}\0{secret}".encode()).decode()
    basic = base64.b64encode(f"{LOGIN}:{secret}".encode()).decode()
    return {
        secret,
        quote_plus(secret),
        octets.hex(" "),
        octets.hex(),
        base64.b64encode(octets).decode(),
        plain,
        basic,
    }


@pytest.fixture
def account() -> Account:
    return Account(
        login=LOGIN, password=Secret(PASSWORD), api_key=Secret(KEY), balance=Decimal(1000)
    )


def shown(world: World) -> list[CallView]:
    return world.journal.calls(limit=1000)


def only(world: World, protocol: str, operation: str | None) -> CallView:
    [call] = [one for one in shown(world) if (one.protocol, one.operation) == (protocol, operation)]
    return call


def channels(sandbox: Sandbox, password: str) -> Mapping[str, Mapping[str, Any]]:
    """Every channel that the sandbox's services declare."""
    [account] = sandbox.world.accounts.values()
    access = Access(endpoints=sandbox.endpoints, account=account, sender="DEVINO")
    found: dict[str, Mapping[str, Any]] = {}
    for service in sandbox.services:
        for name, settings in service.demo_channels(access).items():
            kind = name.split()[0]
            found[name.replace(" ", "-")] = {
                **settings,
                "kind": kind,
                **({"password": password} if "password" in settings else {}),
            }
    return found


CONTENTS: Mapping[Medium, Mail | Template] = {
    Medium.EMAIL: Mail("Hello", "Your order is ready"),
    Medium.VK: Template("123456", {"name": "Anna"}),
}


async def sent_by_each(sandbox: Sandbox, password: str) -> None:
    """A message over every channel, whatever becomes of it."""
    for name, settings in channels(sandbox, password).items():
        with suppress(DevinoError):
            async with AsyncClient({name: settings}) as client:
                media = client.channel(name).media
                for medium in media:
                    to = "anna@example.org" if medium is Medium.EMAIL else "79161234567"
                    message = Message(to=to, content=CONTENTS.get(medium, "Hello"), medium=medium)
                    with suppress(DevinoError):
                        await client.send(message, channel=name)


@pytest.mark.parametrize("password", [PASSWORD, WRONG])
async def test_every_channel_is_seen_and_no_secret(
    world: World, sandbox: Sandbox, password: str
) -> None:
    await sent_by_each(sandbox, password)
    calls = shown(world)
    kinds = {settings["kind"] for settings in channels(sandbox, password).values()}
    assert kinds - {call.protocol for call in calls} == set()
    for call in calls:
        said = str(call)
        for secret in SECRETS:
            assert not [one for one in spellings(secret) if one in said], call
        assert call.seconds is not None


async def test_every_message_knows_its_call_and_the_call_its_messages(
    world: World, sandbox: Sandbox
) -> None:
    await sent_by_each(sandbox, PASSWORD)
    # Archives are looked at when their time comes.
    calls = {call.id: call for call in shown(world)}
    messages = [one for one in world.messages() if one.submission.via != "ftp"]
    assert len({one.submission.via for one in messages}) >= 9
    for message in messages:
        assert message.handle in calls[message.call].messages, message.submission.via
        assert calls[message.call].protocol == message.submission.via


async def test_a_session_id_is_a_secret(world: World, http: Http) -> None:
    answer = await http.raw("GET", f"/rest/user/sessionid?login={LOGIN}&password={PASSWORD}")
    await http.v1("User/Balance", answer.json)
    first, second = shown(world)
    assert first.answer is not None
    assert (first.operation, first.answer.body) == ("user/sessionid", '"***"')
    assert answer.json not in str(second)
    assert second.request.head.startswith("GET /rest/User/Balance?SessionID=*** HTTP/1.1")


async def test_a_call_over_http_is_told_whole(world: World, http: Http, clock: ManualClock) -> None:
    form = f"Login={LOGIN}&Password={PASSWORD}&DestinationAddress=79161234567&SourceAddress=DEVINO"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Request-Id": "4f1c0a0b4f1c0a0b",
    }
    answer = await http.raw("POST", "/rest/v2/Sms/Send", f"{form}&Data=hi".encode(), headers)
    [call] = shown(world)
    assert (call.protocol, call.operation) == ("rest-v2", "Sms/Send")
    assert (call.outcome, call.failed, call.fault) == ("200", False, None)
    assert (call.at, call.call_id) == (START, "4f1c0a0b4f1c0a0b")
    assert call.messages == tuple(answer.json)
    assert call.peer.startswith("127.0.0.1:")
    assert call.request.head.splitlines()[0] == "POST /rest/v2/Sms/Send HTTP/1.1"
    assert call.request.body.endswith("&SourceAddress=DEVINO&Data=hi")
    assert call.answer is not None
    assert call.answer.head.startswith("HTTP/1.1 200 OK")
    assert call.answer.body == answer.body.decode()


async def test_a_refusal_says_its_code(world: World, http: Http) -> None:
    await http.raw("GET", f"/rest/v2/User/Balance?login={LOGIN}&password={WRONG}")
    await http.raw("GET", "/rest/v2/User/Balance")
    await http.raw("GET", f"/nothing?password={WRONG}")
    assert [
        (call.protocol, call.operation, call.outcome, call.failed) for call in shown(world)
    ] == [
        ("rest-v2", "User/Balance", "401 code 4", True),
        ("rest-v2", "User/Balance", "400 code 1", True),
        ("http", None, "404", True),
    ]


async def test_what_is_asked_of_the_sandbox_itself_is_no_call(world: World, http: Http) -> None:
    await http.raw("GET", "/_sandbox/messages")
    assert shown(world) == []
    await http.raw("GET", "/_sandbox/messages", headers={"Origin": "http://evil.example"})
    assert only(world, "inspect", None).outcome == "403"


async def ended(world: World) -> CallView:
    """The one call, as soon as it is over."""
    over = asyncio.Event()
    end = world.journal.subscribe(lambda record: over.set())
    if not world.journal.totals:
        async with asyncio.timeout(10):
            await over.wait()
    end()
    [call] = shown(world)
    return call


async def _said(address: str, data: bytes) -> bytes:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host.rpartition("/")[2], int(port))
    writer.write(data)
    answer = await reader.read()
    writer.close()
    return answer


HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(64))


@pytest.mark.parametrize(
    ("endpoint", "data", "outcome"),
    [
        ("http", HELLO, "not HTTP: a TLS hello"),
        ("http", b"EHLO password=cnry-9d2\r\n\r\n", "not HTTP"),
        ("http", b"GET / HTTP/1.1\r\nX: " + b"x" * 900_000, "431"),
        ("smpp", HELLO, "not SMPP: a TLS hello"),
        (
            "smpp",
            b"GET /?password=cnry-9d2 HTTP/1.1\r\nAuthorization: cnry-9d2\r\n\r\n",
            "not SMPP",
        ),
    ],
)
async def test_what_the_port_does_not_speak_is_seen(
    world: World, sandbox: Sandbox, http: Http, endpoint: str, data: bytes, outcome: str
) -> None:
    address = http.root if endpoint == "http" else sandbox.endpoints[endpoint]
    await _said(address, data)
    [call] = shown(world)
    assert (call.protocol, call.operation, call.failed) == (endpoint, None, True)
    assert call.outcome == outcome
    assert call.request.size >= min(len(data), 64 * 1024)
    assert call.request.is_hex is (data == HELLO)
    assert WRONG not in str(call)


async def test_a_large_body_is_cut(world: World, http: Http) -> None:
    text = "x" * 100_000
    await http.v2("Sms/Send", Data=text)
    [call] = shown(world)
    assert call.request.truncated
    assert len(call.request.body) <= 64 * 1024 < call.request.size


async def test_pdus_are_told_in_hex_and_field_by_field(world: World, sandbox: Sandbox) -> None:
    settings = channels(sandbox, PASSWORD)["smpp-udh"]
    async with AsyncClient({"smpp": settings}) as client:
        await client.send(Message(to="79161234567", content="Hello"))
    bind, submit = shown(world)[:2]
    assert (bind.operation, bind.outcome) == ("bind_transmitter", "ESME_ROK (0x00)")
    assert "** ** ** **" in bind.request.body
    assert bind.request.decoded is not None
    assert "password" in bind.request.decoded
    assert (submit.operation, submit.request.is_hex) == ("submit_sm", True)
    assert submit.request.decoded is not None
    assert "short_message" in submit.request.decoded
    assert submit.answer is not None
    assert submit.answer.decoded is not None
    assert submit.messages[0] in submit.answer.decoded


@pytest.mark.parametrize("lost", [1, -1])
async def test_a_broken_bind_shows_no_password(world: World, sandbox: Sandbox, lost: int) -> None:
    whole = smpp.encode(smpp.BindTransceiver(system_id="x", password=WRONG, sequence_number=1))
    # Without the end of the system_id the password is a part of it.
    octets = whole[:16] + whole[16:].replace(b"\0", b"", lost)
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    host, _, port = sandbox.endpoints["smpp"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(octets)
    await reader.readexactly(16)
    writer.close()
    for spelling in spellings(WRONG):
        assert spelling not in str(shown(world))


async def test_a_mail_is_told_command_by_command(world: World, sandbox: Sandbox) -> None:
    def talk() -> None:
        host, _, port = sandbox.endpoints["email_smtp"].rpartition(":")
        with smtplib.SMTP(host, int(port)) as server:
            server.ehlo()
            with suppress(smtplib.SMTPAuthenticationError):
                server.login(LOGIN, WRONG)
            server.login(LOGIN, PASSWORD)
            with suppress(smtplib.SMTPDataError):
                server.sendmail("me@shop.example", ["anna@example.org"], "Subject: x\n\nHello")
            server.docmd(base64.b64encode(WRONG.encode()).decode())

    await asyncio.to_thread(talk)
    calls = shown(world)
    assert ("AUTH", "535") in [(call.operation, call.outcome) for call in calls]
    assert [call.operation for call in calls][-6:] == ["MAIL", "RCPT", "DATA", "RSET", None, "QUIT"]
    data = only(world, "email-smtp", "DATA")
    assert data.request.body.lower().startswith("data\r\nsubject: x\r\n")
    assert data.answer is not None
    assert [line[:3] for line in data.answer.body.splitlines()] == ["354", "554"]
    assert (data.outcome, len(data.messages)) == ("554", 1)
    for secret in (PASSWORD, WRONG):
        assert not [one for one in spellings(secret) if one in str(calls)]


async def test_ftp_is_told_command_by_command(world: World, sandbox: Sandbox) -> None:
    def talk() -> None:
        host, _, port = sandbox.endpoints["ftp"].rpartition(":")
        with FTP() as ftp:
            ftp.connect(host, int(port))
            ftp.login(LOGIN, PASSWORD)
            ftp.nlst()

    await asyncio.to_thread(talk)
    calls = [(call.operation, call.outcome) for call in shown(world)]
    assert calls[:2] == [("USER", "331"), ("PASS", "230")]
    assert calls[-2:] == [("NLST", "226"), ("QUIT", "221")]
    assert "PASS ***" in [call.request.body for call in shown(world)]
    assert PASSWORD not in str(shown(world))


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        (Drop(), "dropped (fault)"),
        (DropAnswer(), "answer dropped (fault)"),
        (Hang(), "no answer (fault)"),
        (AnswerError(8), "500 code 8"),
    ],
)
async def test_a_call_names_the_fault_that_struck_it(
    world: World, sandbox: Sandbox, http: Http, action: Any, outcome: str
) -> None:
    number = world.faults.add(Fault(protocol="rest-v2", action=action))
    with suppress(Exception):
        await asyncio.wait_for(http.v2("User/Balance"), 0.3)
    call = await ended(world)
    assert (call.outcome, call.fault, call.failed) == (outcome, number, True)


class TestCallbacks:
    @pytest.fixture
    async def sandbox(self, world: World, receiver: Receiver) -> AsyncIterator[Sandbox]:
        [account] = world.accounts.values()
        account.callbacks = {"sms": receiver.url("sms")}
        async with Sandbox(world, discover=False) as sandbox:
            yield sandbox

    async def test_attempts_are_calls_that_the_sandbox_makes(
        self, world: World, sandbox: Sandbox, receiver: Receiver
    ) -> None:
        world.receive(sender="79161234567", to="1234", text="hi")
        await receiver.call()
        call = await ended(world)
        assert (call.protocol, call.operation, call.outcome) == ("sms-callback", "GET", "200")
        assert call.request.head.startswith("GET ***?")
        assert "s3cret" not in str(call)


class TestRing:
    class Nothing:
        call_id: str | None = None

        def wire(self, kinds: Any, path: str) -> Any:
            raise AssertionError("nobody looks")

    def record(self, journal: Journal) -> Record:
        return journal.record(self.Nothing()).enter("x", "peer")

    def test_the_latest_are_remembered(self, clock: ManualClock) -> None:
        journal = Journal(clock, 3)
        for _ in range(5):
            self.record(journal).end("ok")
        assert [record.id for record in journal.latest] == [3, 4, 5]
        assert journal.totals == {("x", False): 5}

    def test_none_are_where_none_are_wanted(self, clock: ManualClock) -> None:
        journal = Journal(clock, 0)
        with self.record(journal):
            assert len(journal.latest) == 0

    @pytest.mark.parametrize("keep", [-1, True, 1.5])
    def test_their_number_is_checked(self, clock: ManualClock, keep: Any) -> None:
        with pytest.raises(ValueError, match="calls is"):
            Journal(clock, keep)

    def test_a_call_ends_once(self, clock: ManualClock) -> None:
        journal, told = Journal(clock, 3), list[Record]()
        end = journal.subscribe(told.append)
        record = self.record(journal)
        record.end("first")
        record.end("second", failed=True)
        end()
        self.record(journal).end("unheard")
        assert told == [record]
        assert (record.outcome, record.failed) == ("first", False)


class TestHeads:
    """Headers are told whole, however they came."""

    ASKED = b"GET /rest/v2/User/Balance?login=x HTTP/1.1\r\nX-Odd: One\r\nX-Request-Id: abc\r\n\r\n"

    async def said(self, http: Http, *pieces: bytes) -> None:
        host, _, port = http.root.rpartition("/")[2].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            # So that the next piece comes by itself.
            for _ in range(20):
                await asyncio.sleep(0)
        for _ in range(pieces[-1].count(b"\r\n\r\n")):
            await reader.readuntil(b"}")
        writer.close()

    @pytest.mark.parametrize("cut", [None, 10, 60, 90])
    async def test_in_one_piece_or_in_two(self, world: World, http: Http, cut: int | None) -> None:
        whole = self.ASKED
        await self.said(http, *([whole] if cut is None else [whole[:cut], whole[cut:]]))
        [call] = shown(world)
        first, *headers = call.request.head.split("\r\n")
        assert first == "GET /rest/v2/User/Balance?login=*** HTTP/1.1"
        assert [header.lower() for header in headers] == ["x-odd: one", "x-request-id: abc"]
        assert call.call_id == "abc"

    async def test_one_behind_another(self, world: World, http: Http) -> None:
        other = self.ASKED.replace(b"abc", b"def").replace(b"One", b"Two")
        await self.said(http, self.ASKED + other)
        first, second = shown(world)
        assert (first.call_id, second.call_id) == ("abc", "def")
        assert ("One" in first.request.head, "Two" in second.request.head) == (True, True)
        assert "def" not in first.request.head + first.request.body
