"""Sending over REST against bare aiohttp doing the same POSTs, and a bulk's memory."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Iterator
from urllib.parse import urlencode

import aiohttp
import pytest

from devino_core import AsyncClient, Message
from devino_core.plugins import Plugins
from tests.bench._canned_http import canned_server
from tests.bench.conftest import Table

SENDS = 10_000
CONCURRENCY = 32


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with canned_server() as port:
        yield port


def _config(port: int, kind: str = "rest") -> dict[str, dict[str, object]]:
    base = f"http://127.0.0.1:{port}/rest" + ("/v2" if kind == "rest-v2" else "")
    return {kind: {"login": "me", "password": "secret", "sender": "DEVINO", "base_url": base}}


async def _drain(work: Iterator[object]) -> None:
    async def worker() -> None:
        for item in work:
            await item  # type: ignore[misc]

    await asyncio.gather(*[worker() for _ in range(CONCURRENCY)])


async def _through_devino(port: int, kind: str) -> None:
    async with AsyncClient(_config(port, kind), plugins=Plugins(environ={})) as client:
        await _drain(client.send(Message(f"7903{n:07}", "Hello")) for n in range(SENDS))


async def _through_aiohttp(port: int, kind: str) -> None:
    secret = {"SessionID": "A" * 36} if kind == "rest" else {"Login": "me", "Password": "secret"}
    url = f"http://127.0.0.1:{port}/rest/Sms/Send"
    async with aiohttp.ClientSession() as session:

        async def post(number: int) -> object:
            form = {
                **secret,
                "SourceAddress": "DEVINO",
                "DestinationAddress": f"7903{number:07}",
                "Data": "Hello",
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            async with session.post(url, data=urlencode(form), headers=headers) as response:
                return await response.json()

        await _drain(post(n) for n in range(SENDS))


@pytest.mark.parametrize("kind", ["rest", "rest-v2"])
def test_single_sends(compare: Table, port: int, kind: str) -> None:
    compare(
        f"{SENDS} sends of {kind} at {CONCURRENCY}, CPU",
        lambda: asyncio.run(_through_devino(port, kind)),
        {"bare aiohttp": lambda: asyncio.run(_through_aiohttp(port, kind))},
        rounds=5,
        clock=time.process_time,
    )


@pytest.mark.parametrize("count", [10_000, 100_000])
def test_memory_of_a_bulk(compare: Table, port: int, count: int) -> None:
    async def send() -> int:
        messages = (Message(f"7903{n:07}", "Hello") for n in range(count))
        async with AsyncClient(_config(port), plugins=Plugins(environ={})) as client:
            return sum([1 async for _ in client.send_stream(messages)])

    tracemalloc.start()
    assert asyncio.run(send()) == count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    compare.note(f"bulk of {count} recipients: peak {peak / 2**20:.1f} MiB of Python memory")
