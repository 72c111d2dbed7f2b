"""Figures of the outbox over SQLite, beside huey in the same minutes: ratios count, not rates.

``--fsync-ms`` adds that much to each sync of the disk, by a library that a C compiler makes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devino_core import (
    Channel,
    ChannelSettings,
    Event,
    Medium,
    Message,
    Receipt,
    State,
    Status,
    StatusChanged,
    Takes,
)
from devino_core.outbox import Lane, Outbox, Phase, Slot, Store, Want, Worker
from devino_core.testing._stores import an_entry

from ._world import Client

TEXT = "Привет, ваш заказ 1234 готов, приходите за ним с девяти до восемнадцати"
SLOW = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_(void) { usleep(atoi(getenv("FSYNC_US"))); }
int fsync(int f) {
  static int (*r)(int); if (!r) r = dlsym(RTLD_NEXT, "fsync"); wait_(); return r(f); }
int fdatasync(int f) {
  static int (*r)(int); if (!r) r = dlsym(RTLD_NEXT, "fdatasync"); wait_(); return r(f); }
"""


class Null(Channel[ChannelSettings]):
    """A wire that costs nothing."""

    takes: Mapping[Medium, Takes] = {Medium.SMS: Takes()}

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        taken = Status(state=State.ACCEPTED)
        return [Receipt.of(one, taken, channel=self.name, ids=(one.ref,)) for one in messages]

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        return [Status(state=State.DELIVERED, id=one) for one in ids]


def say(what: str, count: int, seconds: float, more: str = "") -> float:
    rate = count / seconds
    print(f"{what:<48}{rate:>10,.0f}/s  {more}", flush=True)
    return rate


def say_ratio(ours: float, theirs: float) -> None:
    print(f"{'':<48}{ours / theirs:>10.1f}x", flush=True)


@contextmanager
def beside(peer: str) -> Iterator[None]:
    """What is measured beside a peer: left out where that is not installed, and said so."""
    try:
        yield
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] != peer:
            raise
        print(f"{peer} is not installed: `tox -e outbox` brings it", flush=True)


class Telling(Null):
    """It tells, a batch at a time, that everything was delivered."""

    def __init__(self) -> None:
        super().__init__(ChannelSettings(), name="wire")
        self._told: asyncio.Queue[list[Event]] = asyncio.Queue()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        delivered = Status(state=State.DELIVERED)
        at = datetime.now(UTC)
        self._told.put_nowait(
            [
                StatusChanged(
                    id=one.ref, at=at, channel=self.name, message_id=one.ref, status=delivered
                )
                for one in messages
            ]
        )
        return await super().send(messages)

    def events(self) -> AsyncIterator[Event]:
        raise NotImplementedError("it tells in batches")

    async def event_batches(self) -> AsyncIterator[list[Event]]:
        while True:
            yield await self._told.get()


async def live(outbox: Outbox, count: int, producers: int = 4) -> float:
    """The whole life of messages, with a wire that costs nothing: until the last is DONE."""
    began, cpu = time.perf_counter(), time.process_time()

    async def produce() -> None:
        for _ in range(count // producers // 50):
            messages = [Message("79031234567", TEXT) for _ in range(50)]
            await outbox.enqueue_many(messages, channel="wire")

    async with Worker(outbox, Client(Telling())):
        await asyncio.gather(*[produce() for _ in range(producers)])
        while True:
            counts = list((await outbox.tally()).counts.values())
            if sum(one.get(Phase.DONE, 0) for one in counts) >= count:
                break
            await asyncio.sleep(0.05)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    more = f"{took / count * 1e6:.0f} us a message, {cpu / count * 1e6:.0f} us of them CPU"
    return say(f"add, claim, receipt, end, 2 events, {producers} producers", count, took, more)


PACE: dict[str, object] = {"wire": {"in_flight": 500, "bulk_share": 1}}


async def adds(folder: Path, producers: int, count: int) -> float:
    async with Outbox(f"sqlite:{folder / f'adds{producers}.db'}") as outbox:
        waits: list[float] = []

        async def produce(each: int) -> None:
            for _ in range(each):
                began = time.perf_counter()
                await outbox.enqueue(Message("79031234567", TEXT), channel="wire")
                waits.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*[produce(count // producers) for _ in range(producers)])
        took = time.perf_counter() - began
        waits.sort()
        middle, late = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
        more = f"p50 {middle * 1e3:.1f} ms, p99 {late * 1e3:.1f} ms"
        return say(f"add, {producers} producers", len(waits), took, more)


def huey_adds(folder: Path, threads: int, count: int) -> float:
    from huey import SqliteHuey

    huey = SqliteHuey(filename=str(folder / f"huey{threads}.db"), fsync=True)

    @huey.task()
    def send(text: str) -> None: ...

    def produce(each: int) -> None:
        for _ in range(each):
            send(TEXT)

    workers = [threading.Thread(target=produce, args=(count // threads,)) for _ in range(threads)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return say(f"huey, fsync, {threads} threads", count, time.perf_counter() - began)


def huey_executes(folder: Path, count: int) -> float:
    from huey import SqliteHuey

    huey = SqliteHuey(filename=str(folder / "huey_run.db"), fsync=True)

    @huey.task()
    def send(text: str) -> None: ...

    for _ in range(count):
        send(TEXT)
    began = time.perf_counter()
    for _ in range(count):
        task = huey.dequeue()
        if task is not None:
            huey.execute(task)
    return say("huey, dequeue and execute", count, time.perf_counter() - began)


async def claims(folder: Path, *queued: int) -> list[float]:
    """The times of a claim of 100, with so many queued, in turn."""
    async with AsyncExitStack() as stack:
        stores = []
        for place, count in enumerate(queued):
            path = folder / f"claims{place}.db"
            outbox = await stack.enter_async_context(Outbox(f"sqlite:{path}"))
            await fill(outbox.store, path, count)
            worker = await outbox.store.beat(None, timedelta(seconds=30))
            want = Want(worker=worker, slots=(Slot(Lane("wire"), 100),), limit=100)
            stores.append((outbox.store, want))
        times: list[list[float]] = [[] for _ in queued]
        for _ in range(90):
            for (store, want), own in zip(stores, times, strict=True):
                began = time.perf_counter()
                await store.claim(want)
                own.append(time.perf_counter() - began)
    middles = [statistics.median(own) for own in times]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for count, middle in zip(queued, middles, strict=True):
        more = f"p50 {middle * 1e3:.2f} ms, {peak:.0f} MiB"
        say(f"claim of 100, {count:,} queued", 100, middle, more)
    return middles


async def fill(store: Store, path: Path, count: int) -> None:
    """Queue so many: copies of one, by SQL, for millions take long in any other way."""
    await store.add([an_entry("first", await store.now(), Lane("wire"))])
    with closing(sqlite3.connect(path)) as connection:
        for start in range(0, count, 500_000):
            connection.execute(
                "INSERT INTO outbox(ref, hash, lane, due, version, body) "
                "WITH RECURSIVE numbers(n) AS "
                "(VALUES(?1) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2) "
                "SELECT printf('%012d', n), n, lane, due + n, 1, body FROM outbox, numbers "
                "WHERE ref = 'first'",
                (start, min(count, start + 500_000)),
            )
            connection.commit()


async def life(folder: Path, count: int) -> float:
    settings = {"channels": PACE}
    async with Outbox(f"sqlite:{folder / 'life.db'}", settings=settings) as outbox:
        return await live(outbox, count)


def slowed(milliseconds: float) -> None:
    """Run the additions again, with slower syncs."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "slow.c", Path(folder) / "slow.so"
        source.write_text(SLOW)
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"],
            check=True,
        )
        environ = os.environ | {
            "LD_PRELOAD": str(library),
            "FSYNC_US": str(int(milliseconds * 1000)),
        }
        print(f"with {milliseconds:g} ms added to each sync:", flush=True)
        subprocess.run([sys.executable, "-m", __spec__.name, "--adds"], check=True, env=environ)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adds", action="store_true", help="only additions")
    parser.add_argument("--queued", type=int, default=1_000_000)
    parser.add_argument("--fsync-ms", type=float, nargs="*", default=[2, 10])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.adds:
            asyncio.run(adds(folder, 256, 16_000))
            return
        for producers, count in ((1, 1000), (16, 8000), (256, 32_000)):
            ours = asyncio.run(adds(folder, producers, count))
            with beside("huey"):
                say_ratio(ours, huey_adds(folder, min(producers, 16), min(count, 3000)))
        ours = asyncio.run(life(folder, 20_000))
        with beside("huey"):
            say_ratio(ours, huey_executes(folder, 3000))
        few, many = asyncio.run(claims(folder, 10_000, given.queued))
        say_ratio(many, few)
    for milliseconds in given.fsync_ms:
        slowed(milliseconds)


if __name__ == "__main__":
    main()
