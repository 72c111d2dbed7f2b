"""Messengers: callbacks against bare typed msgspec, and sends against bare aiohttp.

Each contender reads the same bytes, or posts the same bodies to the same server, which answers
every message with an id.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import msgspec
import pytest

from devino_codecs import viber, vk
from devino_core import AsyncClient, Event, Medium, Message, Plugins, Secret
from devino_core.callbacks import CallbackRequest, Callbacks
from tests.bench._canned_messengers import canned_server
from tests.bench.conftest import Table
from tests.core._callbacks import SECRET

ITEMS = 1000
REQUESTS = 5000
MESSAGES = 10_000
CHUNK = 100


class ViberItem(msgspec.Struct, frozen=True, rename="camel"):
    id: int
    received_at: str
    status: str
    error_code: str | None = None


class VkItem(msgspec.Struct, frozen=True, rename="camel"):
    message_id: int
    status: str
    received_at: str
    error: str = ""


NUMBERS = itertools.count(3158611117333282816)


def viber_items(count: int) -> bytes:
    return msgspec.json.encode(
        [
            {
                "id": next(NUMBERS),
                "receivedAt": "1527861323068",
                "status": "UNDELIVERED",
                "errorCode": "USER_BLOCKED",
            }
            for _ in range(count)
        ]
    )


def vk_items(count: int) -> bytes:
    return msgspec.json.encode(
        [
            {
                "messageId": next(NUMBERS),
                "status": "DELIVERED",
                "receivedAt": "2017-05-31 14:51:12",
                "error": "Доставлено",
            }
            for _ in range(count)
        ]
    )


CALLBACKS: dict[str, tuple[Callable[[bytes], object], type, bytes]] = {
    "viber": (viber.decode_callback, list[ViberItem], viber_items(ITEMS)),
    "vk": (vk.decode_callback, list[VkItem], vk_items(ITEMS)),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_callback_of_1000_items(compare: Table, name: str) -> None:
    decode, of, body = CALLBACKS[name]
    bare: Callable[[bytes], object] = msgspec.json.Decoder(of).decode
    group = f"decode_callback of {name}, {ITEMS} items"
    compare(group, lambda: decode(body), {"bare msgspec": lambda: bare(body)}, rounds=41, number=10)
    took = next(row[2] for row in reversed(compare.rows) if row[:2] == (group, "devino"))
    compare.note(f"{group}: {ITEMS / took:,.0f} items a second")


def test_requests_of_one_item(compare: Table) -> None:
    plugins = Plugins(environ={})
    bodies = [viber_items(1) for _ in range(REQUESTS)]
    path = f"/{SECRET}/viber"
    decode = msgspec.json.Decoder(list[ViberItem]).decode

    async def take(event: Event) -> None:
        """Nothing that takes time."""

    async def handle() -> None:
        callbacks = Callbacks(take, [plugins.callback_spec("viber")], secrets=[Secret(SECRET)])
        for body in bodies:
            answer = await callbacks.handle(CallbackRequest(method="POST", path=path, body=body))
            assert answer.status == 200

    async def bare() -> None:
        for body in bodies:
            for item in decode(body):
                await take(item)  # type: ignore[arg-type]

    group = "handle of viber, one item a request"
    compare(group, lambda: asyncio.run(handle()), {"bare msgspec": lambda: asyncio.run(bare())})
    took = next(row[2] for row in reversed(compare.rows) if row[:2] == (group, "devino"))
    compare.note(f"{group}: {REQUESTS / took:,.0f} requests a second")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with canned_server() as port:
        yield port


def test_sends_in_chunks(compare: Table, port: int) -> None:
    """The same bodies, by a client and by sessions that are open already."""
    url = f"http://127.0.0.1:{port}"
    config = {"viber": {"login": "me", "password": "p", "sender": "DEVINO", "base_url": url}}
    client = AsyncClient(config, plugins=Plugins(environ={}))

    numbers = [f"7903{n:07}" for n in range(MESSAGES)]
    messages = [Message(number, "Hello", medium=Medium.VIBER) for number in numbers]

    async def devino() -> None:
        receipts = await client.send_many(messages)
        assert all(receipt.ids for receipt in receipts)

    async def bare(loads: Callable[[bytes], object], dumps: Callable[[object], bytes]) -> None:
        async def post(start: int) -> None:
            body = {
                "resendSms": "false",
                "messages": [
                    {
                        "subject": "DEVINO",
                        "priority": "normal",
                        "validityPeriodSec": 86400,
                        "type": "viber",
                        "contentType": "text",
                        "content": {"text": "Hello"},
                        "address": number,
                    }
                    for number in numbers[start : start + CHUNK]
                ],
            }
            async with session.post(f"{url}/send", data=dumps(body), headers=HEADERS) as response:
                answer = loads(await response.read())
            assert isinstance(answer, dict)
            assert all(each["providerId"] for each in answer["messages"])

        await _drain([lambda n=n: post(n) for n in range(0, MESSAGES, CHUNK)], 8)  # type: ignore[misc]

    def text(body: object) -> bytes:
        return json.dumps(body).encode()

    with asyncio.Runner() as runner:
        session = runner.run(_session())
        runner.run(client.open())
        try:
            compare(
                f"{MESSAGES} Viber messages in chunks of {CHUNK}, CPU",
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


HEADERS = {"Content-Type": "application/json", "Authorization": "Basic bWU6cA=="}


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


async def _drain(work: list[Callable[[], Awaitable[None]]], at_once: int) -> None:
    waiting = iter(work)

    async def worker() -> None:
        for one in waiting:
            await one()

    await asyncio.gather(*[worker() for _ in range(at_once)])


def test_import(compare: Table) -> None:
    def start(module: str, table: str) -> Callable[[], object]:
        command = [sys.executable, "-c", f"from {module} import {table}"]
        return lambda: subprocess.run(command, check=True)

    group = "import devino_codecs.viber"
    ratios = compare(
        group,
        start("devino_codecs.viber", "API"),
        {"devino_codecs.rest": start("devino_codecs.rest", "V1")},
        rounds=21,
    )
    took = next(row[2] for row in reversed(compare.rows) if row[:2] == (group, "devino"))
    beyond = took - took * ratios["devino_codecs.rest"]
    compare.note(f"{group}: {beyond * 1e3:+.1f} ms beside devino_codecs.rest")
