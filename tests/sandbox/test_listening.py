"""Ports of the sandbox, as they open and close."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import trustme

from devino_sandbox._listening import closed, listen, stop_listening
from tests._sockets import Ended, left_open

pytestmark = pytest.mark.pythons


@contextmanager
def nothing_left_open() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert [str(one.message) for one in told] == []


class Client(asyncio.Protocol):
    """The server's end of a connection."""

    ends: list[asyncio.BaseTransport]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.ends.append(transport)


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server and of its client."""
    authority = trustme.CA()
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return served, trusting


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_that_is_just_accepted_is_not_forgotten(turns: int) -> None:
    class Known(Client):
        ends: list[asyncio.BaseTransport] = []  # noqa: RUF012 - of this test

    with nothing_left_open():
        server, port = await listen(Known, "127.0.0.1", 0, None)
        with socket.create_connection(("127.0.0.1", port)) as client:
            # The loop accepts at one of these turns, and makes a transport at the next.
            for _ in range(turns):
                await asyncio.sleep(0)
            await stop_listening(server)
            for transport in Known.ends:
                transport.close()
            await closed(server)
            await asyncio.sleep(0)
            # Whether it came in time or not, it is told that this is the end.
            client.settimeout(60)
            with suppress(ConnectionResetError):
                assert client.recv(1) == b""
        del client
    Known.ends.clear()


async def test_a_client_that_does_not_begin_with_tls_is_hung_up_on() -> None:
    served, _ = contexts()
    server, port = await listen(asyncio.Protocol, "127.0.0.1", 0, served)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        for _ in ("it is accepted", "the transport is made", "TLS begins"):
            await asyncio.sleep(0)
        await stop_listening(server)
        await closed(server)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""


def test_a_client_that_does_not_end_tls_is_hung_up_on() -> None:
    class Known(Client):
        ends: list[asyncio.BaseTransport] = []  # noqa: RUF012 - of this test

    served, trusting = contexts()
    with ExitStack() as clients:

        def begin(port: int) -> None:
            plain = socket.create_connection(("127.0.0.1", port), timeout=60)
            begun = trusting.wrap_socket(plain, server_hostname="127.0.0.1")
            clients.enter_context(begun)

        async def work() -> None:
            server, port = await listen(Known, "127.0.0.1", 0, served)
            await asyncio.to_thread(begin, port)
            await stop_listening(server)
            while Known.ends:
                end = Known.ends.pop()
                # Twice, asyncio's TLS forgets what it would have to abort.
                end.close()
                end.close()
            await closed(server)

        assert left_open(work) == Ended([])


async def test_who_comes_later_is_refused() -> None:
    server, port = await listen(asyncio.Protocol, "127.0.0.1", 0, None)
    await stop_listening(server)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
