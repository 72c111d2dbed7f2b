"""Figures of the outbox over PostgreSQL, beside procrastinate and pgqueuer in the same minutes, on
one server: ratios count, not rates. Peers that are not installed are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import psycopg
from msgspec.structs import replace

from devino_core import ChannelSettings, Message
from devino_core.outbox import Lane, Move, Outbox, Phase, Slot, Want
from devino_core.testing._store_case import an_entry

from .figures import PACE, TEXT, Null, beside, live, say, say_ratio
from .server import Server, started

LANE = Lane("wire")


async def produced(
    what: str, producers: int, count: int, add: Callable[[int], Awaitable[object]]
) -> float:
    """Additions one at a time, by so many at once."""
    waits: list[float] = []

    async def produce(which: int) -> None:
        for _ in range(count // producers):
            began = time.perf_counter()
            await add(which)
            waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*[produce(which) for which in range(producers)])
    took = time.perf_counter() - began
    waits.sort()
    middle, late = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    more = f"p50 {middle * 1e3:.1f} ms, p99 {late * 1e3:.1f} ms"
    return say(f"{what}, {producers} producers", len(waits), took, more)


async def adds(server: Server, producers: int, count: int, *, grouped: bool) -> float:
    """``grouped``: by one connection; else each addition has a commit, over 16 connections."""
    settings: dict[str, object] = {"schema": server.schema()}
    if not grouped:
        settings["group_max"] = 1
    async with AsyncExitStack() as stack:
        outboxes = [
            await stack.enter_async_context(Outbox(server.url, settings=settings))
            for _ in range(1 if grouped else min(producers, 16))
        ]

        async def add(which: int) -> None:
            outbox = outboxes[which % len(outboxes)]
            await outbox.enqueue(Message("79031234567", TEXT), channel="wire")

        what = "add, grouped" if grouped else "add, a commit each"
        return await produced(what, producers, count, add)


async def procrastinate_adds(server: Server, producers: int, count: int) -> float:
    from procrastinate import App, PsycopgConnector

    url = server.database()
    app = App(connector=PsycopgConnector(conninfo=url, min_size=16, max_size=16))

    @app.task(name="send")
    async def send(text: str) -> None: ...

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        return await produced(
            "procrastinate", producers, count, lambda _: send.defer_async(text=TEXT)
        )


async def pgqueuer_adds(server: Server, producers: int, count: int) -> float:
    import asyncpg
    from pgqueuer.db import AsyncpgPoolDriver
    from pgqueuer.queries import Queries

    pool = await asyncpg.create_pool(server.database(), min_size=16, max_size=16)
    try:
        queries = Queries(AsyncpgPoolDriver(pool))
        await queries.install()
        data = TEXT.encode()
        return await produced("pgqueuer", producers, count, lambda _: queries.enqueue("send", data))
    finally:
        await pool.close()


async def receipts(server: Server, count: int) -> None:
    """Receipts with their events, 500 in flight."""
    async with Outbox(server.url, settings={"schema": server.schema()}) as outbox:
        store = outbox.store
        now = await store.now()
        await store.add([an_entry(f"{n:09}", now, LANE) for n in range(count)])
        worker = await store.beat(None, timedelta(seconds=30))
        entries = []
        want = Want(worker=worker, slots=(Slot(LANE, 500),), limit=500)
        while claimed := await store.claim(want):
            entries += claimed
        channel = Null(ChannelSettings(), name="wire")
        from devino_core.outbox._life import sent

        moves: list[Move] = []
        for entry in entries:
            body = entry.read()
            (receipt,) = await channel.send([body.legs[0].message])
            moves.append(sent(entry, body, receipt, now, timedelta(hours=48)))
        left = iter(moves)

        async def tell() -> None:
            for move in left:
                await store.move([move])

        began = time.perf_counter()
        await asyncio.gather(*[tell() for _ in range(500)])
        say("receipt with event, 500 in flight", count, time.perf_counter() - began)


async def claims(server: Server, queued: int) -> float:
    """The time of a claim of 100, with so many queued."""
    schema = server.schema()
    async with Outbox(server.url, settings={"schema": schema}) as outbox:
        store = outbox.store
        now = await store.now()
        await store.add([an_entry("first", now, LANE)])
        server.execute(
            f"INSERT INTO {schema}.outbox(ref, hash, lane, due, version, body) "
            f"SELECT lpad(n::text, 12, '0'), n, lane, due + n, 1, body "
            f"FROM {schema}.outbox, generate_series(1, {queued}) AS n WHERE ref = 'first'"
        )
        server.execute(f"VACUUM ANALYZE {schema}.outbox")
        worker = await store.beat(None, timedelta(seconds=300))
        want = Want(worker=worker, slots=(Slot(LANE, 100),), limit=100)
        middle = await _middle_claim(outbox, want, 50)
        say(f"claim of 100, {queued:,} queued", 100, middle, f"p50 {middle * 1e3:.2f} ms")
        return middle


async def _middle_claim(outbox: Outbox, want: Want, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        claimed = await outbox.store.claim(want)
        times.append(time.perf_counter() - began)
        await outbox.store.move([Move(one.fence, Phase.DONE, due=one.due) for one in claimed])
    return statistics.median(times)


async def held_back(server: Server) -> None:
    """Claims while a transaction stays open, so that no row that was claimed can be removed."""
    async with Outbox(server.url, settings={"schema": server.schema()}) as outbox:
        store = outbox.store
        worker = await store.beat(None, timedelta(seconds=600))
        want = Want(worker=worker, slots=(Slot(LANE, 100),), limit=100)
        with psycopg.connect(server.url) as other:
            other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            other.execute("SELECT 1")
            first = 0.0
            for through in range(6):
                for start in range(0, 10_000, 1000):
                    now = await store.now()
                    refs = [f"{through}-{start + n}" for n in range(1000)]
                    entries = [replace(an_entry(ref, now, LANE), due=now) for ref in refs]
                    await store.add(entries)
                middle = await _middle_claim(outbox, want, 100)
                first = first or middle
                what = f"claim after {through + 1}0,000, under a transaction"
                say(what, 100, middle, f"p50 {middle * 1e3:.2f} ms, {middle / first:.1f}x")


async def life(server: Server, count: int) -> None:
    settings = {"channels": PACE, "schema": server.schema()}
    async with Outbox(server.url, settings=settings) as outbox:
        await live(outbox, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, default=1_000_000)
    given = parser.parse_args()
    with started(autovacuum="on", shared_buffers="256MB", max_connections="100") as server:
        asyncio.run(adds(server, 1, 500, grouped=True))
        asyncio.run(adds(server, 16, 4000, grouped=True))
        ours = asyncio.run(adds(server, 256, 30_000, grouped=True))
        alone = asyncio.run(adds(server, 256, 4000, grouped=False))
        say_ratio(ours, alone)
        for peer, peer_adds in (("procrastinate", procrastinate_adds), ("pgqueuer", pgqueuer_adds)):
            with beside(peer):
                say_ratio(ours, asyncio.run(peer_adds(server, 256, 2500)))
        asyncio.run(receipts(server, 20_000))
        asyncio.run(life(server, 20_000))
        few = asyncio.run(claims(server, 10_000))
        many = asyncio.run(claims(server, given.queued))
        say_ratio(many, few)
        asyncio.run(held_back(server))


if __name__ == "__main__":
    main()
