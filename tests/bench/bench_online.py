"""devino-online, the plugin among the examples: sends against bare aiohttp, which posts the same
chunks to the same server."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from devino_core import AsyncClient, Message, Plugins
from tests.bench._canned_online import canned_server
from tests.bench.conftest import Table

PLUGIN = Path(__file__).parents[2] / "docs" / "examples" / "devino-online"
MESSAGES = 10_000
CHUNK = 1000
AT_ONCE = 8
HEADERS = {"Content-Type": "application/json", "Authorization": "Key k"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with canned_server() as port:
        yield port


def test_sends_in_chunks(compare: Table, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bodies, by a client and by a session that are open already."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    url = f"http://127.0.0.1:{port}"
    config = {"online-sms": {"key": "k", "sender": "DEVINO", "base_url": url}}
    plugins = Plugins(environ={"DEVINO_PLUGINS": "devino_online"})
    client = AsyncClient(config, plugins=plugins)
    numbers = [f"7903{n:07}" for n in range(MESSAGES)]
    messages = [Message(number, "Hello") for number in numbers]

    async def devino() -> None:
        receipts = await client.send_many(messages)
        assert all(receipt.ids and receipt.parts for receipt in receipts)

    async def bare(loads: Callable[[bytes], object], dumps: Callable[[object], bytes]) -> None:
        starts = iter(range(0, MESSAGES, CHUNK))

        async def post() -> None:
            for start in starts:
                lot = numbers[start : start + CHUNK]
                body = {"messages": [{"from": "DEVINO", "to": it, "text": "Hello"} for it in lot]}
                async with session.post(
                    f"{url}/sms/messages?includeSegmentId=true", data=dumps(body), headers=HEADERS
                ) as response:
                    answer = loads(await response.read())
                assert isinstance(answer, dict)
                assert all(it["code"] == "OK" and it["messageId"] for it in answer["result"])

        await asyncio.gather(*[post() for _ in range(AT_ONCE)])

    def text(body: object) -> bytes:
        return json.dumps(body).encode()

    with asyncio.Runner() as runner:
        session = runner.run(_session())
        runner.run(client.open())
        try:
            compare(
                f"{MESSAGES} messages of online-sms in chunks of {CHUNK}, CPU",
                lambda: runner.run(devino()),
                {
                    "bare aiohttp, json": lambda: runner.run(bare(json.loads, text)),
                    "bare aiohttp, msgspec": lambda: runner.run(
                        bare(msgspec.json.decode, msgspec.json.encode)
                    ),
                },
                rounds=15,
                clock=time.process_time,
            )
        finally:
            runner.run(client.aclose())
            runner.run(session.close())
    assert "devino_online.channel" in sys.modules


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()
