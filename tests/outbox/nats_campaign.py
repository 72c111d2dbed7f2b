"""Kills of NATS servers while producers and workers are at it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from devino_core.testing import CrashHarness, CrashReport

from .nats_server import Cluster, NatsServer

__all__ = ["cluster_kills", "server_kills"]

WIDE: dict[str, object] = {"channels": {"wire": {"in_flight": 30}}}
"""So much that a claim is seldom full, and asks twice for its lane."""


def server_kills(
    server: NatsServer,
    kills: int,
    *,
    policy: str = "park",
    messages: int = 100,
    seed: int = 7,
    trace: Path | None = None,
) -> CrashReport:
    """The one server is killed and started again."""
    chance = random.Random(seed)

    async def break_it() -> None:
        server.end()
        # Sometimes longer than a fetched reminder waits.
        await asyncio.sleep(chance.choice((0.3, 0.3, 0.3, 1.6)) * chance.random())
        server.launch()
        await asyncio.sleep(0.3)

    return _campaign(server.outbox, break_it, kills, policy, messages, trace)


def cluster_kills(
    cluster: Cluster,
    kills: int,
    *,
    policy: str = "park",
    messages: int = 100,
    seed: int = 7,
    trace: Path | None = None,
) -> CrashReport:
    """One of three servers, at random, is killed and started again."""
    chance = random.Random(seed)

    async def break_it() -> None:
        server = chance.choice(cluster.servers)
        server.end()
        await asyncio.sleep(chance.uniform(0.1, 1))
        server.launch()
        await asyncio.sleep(chance.uniform(0.3, 1))

    return _campaign(cluster.outbox, break_it, kills, policy, messages, trace)


def _campaign(
    fresh: Callable[[], str],
    break_it: Callable[[], Awaitable[None]],
    kills: int,
    policy: str,
    messages: int,
    trace: Path | None,
) -> CrashReport:
    harness = CrashHarness(fresh, policy=policy, messages=messages, settings=WIDE, trace=trace)
    return asyncio.run(harness.break_store(kills, break_it))
