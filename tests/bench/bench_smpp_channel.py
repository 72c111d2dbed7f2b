"""Messages through the SMPP channel, against the bare session and smpp34 (Rust).

The channel gets messages as an application makes them: each has its own text and recipient. It
checks and encodes every one of them. The session and smpp34 are given ready octets.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest

from devino_core import AsyncClient, Message, StatusChanged
from devino_core.plugins import Plugins
from devino_core.settings import convert_settings
from tests.bench._canned_smpp import canned_centre
from tests.bench._smpp_peers import BODY, LOOPS, MESSAGES, by_smpp34, ours
from tests.bench.conftest import Table

CLOCKS = {"elapsed": time.perf_counter, "CPU": time.process_time}
TEXT = BODY.decode("utf-16-be")
# To look for plugins is a program's start, as an import is.
PLUGINS = Plugins(environ={})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with canned_centre() as port:
        yield port


@pytest.fixture(scope="module")
def port_with_receipts() -> Iterator[int]:
    with canned_centre(receipts=True) as port:
        yield port


def settings(port: int) -> Mapping[str, object]:
    return {
        "login": "me",
        "password": "secret",
        "sender": "DEVINO",
        "hosts": f"127.0.0.1:{port}",
        "tls": False,
        "bind": "transceiver",
        "window": 100,
    }


@asynccontextmanager
async def client(port: int) -> AsyncIterator[AsyncClient]:
    async with AsyncClient({"smpp": settings(port)}, plugins=PLUGINS) as opened:
        yield opened


def messages(count: int) -> Iterator[Message]:
    return (Message(f"7916{n:07}", f"{n:07}{TEXT[7:]}") for n in range(count))


async def by_channel(port: int) -> None:
    spec = PLUGINS.channel_spec("smpp")
    converted = convert_settings(settings(port), spec.settings, name="smpp")
    async with PLUGINS.load(spec)(converted, name="smpp") as channel:
        for receipt in await channel.send(list(messages(MESSAGES))):
            assert receipt.ids


async def by_client(port: int) -> None:
    async with client(port) as opened:
        for receipt in await opened.send_many(messages(MESSAGES)):
            assert receipt.ids


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("loop", LOOPS)
def test_all_at_once(compare: Table, port: int, loop: str, clock: str) -> None:
    pytest.importorskip("smpp34")
    run = LOOPS[loop]
    compare(
        f"{MESSAGES} through the channel, window 100, {loop}, {clock}",
        lambda: run(by_channel(port)),
        {
            "client": lambda: run(by_client(port)),
            "bare session": lambda: run(ours(port, 100)),
            "smpp34": lambda: run(by_smpp34(port, 100)),
        },
        rounds=7,
        clock=CLOCKS[clock],
    )


@pytest.mark.timeout(900)
def test_memory_over_a_million_messages(compare: Table, port_with_receipts: int) -> None:
    peaks: dict[int, int] = {}

    async def run() -> None:
        async with client(port_with_receipts) as opened, asyncio.TaskGroup() as group:

            async def listen() -> None:
                heard = 0
                async for event in opened.events():
                    heard += isinstance(event, StatusChanged)
                    if heard == 1_000_000:
                        return

            group.create_task(listen())
            sent = 0
            async for _ in opened.send_stream(messages(1_000_000)):
                sent += 1
                if sent % 100_000 == 0:
                    peaks[sent] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    asyncio.run(run())
    compare.note(
        "peak memory over a million messages, each with a receipt: "
        + ", ".join(f"{sent:,}: {peak // 1024} MiB" for sent, peak in peaks.items())
    )
