"""Sending over SMPP end to end, each answer awaited, against a centre in a process of its own.

Named peers: smpp34, whose sessions are Rust under asyncio, and smpplib, which is blocking Python.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import resource
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from devino_codecs.smpp import SubmitSm
from devino_core import AsyncClient, Message, StatusChanged
from devino_core.plugins import Plugins
from devino_plugins.smpp import SmppSession, connect
from tests.bench._canned_smpp import canned_centre
from tests.bench.conftest import Table

MESSAGES = 10_000
BODY = ("Привет, мир! " * 6)[:70].encode("utf-16-be")
Work = Callable[[], Coroutine[Any, Any, None]]
Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with canned_centre() as port:
        yield port


@pytest.fixture(scope="module")
def port_with_receipts() -> Iterator[int]:
    with canned_centre(receipts=True) as port:
        yield port


async def all_at_once(workers: int, work: Work, *others: Work) -> None:
    async with asyncio.TaskGroup() as group:
        for each in itertools.chain(itertools.repeat(work, workers), others):
            group.create_task(each())


async def ours(port: int, window: int, *, receipts: bool = False) -> None:
    async with connect(
        "127.0.0.1", port, system_id="me", password="secret", window=window, tls=False
    ) as session:
        left = iter(range(MESSAGES))

        async def send() -> None:
            for _ in left:
                answer = await session.request(
                    SubmitSm(
                        source_addr="DEVINO",
                        source_addr_ton=5,
                        source_addr_npi=1,
                        destination_addr="79161234567",
                        dest_addr_ton=1,
                        dest_addr_npi=1,
                        data_coding=8,
                        registered_delivery=1,
                        short_message=BODY,
                    )
                )
                assert answer.message_id

        await all_at_once(window, send, *([partial(read, session)] if receipts else []))


async def read(session: SmppSession) -> None:
    count = 0
    async for _ in session:
        count += 1
        if count == MESSAGES:
            return


async def by_smpp34(port: int, window: int, *, receipts: bool = False) -> None:
    smpp34 = pytest.importorskip("smpp34")
    client = smpp34.Client(
        "127.0.0.1",
        port,
        "me",
        "secret",
        bind_type="TRX",
        window_size=window,
        inbound_capacity=MESSAGES,
    )
    session = await client.connect()
    left = iter(range(MESSAGES))

    async def send() -> None:
        for _ in left:
            answer = await session.submit_sm(
                "79161234567",
                BODY,
                source_addr="DEVINO",
                source_addr_ton=5,
                source_addr_npi=1,
                dest_addr_ton=1,
                dest_addr_npi=1,
                data_coding=8,
                registered_delivery=1,
            )
            assert answer.message_id

    async def read() -> None:
        for _ in range(MESSAGES):
            await session.next()

    await all_at_once(window, send, *([read] if receipts else []))
    await session.unbind()
    await client.stop()


def by_smpplib(port: int, window: int, *, receipts: bool = False) -> None:
    client_module = pytest.importorskip("smpplib.client")
    client = client_module.Client("127.0.0.1", port, allow_unknown_opt_params=True)
    client.logger.setLevel(logging.CRITICAL)
    client.connect()
    client.bind_transceiver(system_id="me", password="secret")
    sent = itertools.count()
    answered = itertools.count(1)
    delivered = itertools.count(1)
    counts = {"sent": 0, "answered": 0, "delivered": 0 if receipts else MESSAGES}

    def count(name: str, counter: Iterator[int]) -> Callable[..., None]:
        return lambda pdu: counts.update({name: next(counter)})

    client.set_message_sent_handler(count("answered", answered))
    client.set_message_received_handler(count("delivered", delivered))
    while counts["answered"] < MESSAGES or counts["delivered"] < MESSAGES:
        while counts["sent"] < min(MESSAGES, counts["answered"] + window):
            client.send_message(
                source_addr="DEVINO",
                source_addr_ton=5,
                source_addr_npi=1,
                destination_addr="79161234567",
                dest_addr_ton=1,
                dest_addr_npi=1,
                data_coding=8,
                registered_delivery=True,
                short_message=BODY,
            )
            counts["sent"] = next(sent) + 1
        client.read_once()
    client.unbind()
    client.disconnect()


def on_uvloop(work: Coroutine[Any, Any, None]) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


LOOPS: dict[str, Run] = {"asyncio": asyncio.run, "uvloop": on_uvloop}


@pytest.mark.parametrize("window", [100, 10])
@pytest.mark.parametrize("loop", LOOPS)
def test_each_answer_awaited(compare: Table, port: int, window: int, loop: str) -> None:
    _compare(compare, f"{MESSAGES} submits, window {window}, {loop}", port, window, LOOPS[loop])


@pytest.mark.parametrize("loop", LOOPS)
def test_with_a_receipt_for_each(compare: Table, port_with_receipts: int, loop: str) -> None:
    title = f"{MESSAGES} submits and receipts, window 100, {loop}"
    _compare(compare, title, port_with_receipts, 100, LOOPS[loop], receipts=True)


def _compare(
    compare: Table, title: str, port: int, window: int, run: Run, *, receipts: bool = False
) -> None:
    pytest.importorskip("smpp34")
    pytest.importorskip("smpplib")
    compare(
        title,
        lambda: run(ours(port, window, receipts=receipts)),
        {
            "smpp34": lambda: run(by_smpp34(port, window, receipts=receipts)),
            "smpplib": lambda: by_smpplib(port, window, receipts=receipts),
        },
        rounds=5,
    )


@asynccontextmanager
async def client(port: int) -> AsyncIterator[AsyncClient]:
    settings = {
        "login": "me",
        "password": "secret",
        "sender": "DEVINO",
        "hosts": f"127.0.0.1:{port}",
        "tls": False,
        "bind": "transceiver",
        "window": 100,
    }
    async with AsyncClient({"smpp": settings}, plugins=Plugins(environ={})) as opened:
        yield opened


def messages(count: int) -> Iterator[Message]:
    text = BODY.decode("utf-16-be")
    return (Message("79161234567", text) for _ in range(count))


async def through_the_channel(port: int) -> None:
    async with client(port) as opened:
        for receipt in await opened.send_many(messages(MESSAGES)):
            assert receipt.ids


def test_through_the_channel(compare: Table, port: int) -> None:
    pytest.importorskip("smpp34")
    compare(
        f"{MESSAGES} messages through the channel, window 100",
        lambda: asyncio.run(through_the_channel(port)),
        {"smpp34": lambda: asyncio.run(by_smpp34(port, 100))},
        rounds=5,
    )


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
