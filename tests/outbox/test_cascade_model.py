"""A cascade of three legs, every fate of each, and processes that stop for ever at any effect: no
leg is sent twice, the next never goes within the time of a silent one, and what is told is true."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devino_core import (
    Channel,
    ChannelSettings,
    Expressible,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    Receipt,
    Rejected,
    State,
    Status,
    Takes,
)
from devino_core.outbox import Delivery, MemoryStore, Outbox, Store
from devino_core.outbox._cascade import Cascades
from devino_core.testing import ManualClock
from devino_outbox import SqliteSettings
from devino_outbox.sqlite import SqliteStore

from ._world import Client, Steps, counted

FATES = ("delivered", "failed", "silent", "late", "refused", "lost, taken", "lost, not taken")
MEDIA = (Medium.VK, Medium.VIBER, Medium.SMS)
VALIDITY, GRACE = timedelta(seconds=60), timedelta(seconds=30)
EFFECTS = range(1, 14)
PLUGINS = Plugins(environ={})


class Journal:
    """A store whose writes are effects."""

    def __init__(self, store: Store, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in ("add", "claim", "move"):
            return found

        async def stepping(given: Any) -> Any:
            if name == "claim":
                claimed = await found(given)
                if claimed:
                    # The intent is on disk, and nobody knows.
                    await self._steps.step()
                return claimed
            if given:
                await self._steps.step()
            return await found(given)

        return stepping


class Platform:
    """What is on the other side of the wires; it outlives every process."""

    def __init__(self, fates: Sequence[str], clock: ManualClock) -> None:
        self.fates = dict(zip(MEDIA, fates, strict=True))
        self.clock = clock
        self.sent: list[tuple[Medium, float]] = []
        self.times: dict[Medium, float] = {}

    def arrives(self, medium: Medium) -> bool:
        taken = self.fates[medium] in ("delivered", "late", "lost, taken")
        return taken and medium in self.times

    def state(self, medium: Medium) -> State:
        age = self.clock.monotonic() - self.times[medium]
        match self.fates[medium]:
            case "delivered" | "lost, taken" if age >= 1:
                return State.DELIVERED
            case "failed" if age >= 1:
                return State.UNDELIVERABLE
            case "late" if age >= 200:
                return State.DELIVERED
            case "late" if age >= 60:
                return State.EXPIRED
        return State.ENROUTE


class Wire(Channel[ChannelSettings]):
    def __init__(self, medium: Medium, platform: Platform, steps: Steps) -> None:
        super().__init__(ChannelSettings(), name=medium.lower(), clock=platform.clock)
        self.takes: Mapping[Medium, Takes] = {
            medium: Takes(expresses=frozenset({Expressible.VALIDITY}))
        }
        self._platform = platform
        self._steps = steps

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        (one,) = messages
        platform, medium = self._platform, one.medium
        await self._steps.step()
        fate = platform.fates[medium]
        if fate != "lost, not taken":
            platform.times[medium] = platform.clock.monotonic()
        platform.sent.append((medium, platform.clock.monotonic()))
        # Whoever stops here has sent it and does not know.
        await self._steps.step()
        if fate == "refused":
            status, error = Status(state=State.REJECTED), Rejected("no")
            return [Receipt.of(one, status, channel=self.name, error=error)]
        if fate.startswith("lost"):
            raise OutcomeUnknown("the answer is lost")
        status = Status(state=State.ACCEPTED)
        return [Receipt.of(one, status, channel=self.name, ids=(f"{self.name}-1",))]

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        return [Status(state=self._platform.state(medium), id=one) for one in ids]


def message() -> Message:
    chain: Message | None = None
    for medium in reversed(MEDIA):
        chain = Message(
            "79160000001", "Hello", medium=medium, validity=VALIDITY, fallback=chain, ref="order"
        )
    assert chain is not None
    return chain


async def live(
    store: Store, policy: str, fates: Sequence[str], ends: Sequence[int], clock: ManualClock
) -> tuple[Platform, Delivery]:
    """Processes one after the other, until one comes to the end."""
    platform = Platform(fates, clock)
    await store.open()
    last: Delivery | None = None
    for effect in [*ends, 10**6]:
        steps = Steps(effect)
        client = Client(*[Wire(medium, platform, steps) for medium in MEDIA])
        cascades = Cascades(client, PLUGINS, clock)
        told: list[Delivery] = []
        task = asyncio.ensure_future(_follow(cascades, store, steps, policy, told))
        rest = clock.monotonic() + 5000
        while not (steps.are_over or task.done()):
            assert clock.monotonic() < rest, "it does not come to rest"
            await clock.tick(0 if steps.busy else 10)
            await asyncio.sleep(0.001 if steps.busy else 0)
        if task.done():
            task.result()
            last = told[-1]
        workers = [course.worker for course in cascades._courses.values()]
        tasks = [task]
        for course in cascades._courses.values():
            tasks += [*course._tasks, *course.worker._tasks]
            tasks += [sending for desk in course.worker._desks for sending in desk._sendings]
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for worker in workers:
            if worker.id:
                _kill(store, worker.id)
    await store.aclose()
    assert last is not None
    return platform, last


def _kill(store: Store, worker: int) -> None:
    if isinstance(store, MemoryStore):
        store.kill(worker)
    else:
        assert isinstance(store, SqliteStore)
        lock = store._locks.pop(worker, None)
        if lock is not None:
            lock.drop()


async def _follow(
    cascades: Cascades, store: Store, steps: Steps, policy: str, told: list[Delivery]
) -> None:
    journal = cast("Store", Journal(counted(store, steps), steps))
    outbox = Outbox(journal, settings={"poll": 10, "hold": 1000}, clock=cascades._clock)
    await outbox.set_clock()
    deliveries = cascades.deliver(
        message(),
        wanted=State.DELIVERED,
        grace=GRACE,
        in_doubt=policy,
        native=True,
        store=outbox,
    )
    async for delivery in deliveries:
        told.append(delivery)


def judge(policy: str, fates: Sequence[str], platform: Platform, last: Delivery) -> None:
    media = [medium for medium, _ in platform.sent]
    assert len(set(media)) == len(media), "a leg was sent twice"
    assert media == [medium for medium in MEDIA if medium in media]
    for (before, at), (_, later) in itertools.pairwise(platform.sent):
        if platform.fates[before] in ("silent", "late", "lost, taken", "lost, not taken"):
            assert later - at >= VALIDITY.total_seconds()
    for medium in last.reached:
        assert platform.arrives(medium), "what was told is not true"
    if policy == "park" and not last.done:
        assert last.status.state is State.UNKNOWN or last.reached
        assert len([m for m in media if platform.arrives(m)]) <= 1 or "late" in fates
        return
    assert last.done
    if last.status.state is State.UNDELIVERABLE:
        assert all(platform.fates[m] == "late" for m in media if platform.arrives(m))
    if not last.status.state.is_success:
        assert policy == "park" or len(last.legs) == len(MEDIA)
    arrived = [medium for medium in media if platform.arrives(medium)]
    for medium in arrived[:-1]:
        # Twice reached: only where a leg came late, or was in doubt.
        leg = next(leg for leg in last.legs if leg.medium is medium)
        assert platform.fates[medium] == "late" or leg.receipt is None


def runs(first: str) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    """All of them, 31,556 over all fates of the first leg."""
    crashes = [(), *((one,) for one in EFFECTS), *itertools.combinations(EFFECTS, 2)]
    later = itertools.repeat(FATES, len(MEDIA) - 1)
    yield from itertools.product(itertools.product([first], *later), crashes)


@pytest.mark.parametrize("first", FATES)
@pytest.mark.parametrize("policy", ["end", "park"])
async def test_every_fate_and_crash_in_memory(
    policy: str, first: str, request: pytest.FixtureRequest
) -> None:
    full = request.config.getoption("--attack") == "full"
    count = 0
    for fates, ends in itertools.islice(runs(first), 0, None, 1 if full else 499):
        clock = ManualClock()
        platform, last = await live(MemoryStore(clock), policy, fates, ends, clock)
        try:
            judge(policy, fates, platform, last)
        except AssertionError as error:
            raise AssertionError(f"{error}: {fates} {ends} {platform.sent} {last}") from error
        count += 1
    assert count == (4_508 if full else 10)


@given(
    policy=st.sampled_from(["end", "park"]),
    fates=st.tuples(*[st.sampled_from(FATES)] * 3),
    ends=st.lists(st.integers(1, 14), max_size=2),
)
@settings(deadline=None, max_examples=5)
def test_crashes_with_a_database(policy: str, fates: tuple[str, ...], ends: list[int]) -> None:
    with TemporaryDirectory() as folder:
        clock = ManualClock()
        store = SqliteStore(SqliteSettings(url=f"sqlite:{folder}/outbox.db"), clock=clock)
        platform, last = asyncio.run(live(store, policy, fates, ends, clock))
        judge(policy, fates, platform, last)
