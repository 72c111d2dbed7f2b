"""Sending XML packages against aiohttp with ElementTree or lxml doing the same, and memory."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from lxml import etree

from devino_core import AsyncClient, Message, Plugins, Receipt
from tests.bench._canned_packages import canned_packages
from tests.bench.conftest import Table

COUNT, SIZE = 20_000, 1000
TEXT = "Ваш код 123456. Никому его не сообщайте"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with canned_packages() as port:
        yield port


def _client(port: int) -> AsyncClient:
    settings = {"login": "me", "password": "secret", "sender": "DEVINO"}
    base = f"http://127.0.0.1:{port}"
    return AsyncClient({"xml": {**settings, "base_url": base}}, plugins=Plugins(environ={}))


def _messages(count: int) -> Iterator[Message]:
    return (Message(f"7903{n:07}", TEXT, ref=str(n + 1)) for n in range(count))


async def _through_devino(port: int) -> list[Receipt]:
    async with _client(port) as client:
        return await client.send_many(_messages(COUNT))


async def _by_hand(port: int, xml: Any) -> dict[int, tuple[int, int]]:
    """The same packages, eight at a time; id and code of the platform by the caller's id."""
    known: dict[int, tuple[int, int]] = {}
    starts = iter(range(0, COUNT, SIZE))
    async with aiohttp.ClientSession() as session:

        async def work() -> None:
            for start in starts:
                root = xml.Element("package", login="me", password="secret")
                message = xml.SubElement(root, "message")
                for n in range(start, start + SIZE):
                    row = xml.SubElement(
                        message, "msg", id=str(n + 1), recipient=f"7903{n:07}", sender="DEVINO"
                    )
                    row.text = TEXT
                body = xml.tostring(root, encoding="utf-8")
                url = f"http://127.0.0.1:{port}/Send.ashx"
                async with session.post(url, data=body) as response:
                    for row in xml.fromstring(await response.read()).iter("msg"):
                        known[int(row.get("id"))] = int(row.get("sms_id")), int(row.text)

        await asyncio.gather(*[work() for _ in range(8)])
    assert len(known) == COUNT
    return known


def test_packages_of_1000(compare: Table, port: int) -> None:
    compare(
        f"xml: {COUNT} messages sent, packages of {SIZE}, CPU",
        lambda: asyncio.run(_through_devino(port)),
        {
            "aiohttp+ElementTree": lambda: asyncio.run(_by_hand(port, ET)),
            "aiohttp+lxml": lambda: asyncio.run(_by_hand(port, etree)),
        },
        rounds=5,
        clock=time.process_time,
    )


@pytest.mark.parametrize("count", [10_000, 100_000])
def test_memory_of_a_stream(compare: Table, port: int, count: int) -> None:
    async def send() -> int:
        async with _client(port) as client:
            return sum([1 async for _ in client.send_stream(_messages(count))])

    tracemalloc.start()
    assert asyncio.run(send()) == count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    compare.note(f"xml: {count} messages streamed: peak {peak / 2**20:.1f} MiB of Python memory")
