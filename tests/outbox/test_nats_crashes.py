"""The store in NATS when processes and servers go away.

A few kills of each kind; ``--attack full`` and the environment ``crash`` of tox make many.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence

import pytest

from devino_core.errors import OutcomeUnknown, Unavailable
from devino_core.outbox import Added, Outbox, Query, Slot, Want
from devino_core.testing import CrashHarness, CrashReport
from devino_core.testing._store_case import an_entry
from devino_outbox.nats._consumers import Reminder
from devino_outbox.nats._lanes import Found

from .nats_campaign import cluster_kills, server_kills
from .nats_server import NatsServer, cluster_started, nats_started
from .test_nats import HOLD, LANE, settings_of
from .test_stores import jetstream


@pytest.fixture(scope="module")
def mortal() -> Iterator[NatsServer]:
    """A server that these tests may kill."""
    with nats_started() as server:
        yield server


@pytest.fixture
def is_full(request: pytest.FixtureRequest) -> bool:
    """Whether all is run, not a sample."""
    return bool(request.config.getoption("--attack") == "full")


def check(report: CrashReport, policy: str = "park") -> None:
    assert report.lost == report.lies == report.failures == 0, report
    assert report.twice <= (report.doubts if policy == "resend" else 0), report


@pytest.mark.timeout(900)
@pytest.mark.parametrize("policy", ["park", "end", "ask", "resend"])
def test_kills_lose_nothing_and_send_nothing_twice(
    policy: str, nats_server: NatsServer, *, is_full: bool
) -> None:
    messages = 40 if is_full else 10
    harness = CrashHarness(nats_server.outbox, policy=policy, messages=messages)
    check(asyncio.run(harness.kill(50 if is_full else 2)), policy)


@pytest.mark.timeout(600)
def test_a_worker_that_was_stopped_beyond_its_lease_sends_nothing_more(
    nats_server: NatsServer, *, is_full: bool
) -> None:
    harness = CrashHarness(nats_server.outbox, policy="park", messages=20)
    check(asyncio.run(harness.stop(10 if is_full else 1, seconds=(1.8, 2.2))))


@pytest.mark.timeout(900)
def test_a_server_that_is_killed_loses_nothing(mortal: NatsServer, *, is_full: bool) -> None:
    for policy in ("park", "ask") if is_full else ("park",):
        messages = 200 if is_full else 30
        check(server_kills(mortal, 50 if is_full else 2, policy=policy, messages=messages))


@pytest.mark.timeout(900)
def test_a_cluster_loses_nothing_while_its_servers_are_killed(*, is_full: bool) -> None:
    with cluster_started() as cluster:
        for policy in ("park", "ask") if is_full else ("park",):
            messages = 200 if is_full else 20
            check(cluster_kills(cluster, 50 if is_full else 2, policy=policy, messages=messages))


@pytest.mark.timeout(300)
def test_what_was_acknowledged_is_there_after_the_server_was_killed(
    mortal: NatsServer, *, is_full: bool
) -> None:
    """Under 64 producers; each of them adds its message again until it is answered."""

    async def run() -> None:
        acknowledged: set[str] = set()
        numbers = itertools.count()
        is_over = False

        async def produce(outbox: Outbox) -> None:
            while not is_over:
                ref = f"ref{next(numbers)}"
                try:
                    (added,) = await outbox.store.add([an_entry(ref, outbox.now())])
                except (Unavailable, OutcomeUnknown):
                    continue
                assert added in (Added.NEW, Added.SAME)
                acknowledged.add(ref)

        async with Outbox(mortal.outbox()) as outbox:
            producers = [asyncio.ensure_future(produce(outbox)) for _ in range(64)]
            for _ in range(10 if is_full else 2):
                await asyncio.sleep(0.5)
                mortal.end()
                mortal.launch()
            await asyncio.sleep(0.5)
            is_over = True
            await asyncio.gather(*producers)
            found = {entry.ref async for entry in outbox.entries(Query())}
        assert len(acknowledged) > 64
        assert acknowledged <= found

    asyncio.run(run())


async def test_a_server_that_is_away_within_a_claim_makes_it_give_nothing_twice(
    mortal: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim serves a lane twice. What it fetched the first time comes again the second time."""
    async with jetstream(settings_of(mortal, ack_wait=1)) as store:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(3)])
        worker = await store.beat(None, HOLD)
        lanes = store._lanes
        valid = lanes._valid
        heard: list[int] = []

        async def away(shard: int, reminders: Sequence[Reminder], newest: int) -> list[Found]:
            if not heard:
                mortal.end()
                await asyncio.sleep(1.2)
                mortal.launch()
            heard.append(len(reminders))
            return await valid(shard, reminders, newest)

        monkeypatch.setattr(lanes, "_valid", away)
        twice = Want(worker=worker, slots=(Slot(LANE, 9), Slot(LANE, 9)), limit=9)
        claimed = await store.claim(twice)
        assert heard == [3, 3]
        assert sorted(one.ref for one in claimed) == ["ref0", "ref1", "ref2"]
