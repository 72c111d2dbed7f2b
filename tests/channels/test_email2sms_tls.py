"""Encryption and login on the way to the mail server: verified, or there is no connection."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from devino_core import AuthenticationFailed, ConnectFailed, Message, Retry, State, Unavailable
from devino_core.testing import ManualClock
from tests.channels._mailed import channel

pytestmark = pytest.mark.pythons

MESSAGE = Message("79031234567", "a")
USERNAME, PASSWORD = "mailer", "canary-77ab"


class Server:
    """What a mail server saw."""

    def __init__(self) -> None:
        self.mails: list[tuple[bool, object]] = []
        """Whether it came encrypted, and who had logged in."""
        self.commands: list[str] = []

    async def handle_DATA(self, _: SMTP, session: Session, __: Envelope) -> str:
        encrypted = session.ssl is not None
        self.mails.append((encrypted, getattr(session.auth_data, "login", None)))
        return "250 OK"

    async def handle_EHLO(
        self, server: Any, session: Session, _: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if server.transport.get_extra_info("sslcontext"):
            session.ssl = {}
        return responses


@asynccontextmanager
async def serving(
    *, tls: ssl.SSLContext | None = None, protocol: type[SMTP] = SMTP, **options: Any
) -> AsyncIterator[tuple[Server, int]]:
    """A mail server on a free port; ``tls`` encrypts from the start."""
    seen = Server()
    loop = asyncio.get_running_loop()
    conversations: list[SMTP] = []

    def begin() -> SMTP:
        conversations.append(protocol(seen, hostname="localhost", loop=loop, **options))
        return conversations[-1]

    server = await loop.create_server(begin, "127.0.0.1", 0, ssl=tls)
    try:
        yield seen, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for one in conversations:
            if one.transport is not None:
                one.transport.abort()  # type: ignore[attr-defined]
        await asyncio.sleep(0)


Certificate = Callable[[str], ssl.SSLContext]


@pytest.fixture
def certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Certificate:
    """Server contexts for a name, of an authority that this machine trusts."""
    authority = trustme.CA()
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    def issue(name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    return issue


async def send(port: int, **settings: object) -> State:
    values = {"host": "localhost", "port": port, "tls": "starttls", **settings}
    async with channel(ManualClock(), **values) as sending:
        states = [(await sending.send([message]))[0].status.state for message in [MESSAGE] * 2]
    assert states[0] is states[1]
    return states[0]


async def test_starttls_encrypts_before_anything_is_said(certificate: Certificate) -> None:
    context = certificate("localhost")
    async with serving(tls_context=context, require_starttls=True) as (seen, port):
        assert await send(port, tls="starttls") is State.ACCEPTED
    assert seen.mails == [(True, None)] * 2


async def test_tls_encrypts_from_the_start(certificate: Certificate) -> None:
    async with serving(tls=certificate("localhost")) as (seen, port):
        assert await send(port, tls="tls") is State.ACCEPTED
    assert seen.mails == [(True, None)] * 2


async def test_none_is_none_even_where_tls_is_offered(certificate: Certificate) -> None:
    async with serving(tls_context=certificate("localhost")) as (seen, port):
        assert await send(port, tls="none") is State.ACCEPTED
    assert seen.mails == [(False, None)] * 2


async def test_a_server_without_starttls_gets_no_mail() -> None:
    async with serving() as (seen, port):
        with pytest.raises(ConnectFailed, match="STARTTLS") as caught:
            await send(port, tls="starttls")
    assert caught.value.retry is Retry.NEVER
    assert seen.mails == []


@pytest.mark.parametrize(
    ("code", "retry"), [(454, Retry.SAFE), (502, Retry.NEVER), (220, Retry.NEVER)]
)
async def test_a_server_that_breaks_its_offer_of_starttls_gets_no_mail(
    code: int, retry: Retry, certificate: Certificate
) -> None:
    class Stripped(SMTP):
        async def smtp_STARTTLS(self, arg: str) -> None:
            await self.push(f"{code} no")
            if code == 220:
                await self.push("250 and this was no TLS")

    async with serving(tls_context=certificate("localhost"), protocol=Stripped) as (seen, port):
        with pytest.raises(ConnectFailed) as caught:
            await send(port, tls="starttls")
    assert caught.value.retry is retry
    assert seen.mails == []


async def test_a_server_that_speaks_no_tls_gets_no_mail() -> None:
    async with serving() as (seen, port):
        with pytest.raises(ConnectFailed, match='set tls = "starttls"') as caught:
            await send(port, tls="tls")
    assert caught.value.retry is Retry.NEVER
    assert seen.mails == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_of_another_name_gets_no_mail(
    tls: str, certificate: Certificate
) -> None:
    context = certificate("mail.example.org")
    options: dict[str, Any] = {"tls": context} if tls == "tls" else {"tls_context": context}
    async with serving(**options) as (seen, port):
        with pytest.raises(ConnectFailed, match=r"certificate.*localhost"):
            await send(port, tls=tls)
    assert seen.mails == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_gets_no_mail(tls: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    options: dict[str, Any] = {"tls": context} if tls == "tls" else {"tls_context": context}
    async with serving(**options) as (seen, port):
        with pytest.raises(ConnectFailed, match="certificate"):
            await send(port, tls=tls)
    assert seen.mails == []


def _authenticator(*args: object) -> AuthResult:
    given = args[-1]
    assert isinstance(given, LoginPassword)
    right = given == (USERNAME.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False, auth_data=given)


LOGIN = {"smtp_username": USERNAME, "smtp_password": PASSWORD}


async def test_a_mail_server_that_asks_for_a_login_gets_it(certificate: Certificate) -> None:
    async with serving(
        tls_context=certificate("localhost"),
        require_starttls=True,
        auth_required=True,
        authenticator=_authenticator,
    ) as (seen, port):
        assert await send(port, **LOGIN) is State.ACCEPTED
        with pytest.raises(AuthenticationFailed) as caught:
            await send(port)
        assert caught.value.code == 530
    assert seen.mails == [(True, USERNAME.encode())] * 2


async def test_a_login_that_is_refused_is_authentication_failed(certificate: Certificate) -> None:
    async with serving(tls_context=certificate("localhost"), authenticator=_authenticator) as (
        seen,
        port,
    ):
        with pytest.raises(AuthenticationFailed) as caught:
            await send(port, **{**LOGIN, "smtp_password": "wrong"})
    assert caught.value.code == 535
    assert seen.mails == []


async def test_a_server_that_takes_no_login_is_authentication_failed() -> None:
    async with serving() as (seen, port):
        with pytest.raises(AuthenticationFailed, match="offers no login"):
            await send(port, tls="none", **LOGIN)
    assert seen.mails == []


async def test_a_login_that_is_put_off_can_be_tried_again(certificate: Certificate) -> None:
    class Busy(SMTP):
        async def smtp_AUTH(self, arg: str) -> None:
            # A server that repeats what it was told.
            await self.push(f"454 {arg}")

    async with serving(tls_context=certificate("localhost"), protocol=Busy) as (_, port):
        with pytest.raises(Unavailable) as caught:
            await send(port, **LOGIN)
    said = base64.b64encode(f"\0{USERNAME}\0{PASSWORD}".encode()).decode()
    assert said not in str(caught.value)
