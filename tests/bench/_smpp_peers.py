"""The same work for several SMPP clients: to send ``submit_sm`` and await each answer.

Named peers: smpp34, whose sessions are Rust under asyncio, and smpplib, which is blocking Python.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import pytest

from devino_codecs.smpp import SubmitSm
from devino_plugins.smpp import SmppSession, connect

__all__ = ["BODY", "LOOPS", "MESSAGES", "Run", "by_smpp34", "by_smpplib", "ours"]

MESSAGES = 10_000
BODY = ("Привет, мир! " * 6)[:70].encode("utf-16-be")
Work = Callable[[], Coroutine[Any, Any, None]]
Run = Callable[[Coroutine[Any, Any, None]], None]


def on_uvloop(work: Coroutine[Any, Any, None]) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


LOOPS: dict[str, Run] = {"asyncio": asyncio.run, "uvloop": on_uvloop}


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
