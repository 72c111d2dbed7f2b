"""From an address and an account to a bound session, with and without TLS."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trustme

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus, SubmitSm
from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    Retry,
    Secret,
)
from devino_core.testing import ManualClock
from devino_plugins.smpp import SmppSession, connect
from tests.channels._smpp_bound import session, submit, taken
from tests.channels._smsc import Smsc, smsc

pytestmark = pytest.mark.pythons


@pytest.fixture
async def centre() -> AsyncIterator[Smsc]:
    async with smsc() as centre:
        yield centre


async def test_the_bind_says_who_asks_and_how(centre: Smsc) -> None:
    async with session(centre, bind="transmitter", system_type="vma"):
        bind = centre.connection.bind
        assert isinstance(bind, smpp.BindTransmitter)
        assert (bind.system_id, bind.password, bind.system_type, bind.interface_version) == (
            "me", "secret", "vma", 0x34,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (CommandStatus.ESME_RINVPASWD, AuthenticationFailed),
        (CommandStatus.ESME_RINVSYSID, AuthenticationFailed),
        (CommandStatus.ESME_RALYBND, ConnectFailed),
        (CommandStatus.ESME_RBINDFAIL, ConnectFailed),
        (0x400, ConnectFailed),
    ],
)
async def test_a_refused_bind(centre: Smsc, status: int, error: type[Exception]) -> None:
    centre.bind_status = status
    with pytest.raises(error) as caught:
        async with session(centre):
            pass
    assert smpp.status_name(status) in str(caught.value)
    if error is ConnectFailed:
        known = smpp.find_status(status)
        words = "SMPP 3.4 has no such status" if known is None else known.meaning
        assert f"refused the bind: {words}, " in str(caught.value)
    await asyncio.wait_for(centre.connection.closed.wait(), 10)


async def test_a_bind_without_an_answer(centre: Smsc) -> None:
    centre.bind_status = None
    clock = ManualClock()

    async def enter() -> None:
        async with session(centre, clock):
            pass

    entering = asyncio.create_task(enter())
    await asyncio.wait_for(centre.bound.wait(), 10)
    await clock.tick(30)
    with pytest.raises(ConnectFailed, match="did not answer the bind: no answer"):
        await entering
    await asyncio.wait_for(centre.connection.closed.wait(), 10)


async def test_a_centre_that_closes_on_the_bind(centre: Smsc) -> None:
    centre.bind_status = None
    entering = asyncio.ensure_future(session(centre).__aenter__())
    await asyncio.wait_for(centre.bound.wait(), 10)
    centre.connection.close()
    with pytest.raises(ConnectFailed):
        await entering


async def test_a_connection_that_is_gone_before_the_bind_is_written() -> None:
    settings = smpp.SessionSettings(window=1, response_timeout=1.0)
    bound = SmppSession(settings, clock=ManualClock(), incoming=1)
    bound.protocol.connection_lost(None)
    with pytest.raises(ConnectFailed, match="closed the connection"):
        await bound.request(smpp.BindTransceiver())


async def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        centre = Smsc()
        centre.port = free.getsockname()[1]
        with pytest.raises(ConnectFailed, match="cannot connect to"):
            async with session(centre):
                pass


@pytest.mark.parametrize(
    "login",
    [{"password": "too-long1"}, {"password": "пароль"}, {"system_id": "a" * 16}],
)
async def test_a_login_that_smpp_cannot_say(login: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        async with session(Smsc(), **login):
            pass
    assert next(iter(login)) in str(caught.value)
    assert not any(value in str(caught.value) for value in login.values())


async def test_a_password_may_be_a_secret(centre: Smsc) -> None:
    async with session(centre, password=Secret("s3cret")):
        assert centre.connection.bind is not None
        assert centre.connection.bind.password == "s3cret"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_tls_with_a_trusted_certificate(authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with (
        smsc(server_tls(authority, "127.0.0.1")) as centre,
        session(centre, tls=context) as bound,
    ):
        asked = asyncio.create_task(bound.request(submit()))
        connection, pdu = await centre.request(SubmitSm)
        connection.reply(pdu, taken(pdu))
        assert (await asked).message_id == pdu.destination_addr


async def test_tls_is_verified_with_the_name_of_the_host(authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with smsc(server_tls(authority, "other.example")) as centre:
        with pytest.raises(ConnectFailed, match="certificate does not verify") as caught:
            async with session(centre, tls=context):
                pass
    assert caught.value.retry is Retry.NEVER


async def test_tls_is_the_default_and_trusts_no_stranger(authority: trustme.CA) -> None:
    async with smsc(server_tls(authority, "127.0.0.1")) as centre:
        with pytest.raises(ConnectFailed, match="certificate does not verify"):
            async with connect("127.0.0.1", centre.port, system_id="me", password="secret"):
                pass
        assert all(connection.bind is None for connection in centre.connections)


async def test_tls_with_a_centre_that_speaks_plain_smpp(centre: Smsc) -> None:
    with pytest.raises(ConnectFailed, match="cannot connect"):
        async with connect(
            "127.0.0.1", centre.port, system_id="me", password="secret", connect_timeout=0.2
        ):
            pass
    # The password did not leave.
    assert b"secret" not in centre.connection.octets


@pytest.mark.parametrize("turns", range(12))
async def test_a_connect_that_is_given_up_leaves_no_socket_open(centre: Smsc, turns: int) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        entering = asyncio.ensure_future(session(centre).__aenter__())
        # It is given up at another await each time.
        for _ in range(turns):
            await asyncio.sleep(0)
        entering.cancel()
        await asyncio.wait([entering])
        del entering
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
    assert [str(one.message) for one in told] == []
