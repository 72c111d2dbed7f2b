"""The file of credentials that the outbox over NATS and its sink log in with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from devino_core import ConfigurationError, Unavailable
from devino_outbox import NatsSettings
from devino_outbox.nats import NatsSink
from devino_outbox.nats._link import Link, connect, disconnect

JWT = "-----BEGIN NATS USER JWT-----\neyJ0.eyJq.c2ln\n------END NATS USER JWT------\n"
SEED = f"-----BEGIN USER NKEY SEED-----\nSU{'A' * 56}\n------END USER NKEY SEED------\n"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "holds no JWT of a user"),
        (SEED, "holds no JWT of a user"),
        (JWT, "holds no seed of a user"),
        (JWT + SEED.replace("SU", "SA"), "holds no seed of a user"),
        ("-----BEGIN NATS USER JWT-----", "holds no JWT of a user"),
        ((JWT + SEED).replace("\n", "\r\n"), "holds no JWT of a user"),
    ],
)
async def test_credentials_that_log_nobody_in_are_an_error_of_the_settings(
    tmp_path: Path, written: str, said: str
) -> None:
    """The client's own way of reading them never ends without a JWT."""
    file = tmp_path / "user.creds"
    file.write_bytes(written.encode())
    with pytest.raises(ConfigurationError, match=said):
        await connect("nats://127.0.0.1:9", str(file), 0.3)
    with pytest.raises(ConfigurationError, match=said):
        await NatsSink("nats://127.0.0.1:9", credentials=str(file)).__aenter__()


async def test_credentials_that_are_whole_are_tried(tmp_path: Path) -> None:
    file = tmp_path / "user.creds"
    file.write_text(JWT + "\nIMPORTANT: keep it\n\n" + SEED)
    with pytest.raises((Unavailable, ConfigurationError), match=r"nkeys|cannot be reached"):
        await connect("nats://127.0.0.1:9", str(file), 0.3)


class Server:
    """One that asks who comes, and believes them."""

    def __init__(self) -> None:
        self.url = ""
        self.came = asyncio.Queue[None]()
        self.writer: asyncio.StreamWriter
        self.logins = asyncio.Queue[dict[str, Any]]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.put_nowait(None)
        self.writer = writer
        writer.write(b'INFO {"nonce":"once","auth_required":true,"max_payload":9999}\r\n')
        with suppress(OSError):
            while line := await reader.readline():
                if line.startswith(b"CONNECT "):
                    self.logins.put_nowait(json.loads(line.removeprefix(b"CONNECT ")))
                if line.startswith(b"PING"):
                    writer.write(b"PONG\r\n")
        writer.transport.abort()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server, serving = Server(), set[asyncio.Task[None]]()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(server.serve(reader, writer)))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        server.url = f"nats://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server
    # Whoever came has left.
    async with asyncio.timeout(10):
        await asyncio.gather(*serving)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    pytest.importorskip("nkeys")
    file = tmp_path / "user.creds"
    file.write_text(JWT + SEED)
    return file


def put(said: str | None, file: Path) -> None:
    if said is None:
        file.unlink()
    else:
        file.write_text(said)


@pytest.mark.parametrize("damaged", ["", SEED, JWT, "-----BEGIN NATS USER JWT-----", None])
async def test_a_file_that_is_damaged_for_a_while_is_read_when_it_is_whole(
    server: Server, file: Path, damaged: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """While the connection comes back, too, the client would look for a JWT for ever."""
    client = await connect(server.url, str(file), 5)
    try:
        first = await server.logins.get()
        put(damaged, file)
        with caplog.at_level("INFO"):
            server.writer.close()
            async with asyncio.timeout(10):
                # Not once alone: whoever gives up does not come again.
                for _ in range(4):
                    await server.came.get()
        assert not client.is_connected
        said = f"{file} holds no" if damaged is not None else "No such file"
        assert said in caplog.text
        put(JWT + SEED, file)
        async with asyncio.timeout(10):
            assert await server.logins.get() == first
    finally:
        async with asyncio.timeout(10):
            await disconnect(client)
    assert first["jwt"] == "eyJ0.eyJq.c2ln"
    assert "SU" + "A" * 56 not in caplog.text


async def test_who_waits_for_the_connection_is_told_of_a_damaged_file(
    server: Server, file: Path
) -> None:
    link = Link(NatsSettings(url=server.url, credentials=str(file), timeout=0.5))
    await link.open()
    try:
        put(SEED, file)
        server.writer.close()
        with pytest.raises(Unavailable, match=r"cannot be reached: .* holds no JWT of a user"):
            await link.api("INFO")
    finally:
        async with asyncio.timeout(10):
            await link.aclose()


async def test_a_connection_that_comes_back_while_it_is_closed_stays_closed(server: Server) -> None:
    client = await connect(server.url, None, 5)
    await server.logins.get()
    server.writer.close()
    await server.logins.get()
    async with asyncio.timeout(10):
        await disconnect(client)
    assert client.is_closed
