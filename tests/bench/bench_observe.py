"""What it costs to be seen: a client that nobody watches against one with a log and an observer.

"log at INFO" is what a user has who logs to a file: a `StreamHandler` with the standard library's
formatter, which writes and flushes each line. Two peers tell its shares apart, each with the same
handler and as many lines of the same length:

- "a ready record": all that is timed beside the sends is the handler. Any library costs as much.
- "one logger.info": a program that does not let us log, and logs each of its sends by itself.

"DEVINO_LOG=info" is our own handler, of a program that has set up no log: its lines have a time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import pytest

from devino_core import AsyncClient, Message
from devino_core.observe import Call, Observer, Outcome
from devino_core.observe._records import Stderr
from devino_core.plugins import Plugins
from tests.bench._canned_http import canned_server
from tests.bench._canned_smpp import canned_centre
from tests.bench.conftest import Table

SENDS = {"rest-v2": 2_000, "smpp": 20_000}
CONCURRENCY = 32
LINE = "rest-v2 Sms/Send 1 message > 200 in 42 ms [4f1c9a03b7d2e815]"


class Counting(Observer):
    def __init__(self) -> None:
        self.ended = 0

    def call_started(self, call: Call) -> Callable[[Outcome], None]:
        return self._count

    def _count(self, _: Outcome) -> None:
        self.ended += 1


@pytest.fixture(scope="module")
def channels() -> Iterator[Mapping[str, Mapping[str, object]]]:
    login = {"login": "me", "password": "secret", "sender": "DEVINO"}
    with canned_server() as http, canned_centre() as centre:
        yield {
            "rest-v2": {**login, "base_url": f"http://127.0.0.1:{http}/rest/v2"},
            "smpp": {**login, "hosts": f"127.0.0.1:{centre}", "tls": False, "bind": "transceiver"},
        }


async def _send(
    kind: str,
    settings: Mapping[str, object],
    *observers: Observer,
    then: Callable[[], object] | None = None,
) -> None:
    async with AsyncClient(
        {kind: settings}, plugins=Plugins(environ={}), observers=observers
    ) as client:
        work = iter(range(SENDS[kind]))

        async def worker() -> None:
            for number in work:
                await client.send(Message(f"7903{number:07}", "Hello"))
                if then is not None:
                    then()

        await asyncio.gather(*[worker() for _ in range(CONCURRENCY)])


@contextmanager
def _logged(name: str, handler: logging.Handler | None = None) -> Iterator[logging.Logger]:
    """A log at INFO, formatted, and thrown away."""
    with Path(os.devnull).open("w", encoding="utf-8", buffering=1) as nowhere:
        log = logging.getLogger(name)
        handler = handler or logging.StreamHandler(nowhere)
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        # pytest would format each line twice more.
        log.propagate = False
        try:
            yield log
        finally:
            log.propagate = True
            log.setLevel(logging.NOTSET)
            log.removeHandler(handler)


@contextmanager
def _no_log_of_the_program() -> Iterator[None]:
    with (
        Path(os.devnull).open("w", encoding="utf-8", buffering=1) as nowhere,
        redirect_stderr(nowhere),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(logging.getLogger(), "handlers", [])
        yield


@pytest.mark.parametrize("kind", SENDS)
def test_sends(compare: Table, channels: Mapping[str, Mapping[str, object]], kind: str) -> None:
    settings = channels[kind]

    def logged() -> None:
        with _logged("devino"):
            asyncio.run(_send(kind, settings))

    def on_stderr() -> None:
        # pytest's own handlers would silence it, and its standard error is no file.
        with _no_log_of_the_program(), _logged("devino", Stderr()):
            asyncio.run(_send(kind, settings))

    def ready() -> None:
        with _logged("program") as log:
            record = log.makeRecord(log.name, logging.INFO, __file__, 0, LINE, (), None)
            asyncio.run(_send(kind, settings, then=lambda: log.handle(record)))

    def by_hand() -> None:
        with _logged("program") as log:
            asyncio.run(_send(kind, settings, then=lambda: log.info(LINE)))

    ratios = compare(
        f"{SENDS[kind]} sends of {kind} at {CONCURRENCY}, CPU",
        lambda: asyncio.run(_send(kind, settings)),
        {
            "log at INFO": logged,
            "DEVINO_LOG=info": on_stderr,
            "a ready record": ready,
            "one logger.info": by_hand,
            "an observer": lambda: asyncio.run(_send(kind, settings, Counting())),
        },
        rounds=7,
        clock=time.process_time,
    )
    ours, theirs = ratios["log at INFO"], ratios["one logger.info"]
    compare.note(f"{kind}: log at INFO against one logger.info a send: {ours / theirs:.2f}x")
