"""The connection of the outbox over NATS closes, whatever the server does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client

from devino_outbox.nats import _link
from devino_outbox.nats._link import connect, disconnect
from tests._sockets import left_open

pytestmark = pytest.mark.attack

MANY = 32 * 1024 * 1024
"""More octets than the buffers of a connection take."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_link, "_TRY", 0.1)


@asynccontextmanager
async def stuck_client(writes: int) -> AsyncIterator[Client]:
    """One whose server takes it, and reads nothing of what it says then."""
    is_over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"max_payload":%d}\r\n' % MANY)
        while await reader.readline() != b"PING\r\n":
            pass
        writer.write(b"PONG\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await is_over.wait()
        writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        client = await connect(f"nats://127.0.0.1:{port}", None, 5)
        for _ in range(writes):
            await client.publish("a", bytes(MANY))
            await asyncio.sleep(0)
        yield client
        assert client.is_closed
        is_over.set()


@pytest.mark.parametrize("writes", [0, 1, 3])
def test_a_server_that_does_not_read_holds_up_no_closing(writes: int) -> None:
    async def work() -> None:
        async with stuck_client(writes) as client, asyncio.timeout(10):
            await disconnect(client)

    assert left_open(work).left == []


def test_whoever_leaves_while_it_closes_leaves_nothing_open() -> None:
    async def work() -> None:
        async with stuck_client(1) as client, asyncio.timeout(10):
            closing = asyncio.create_task(disconnect(client))
            await asyncio.sleep(0)
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing

    assert left_open(work).left == []
