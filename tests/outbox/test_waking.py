"""A worker over PostgreSQL is told at once what other processes add."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec
import psycopg
import pytest

from devino_core import ConfigurationError, Message, Receipt
from devino_core.outbox import Outbox, Worker

from ._world import Client, Scripted, message
from .server import Server

PATIENCE = 30.0


def outbox_at(server: Server, schema: str, **settings: object) -> Outbox:
    # Polling is so seldom that only a notification can be in time.
    given = {"schema": schema, "wake": "notify", "poll": 600, **settings}
    return Outbox(server.url, settings=given)


class Awaited(Scripted):
    """Tells when something goes on the wire."""

    def __init__(self) -> None:
        super().__init__()
        self.is_sending = asyncio.Event()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.is_sending.set()
        return await super().send(messages)


async def _listens(server: Server, *, but_not: int = 0) -> int:
    """The process of the server that serves the listener."""
    query = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> " + str(but_not)
    async with asyncio.timeout(PATIENCE):
        while not (found := server.execute(query)):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
    pid = found[0][0]
    assert isinstance(pid, int)
    return pid


async def test_what_another_process_adds_is_sent_at_once(postgres: Server) -> None:
    schema, channel = postgres.schema(), Awaited()
    async with (
        outbox_at(postgres, schema) as own,
        outbox_at(postgres, schema) as other,
        Worker(own, Client(channel)),
    ):
        await _listens(postgres)
        await other.enqueue(message("one"), channel="wire")
        await asyncio.wait_for(channel.is_sending.wait(), PATIENCE)


async def test_a_listener_that_was_cut_off_listens_again(postgres: Server) -> None:
    schema, channel = postgres.schema(), Awaited()
    async with (
        outbox_at(postgres, schema) as own,
        outbox_at(postgres, schema) as other,
        Worker(own, Client(channel)),
    ):
        pid = await _listens(postgres)
        postgres.execute(f"SELECT pg_terminate_backend({pid})")
        await _listens(postgres, but_not=pid)
        await other.enqueue(message("one"), channel="wire")
        await asyncio.wait_for(channel.is_sending.wait(), PATIENCE)


async def test_many_additions_are_told_together(postgres: Server) -> None:
    schema = postgres.schema()
    async with outbox_at(postgres, schema) as outbox:
        with psycopg.connect(postgres.url, autocommit=True) as listening:
            listening.execute(f"LISTEN {schema}".encode())
            began = time.monotonic()
            for number in range(40):
                tenant = f"tenant-{number}"
                await outbox.enqueue(message(f"{number}"), channel="wire", tenant=tenant)
            lanes: set[str] = set()
            count = 0
            for heard in listening.notifies(timeout=PATIENCE):
                lanes |= set(msgspec.json.decode(heard.payload, type=list[str]))
                count += 1
                if len(lanes) == 40:
                    break
            assert len(lanes) == 40
            assert count <= time.monotonic() - began + 2


async def test_who_polls_notifies_nobody(postgres: Server) -> None:
    schema = postgres.schema()
    async with outbox_at(postgres, schema, wake="poll") as outbox:
        with psycopg.connect(postgres.url, autocommit=True) as listening:
            listening.execute(f"LISTEN {schema}".encode())
            await outbox.enqueue(message("one"), channel="wire")
            assert list(listening.notifies(timeout=0.5)) == []


async def test_listening_through_a_pooler_is_refused(postgres: Server) -> None:
    with pytest.raises(ConfigurationError, match="pooler"):
        await outbox_at(postgres, postgres.schema(), pooler=True).open()
