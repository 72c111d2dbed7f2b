"""How many sends a second the sandbox takes over REST, against a bare Starlette on uvicorn.

``BASE=path pytest`` with this file adds the sandbox of another checkout.
"""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.bench._process import running
from tests.bench._rest_servers import LOGIN, PASSWORD
from tests.bench.conftest import Table

SENDS, CONNECTIONS = 10_000, 200
BASE = os.environ.get("BASE")
LIVES = int(os.environ.get("LIVES", "5"))
"""The same program differs by a tenth from process to process: where its memory lies."""
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


def _sends(port: int) -> None:
    asyncio.run(_send(port))


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
        partial(_sends, ports["sandbox"]),
        {
            "bare Starlette": partial(_sends, ports["starlette"]),
            "remembering no calls": partial(_sends, ports["no-journal"]),
        },
        rounds=5,
    )


@pytest.mark.skipif(BASE is None, reason="BASE names no checkout to compare with")
def test_sends_against_another_checkout(compare: Table) -> None:
    base, servers = Path(BASE or "").resolve(), "tests.bench._rest_servers"
    lives = []
    for life in range(LIVES):
        with running(servers, "sandbox") as now, running(servers, "sandbox", checkout=base) as then:
            ratios = compare(
                f"{SENDS} sends to the sandbox, life {life + 1}",
                partial(_sends, now),
                {"base": partial(_sends, then)},
                rounds=5,
            )
        lives.append(ratios["base"])
    compare.note(f"sends a second to the sandbox: {statistics.median(lives):.2f} times the base's")
