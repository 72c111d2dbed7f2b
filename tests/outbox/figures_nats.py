"""Figures of the outbox over NATS JetStream, beside SQLite and PostgreSQL in the same minutes:
ratios count, not rates. With and without ``sync_interval: always``; and the server's memory.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path

from devino_core import ChannelSettings, Message
from devino_core.outbox import Entry, Lane, Move, Outbox, Phase, Slot, Want, Worker
from devino_core.outbox._life import sent
from devino_core.testing._store_case import an_entry

from ._world import Client
from .figures import TEXT, Null, say
from .figures_postgres import produced
from .nats_server import NatsServer, nats_started
from .server import started

LANE = Lane("wire")
Fresh = Callable[[], str]
"""The URL of a new outbox."""


async def adds(name: str, fresh: Fresh, producers: int, number: int) -> None:
    """One at a time, by so many at once."""
    async with Outbox(fresh()) as outbox:

        async def add(_: int) -> None:
            await outbox.enqueue(Message("79031234567", TEXT), channel="wire")

        await produced(f"{name}: add", producers, number, add)


async def adds_together(name: str, fresh: Fresh, number: int) -> None:
    async with Outbox(fresh()) as outbox:
        began = time.perf_counter()
        for _ in range(number // 1000):
            messages = [Message("79031234567", TEXT) for _ in range(1000)]
            await outbox.enqueue_many(messages, channel="wire")
        say(f"{name}: add, 1,000 at a time", number, time.perf_counter() - began)


async def claims_and_moves(name: str, fresh: Fresh, number: int) -> None:
    """Claims of 100, then receipts with events, 500 in flight."""
    async with Outbox(fresh()) as outbox:
        store = outbox.store
        now = await store.now()
        await store.add([an_entry(f"{n:09}", now, LANE) for n in range(number)])
        worker = await store.beat(None, timedelta(seconds=300))
        want = Want(worker=worker, slots=(Slot(LANE, 100),), limit=100)
        entries: list[Entry] = []
        times = []
        while len(entries) < number:
            began = time.perf_counter()
            entries += await store.claim(want)
            times.append(time.perf_counter() - began)
        times.sort()
        middle, late = times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3
        more = f"p50 {middle:.1f} ms, p99 {late:.1f} ms"
        say(f"{name}: claim of 100", len(entries), sum(times), more)
        left = iter(await _moves(entries))

        async def tell() -> None:
            for move in left:
                await store.move([move])

        began = time.perf_counter()
        await asyncio.gather(*[tell() for _ in range(500)])
        say(f"{name}: receipt with event", number, time.perf_counter() - began)


async def _moves(entries: Sequence[Entry]) -> list[Move]:
    channel = Null(ChannelSettings(), name="wire")
    moves = []
    for entry in entries:
        body = entry.read()
        message = body.legs[0].message
        # Its id is its ref, and no two have one.
        (receipt,) = await channel.send([Message(message.to, message.content, ref=entry.ref)])
        moves.append(sent(entry, body, receipt, entry.due, timedelta(hours=48)))
    return moves


async def life(name: str, fresh: Fresh, number: int) -> None:
    """Add, claim, receipt: with a null wire."""
    channel = Null(ChannelSettings(), name="wire")
    pace = {"wire": {"in_flight": 500, "bulk_share": 1}}
    async with Outbox(fresh(), settings={"channels": pace, "poll": 0.05}) as outbox:
        began = time.perf_counter()
        async with Worker(outbox, Client(channel)):
            for _ in range(number // 50):
                messages = [Message("79031234567", TEXT) for _ in range(50)]
                await outbox.enqueue_many(messages, channel="wire")
            while True:
                counts = list((await outbox.tally()).counts.values())
                # The store in NATS does not count what is done; it is SENT for five seconds.
                gone = sum(one.get(Phase.SENT, 0) + one.get(Phase.DONE, 0) for one in counts)
                left = sum(one.get(Phase.QUEUED, 0) + one.get(Phase.INTENDED, 0) for one in counts)
                if gone >= number or not left:
                    break
                await asyncio.sleep(0.05)
        say(f"{name}: add, claim, send, receipt and event", number, time.perf_counter() - began)


async def memory(server: NatsServer, number: int) -> None:
    """What the server and a worker hold of each message that waits."""
    async with Outbox(server.outbox()) as outbox:
        store = outbox.store
        await store.add([an_entry("warm", await store.now(), LANE)])
        before, own = server.memory(), _own()
        for start in range(0, number, 10_000):
            now = await store.now()
            await store.add([an_entry(f"{start + n:012}", now, LANE) for n in range(10_000)])
        after = server.memory()
        each = (after - before) * 1024 * 1024 / number
        print(f"server, {number:,} queued: {after:,.0f} MiB, {each:,.0f} bytes each", flush=True)
        tally = await store.tally()
        disk = tally.gauges["stream_bytes"] / number
        worker = (_own() - own) * 1024 * 1024 / number
        print(f"stream: {disk:,.0f} bytes each; a worker's index: {worker:,.0f}", flush=True)


def _own() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--scale", type=float, default=1.0, help="less for a quick look")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        started(autovacuum="on", shared_buffers="256MB", max_connections="100") as postgres,
        nats_started() as default,
        nats_started(always=True) as always,
    ):
        numbers = count()
        stores: dict[str, Fresh] = {
            "sqlite": lambda: f"sqlite:{Path(folder) / f'{next(numbers)}.db'}",
            "postgresql": postgres.database,
            "nats": default.outbox,
            "nats, always": always.outbox,
        }

        def scaled(number: int) -> int:
            return max(1000, int(number * given.scale) // 1000 * 1000)

        for _ in range(given.rounds):
            for producers, number in ((1, 200), (16, 2000), (256, 10_000)):
                for name, fresh in stores.items():
                    asyncio.run(adds(name, fresh, producers, max(200, int(number * given.scale))))
            for name, fresh in stores.items():
                asyncio.run(adds_together(name, fresh, scaled(20_000)))
            for name, fresh in stores.items():
                asyncio.run(claims_and_moves(name, fresh, scaled(5000)))
            for name, fresh in stores.items():
                asyncio.run(life(name, fresh, scaled(5000)))
        asyncio.run(memory(default, given.queued))


if __name__ == "__main__":
    main()
