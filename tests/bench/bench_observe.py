"""What it costs to be seen: a client that nobody watches against one with a log and an observer."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from devino_core import AsyncClient, Message
from devino_core.observe import Call, Observer, Outcome
from devino_core.plugins import Plugins
from tests.bench._canned_http import canned_server
from tests.bench._canned_smpp import canned_centre
from tests.bench.conftest import Table

SENDS = {"rest-v2": 2_000, "smpp": 20_000}
CONCURRENCY = 32


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


async def _send(kind: str, settings: Mapping[str, object], *observers: Observer) -> None:
    async with AsyncClient(
        {kind: settings}, plugins=Plugins(environ={}), observers=observers
    ) as client:
        work = iter(range(SENDS[kind]))

        async def worker() -> None:
            for number in work:
                await client.send(Message(f"7903{number:07}", "Hello"))

        await asyncio.gather(*[worker() for _ in range(CONCURRENCY)])


@contextmanager
def _logged() -> Iterator[None]:
    """The log at INFO, formatted, and thrown away."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        log, handler = logging.getLogger("devino"), logging.StreamHandler(nowhere)
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        # pytest would format each line twice more.
        log.propagate = False
        try:
            yield
        finally:
            log.propagate = True
            log.setLevel(logging.NOTSET)
            log.removeHandler(handler)


@pytest.mark.parametrize("kind", SENDS)
def test_sends(compare: Table, channels: Mapping[str, Mapping[str, object]], kind: str) -> None:
    settings = channels[kind]

    def logged() -> None:
        with _logged():
            asyncio.run(_send(kind, settings))

    compare(
        f"{SENDS[kind]} sends of {kind} at {CONCURRENCY}, CPU",
        lambda: asyncio.run(_send(kind, settings)),
        {
            "log at INFO": logged,
            "an observer": lambda: asyncio.run(_send(kind, settings, Counting())),
        },
        rounds=7,
        clock=time.process_time,
    )
