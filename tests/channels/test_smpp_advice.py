"""What an error says of a connection that cannot be made: who failed, and what to do."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trustme

from devino_core import ConnectFailed, Retry
from devino_core.testing import ManualClock
from devino_plugins.smpp import connect
from tests.channels._smsc import smsc

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


@asynccontextmanager
async def peer(behave: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that reads something and then behaves."""

    served = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(writer)
        if await reader.read(1000):
            behave(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for writer in served:
            writer.transport.abort()


def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    pass


def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def nacks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes.fromhex("00000010 80000000 00000002 16030102"))
    writer.close()


async def failure(
    port: int, *, host: str = "127.0.0.1", tls: bool = True, retry: Retry | None = None
) -> str:
    with pytest.raises(ConnectFailed) as caught:
        async with connect(
            host,
            port,
            system_id="me",
            password="s3cret",
            tls=tls,
            connect_timeout=0.5,
            clock=ManualClock(),
        ):
            pass
    assert "s3cret" not in str(caught.value)
    assert retry in (None, caught.value.retry)
    return str(caught.value)


@pytest.mark.parametrize(
    ("behave", "retry"),
    [(waits, Retry.SAFE), (closes, Retry.SAFE), (resets, Retry.SAFE), (nacks, Retry.NEVER)],
)
async def test_tls_against_a_plain_centre_says_what_to_set(behave: Behaviour, retry: Retry) -> None:
    async with peer(behave) as port:
        assert "`tls = false`" in await failure(port, retry=retry)


async def test_a_port_where_nobody_listens_is_no_matter_of_tls() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        said = await failure(free.getsockname()[1])
    assert "tls" not in said
    assert "refused" in said.lower()


async def test_an_address_that_swallows_connections_is_no_matter_of_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def swallowed(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", swallowed)
    said = await failure(2775)
    assert "no answer in time" in said
    assert "tls" not in said


async def test_a_name_that_nobody_knows_is_said_to_be_one() -> None:
    assert "name server" in await failure(2775, host="nobody.invalid")


async def test_plain_smpp_against_a_centre_that_wants_tls_says_what_to_set() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with smsc(context) as centre:
        assert "`tls = true`" in await failure(centre.port, tls=False)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it answered 'HTTP/1.1 400 Bad'"),
        (b"220 mail.example.org ESMTP\r\n", "it answered '220 mail.example'"),
        (bytes.fromhex("1503010002022a") + bytes(20), "`tls = true`"),
        (b"\xff" * 20, "ff ff"),
    ],
)
async def test_a_port_that_does_not_speak_smpp_is_quoted(answer: bytes, said: str) -> None:
    def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    async with peer(answers) as port:
        retry = Retry.NEVER if "tls" in said else Retry.SAFE
        found = await failure(port, tls=False, retry=retry)
    assert said in found
    assert "SMPP" in found


async def test_the_next_address_of_a_name_is_tried_while_the_first_swallows_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    tried = []
    sock_connect = loop.sock_connect

    async def connect_or_hang(sock: socket.socket, address: tuple[str, int]) -> None:
        tried.append(address[0])
        if address[0] == "127.0.0.2":
            await asyncio.Event().wait()
        await sock_connect(sock, address)

    def both(host: str, port: int, **_: object) -> list[object]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("127.0.0.2", "127.0.0.1")
        ]

    async with smsc() as centre:
        monkeypatch.setattr(socket, "getaddrinfo", both)
        monkeypatch.setattr(loop, "sock_connect", connect_or_hang)
        async with connect(
            "two.example",
            centre.port,
            system_id="me",
            password="secret",
            tls=False,
            connect_timeout=10,
            clock=ManualClock(),
        ) as bound:
            assert bound.is_bound
        assert tried == ["127.0.0.2", "127.0.0.1"]
