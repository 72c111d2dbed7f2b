"""A sandbox that encrypts: every channel as it is by default, over real connections."""

from __future__ import annotations

import asyncio
import logging
import shlex
import shutil
import smtplib
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import aiohttp
import pytest
import trustme

from devino_codecs import smpp
from devino_core import (
    AsyncClient,
    ConnectFailed,
    Message,
    Plugins,
    Secret,
    State,
    Unavailable,
)
from devino_sandbox import Account, AnswerError, Fault, Sandbox, World
from tests.sandbox._mail import Mailbox

pytestmark = pytest.mark.pythons

LOGIN, PASSWORD = "demo", "cnry-7b1"
TO = "79161234567"
DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this authority vouches for is trusted."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.fixture
async def sandbox(authority: trustme.CA) -> AsyncIterator[Sandbox]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    world = World([Account(login=LOGIN, password=Secret(PASSWORD))])
    async with Sandbox(world, tls=context, discover=False) as sandbox:
        yield sandbox


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_the_certificate_that_the_docs_make_is_trusted_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [command] = [line for line in DOCS.read_text().splitlines() if line.startswith("openssl ")]
    await asyncio.to_thread(
        subprocess.run, shlex.split(command), cwd=tmp_path, check=True, capture_output=True
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    world = World([Account(login=LOGIN, password=Secret(PASSWORD))])
    async with Sandbox(world, tls=context, discover=False) as sandbox:
        for kind in ("rest", "smpp", "email2sms"):
            assert await send(sandbox, kind) is State.ACCEPTED


def _place(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.removeprefix("https://").partition("/")[0].rpartition(":")
    return host, int(port)


def _mail(endpoints: Mapping[str, str]) -> dict[str, object]:
    host, port = _place(endpoints["smtp"])
    return {
        "host": host,
        "port": port,
        "from_addr": "a@example.org",
        "local_hostname": "localhost",
    }


CHANNELS: Mapping[str, Callable[[Mapping[str, str]], dict[str, object]]] = {
    "rest": lambda endpoints: {"base_url": endpoints["rest"]},
    "rest-v2": lambda endpoints: {"base_url": endpoints["rest_v2"]},
    "xml": lambda endpoints: {"base_url": endpoints["xml"]},
    "soap": lambda endpoints: {"base_url": endpoints["soap_sms"].rpartition("/")[0]},
    "soap-v2": lambda endpoints: {"base_url": endpoints["soap_sms_v2"].rpartition("/")[0]},
    "smpp": lambda endpoints: {"hosts": endpoints["smpp"]},
    "email2sms": _mail,
}


async def send(sandbox: Sandbox, kind: str) -> State:
    settings = {
        "login": LOGIN,
        "password": PASSWORD,
        "sender": "DEVINO",
        **CHANNELS[kind](sandbox.endpoints),
    }
    async with AsyncClient({kind: settings}, plugins=Plugins(environ={})) as client:
        return (await client.send(Message(TO, "Hello"))).status.state


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("kind", CHANNELS)
async def test_every_channel_sends_over_tls(sandbox: Sandbox, kind: str) -> None:
    assert await send(sandbox, kind) is State.ACCEPTED
    [message] = sandbox.world.messages()
    assert (message.submission.via, message.to) == (kind, TO)


@pytest.mark.parametrize("kind", CHANNELS)
async def test_what_nobody_vouches_for_gets_no_message(
    sandbox: Sandbox, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConnectFailed):
        await send(sandbox, kind)
    assert list(sandbox.world.messages()) == []
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    # The client's own log tells of the call that failed.
    assert [record for record in warnings if not record.name.startswith("devino.")] == []


async def test_http_is_told_as_https(sandbox: Sandbox, authority: trustme.CA) -> None:
    http = {
        name: url
        for name, url in sandbox.endpoints.items()
        if not any(wire in name for wire in ("smpp", "smtp", "ftp"))
    }
    assert all(url.startswith("https://127.0.0.1:") for url in http.values())
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{http['soap_sms']}?WSDL", ssl=context) as answer,
    ):
        assert f'location="{http["soap_sms"]}"' in await answer.text()


PLAIN = {
    "rest": b"GET /_sandbox HTTP/1.0\r\n\r\n",
    "smpp": smpp.encode(smpp.BindTransceiver(system_id=LOGIN, password=PASSWORD), 1),
}


@pytest.mark.parametrize("name", PLAIN)
async def test_who_speaks_plainly_gets_no_answer(sandbox: Sandbox, name: str) -> None:
    reader, writer = await asyncio.open_connection(*_place(sandbox.endpoints[name]))
    writer.write(PLAIN[name])
    answer = await reader.read()
    writer.close()
    # At most an alert of TLS.
    assert answer[:1] in (b"", b"\x15")


async def test_a_mail_is_taken_only_after_starttls(sandbox: Sandbox) -> None:
    mailbox = Mailbox.of(sandbox)
    lines = (b"EHLO a\r\n", b"AUTH PLAIN AGEAYg==\r\n", b"MAIL FROM:<a@b>\r\n", b"QUIT\r\n")
    answered = await mailbox.raw(*lines)
    assert b"250-STARTTLS" in answered
    assert not any(b"AUTH" in line for line in answered)
    assert [line[:3] for line in answered[-3:]] == [b"530", b"530", b"221"]


@pytest.mark.usefixtures("trusted")
async def test_starttls_can_be_ordered_to_fail(sandbox: Sandbox) -> None:
    failing = Fault(protocol="email2sms", operation="STARTTLS", action=AnswerError(454))
    sandbox.world.faults.add(failing)
    with pytest.raises(Unavailable):
        await send(sandbox, "email2sms")
    assert list(sandbox.world.messages()) == []


@pytest.mark.usefixtures("trusted")
async def test_a_login_goes_after_starttls(sandbox: Sandbox) -> None:
    def login(smtp: smtplib.SMTP) -> int:
        smtp.starttls(context=ssl.create_default_context())
        return smtp.login(LOGIN, PASSWORD)[0]

    assert await Mailbox.of(sandbox).talk(login) == 235


async def _idle(place: tuple[str, int]) -> asyncio.StreamWriter:
    """A client that connects and says nothing."""
    return (await asyncio.open_connection(*place))[1]


async def _half_way(place: tuple[str, int]) -> asyncio.StreamWriter:
    """A client that asks for TLS, and says nothing then."""
    reader, writer = await asyncio.open_connection(*place)
    writer.write(b"EHLO a\r\nSTARTTLS\r\n")
    await reader.readuntil(b"220 Ready to start TLS\r\n")
    return writer


async def _bound(place: tuple[str, int]) -> asyncio.StreamWriter:
    """A client that reads nothing after it has bound."""
    context = ssl.create_default_context()
    reader, writer = await asyncio.open_connection(*place, ssl=context)
    writer.write(PLAIN["smpp"])
    await reader.readexactly(16)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    return writer


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("name", "client"),
    [("rest", _idle), ("smpp", _idle), ("smtp", _idle), ("smtp", _half_way), ("smpp", _bound)],
)
async def test_no_client_holds_up_its_end(
    authority: trustme.CA,
    name: str,
    client: Callable[[tuple[str, int]], Awaitable[asyncio.StreamWriter]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for patience in ("_HANDSHAKE", "_FAREWELL"):
        monkeypatch.setattr(f"devino_sandbox._listening.{patience}", 100.0)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    world = World([Account(login=LOGIN, password=Secret(PASSWORD))])
    async with Sandbox(world, tls=context, discover=False) as sandbox:
        writer = await client(_place(sandbox.endpoints[name]))
        began = time.monotonic()
    assert time.monotonic() - began < 50
    writer.transport.abort()
    await asyncio.sleep(0)


async def test_the_smsc_says_farewell_over_tls(sandbox: Sandbox, authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    reader, writer = await asyncio.open_connection(*_place(sandbox.endpoints["smpp"]), ssl=context)
    writer.write(PLAIN["smpp"])
    await reader.readexactly(int.from_bytes((await reader.readexactly(4)), "big") - 4)
    await sandbox.__aexit__(None, None, None)
    assert isinstance(smpp.decode(await reader.read()), smpp.Unbind)
    writer.close()
