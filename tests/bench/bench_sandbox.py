"""How many sends a second the sandbox takes over REST, against a bare Starlette on uvicorn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.bench._process import running
from tests.bench._rest_servers import LOGIN, PASSWORD
from tests.bench.conftest import Table

SENDS, CONNECTIONS = 10_000, 200
BODY = (
    f"Login={LOGIN}&Password={PASSWORD}&SourceAddress=DEVINO"
    "&DestinationAddress=79161234567&Data=Hello"
).encode()
REQUEST = (
    b"POST /rest/v2/Sms/Send HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s"
    % (len(BODY), BODY)
)


class _Client(asyncio.Protocol):
    """Sends again whenever an answer is there; that is cheaper than any server."""

    def __init__(self, sends: int) -> None:
        self._left = sends
        self._answer = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b'"]'):
            return
        assert self._answer.startswith(b"HTTP/1.1 200"), self._answer
        self._answer = b""
        self._left -= 1
        if self._left:
            self._transport.write(REQUEST)
        else:
            self._transport.close()
            self.done.set_result(None)


async def _send(port: int) -> None:
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: _Client(SENDS // CONNECTIONS), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*[client.done for client in clients])


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running("tests.bench._rest_servers", name))
            for name in ("sandbox", "no-journal", "starlette")
        }


def test_sends_over_rest(compare: Table, ports: dict[str, int]) -> None:
    compare(
        f"{SENDS} sends to the sandbox at {CONNECTIONS} connections",
        lambda: asyncio.run(_send(ports["sandbox"])),
        {
            "bare Starlette": lambda: asyncio.run(_send(ports["starlette"])),
            "remembering no calls": lambda: asyncio.run(_send(ports["no-journal"])),
        },
        rounds=5,
    )
