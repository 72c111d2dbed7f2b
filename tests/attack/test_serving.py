"""The server of the misbehaving peers: a client that comes at its end leaves nothing open."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest
import trustme

from tests._sockets import Ended, left_open
from tests.attack._serving import served


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("turns", range(6))
def test_a_client_that_comes_at_the_end_is_hung_up_on(turns: int, *, tls: bool) -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def work() -> None:
        async with served(serve, _context() if tls else None) as port:
            with socket.create_connection(("127.0.0.1", port)):
                # The loop accepts in one of these turns, and begins to serve in a later one.
                for _ in range(turns):
                    await asyncio.sleep(0)

    assert left_open(work) == Ended([])
