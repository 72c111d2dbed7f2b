"""A worker that stops for ever at any of its steps, and others after it: in every policy, for every
fate of a message, nothing is lost, and nothing is sent twice but by the policy that may."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devino_core import Message, OutcomeUnknown, Receipt, Rejected, State, Status, Throttled
from devino_core.outbox import Entry, MemoryStore, Phase, Query, Store
from devino_core.outbox.kit import NEVER
from devino_core.testing import ManualClock
from devino_outbox import SqliteSettings
from devino_outbox.sqlite import SqliteStore

from ._world import Recalling, Scripted, Steps, World, counted, message

FATES = ("taken", "lost after", "lost before", "busy once", "refused")


class Stepping:
    """A store with a step before and after each change."""

    def __init__(self, store: Store, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in ("add", "claim", "move", "beat", "tune"):
            return found

        async def stepping(*args: object) -> object:
            await self._steps.step()
            result = await cast("Callable[..., Awaitable[object]]", found)(*args)
            await self._steps.step()
            return result

        return stepping


class Platform:
    """What is on the other side of the wire; it outlives every process."""

    def __init__(self, fates: Sequence[str]) -> None:
        self.fates = {f"ref{number}": fate for number, fate in enumerate(fates)}
        self.taken: Counter[str] = Counter()
        self.busy: set[str] = set()

    def send(self, one: Message) -> Receipt:
        fate = self.fates[one.ref]
        status = Status(state=State.ACCEPTED)
        if fate == "busy once" and one.ref not in self.busy:
            self.busy.add(one.ref)
            return self.failed(one, Throttled("busy", retry_after=1))
        if fate == "refused":
            return self.failed(one, Rejected("no"))
        first = not self.taken[one.ref]
        if fate == "lost before" and one.ref not in self.busy:
            self.busy.add(one.ref)
            return self.failed(one, OutcomeUnknown("lost"))
        self.taken[one.ref] += 1
        if fate == "lost after" and first:
            return self.failed(one, OutcomeUnknown("lost"))
        return Receipt.of(one, status, channel="wire", ids=(one.ref,))

    def failed(self, one: Message, error: Exception) -> Receipt:
        unknown = Status(state=State.UNKNOWN)
        return Receipt.of(one, unknown, channel="wire", parts=0, error=error)  # type: ignore[arg-type]

    def channel(self, policy: str, steps: Steps) -> Scripted:
        channel = Recalling() if policy == "ask" else Scripted()

        async def send(messages: Sequence[Message]) -> list[Receipt]:
            await steps.step()
            receipts = [self.send(one) for one in messages]
            await steps.step()
            return receipts

        def known(one: Message) -> Receipt | None:
            if not self.taken[one.ref]:
                return None
            status = Status(state=State.ACCEPTED)
            return Receipt.of(one, status, channel="wire", ids=(one.ref,))

        channel.send = send  # type: ignore[method-assign]
        if isinstance(channel, Recalling):
            channel.known = known
        return channel


Kill = Callable[[int], None]


async def live(
    store: Store, kill: Kill, clock: ManualClock, policy: str, fates: Sequence[str], ends: list[int]
) -> tuple[Platform, dict[str, Entry]]:
    platform = Platform(fates)
    await store.open()
    for last in [*ends, 10**6]:
        steps = Steps(last)
        stepping = cast("Store", Stepping(counted(store, steps), steps))
        world = World(stepping, clock, platform.channel(policy, steps), settle=20, max_doubts=99)
        opening = asyncio.ensure_future(_begin(world, policy, fates))
        rest = clock.monotonic() + 4000
        while not (steps.are_over or (opening.done() and await is_quiet(store))):
            assert clock.monotonic() < rest, "it does not come to rest"
            await clock.tick(0 if steps.busy else 1)
            await asyncio.sleep(0.001 if steps.busy else 0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        tasks = [*world.worker._tasks]
        tasks += [task for desk in world.worker._desks for task in desk._sendings]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if world.worker.id:
            kill(world.worker.id)
    found = {entry.ref: entry for entry in await store.find(Query(), "", 99)}
    await store.aclose()
    return platform, found


async def _begin(world: World, policy: str, fates: Sequence[str]) -> None:
    await world.outbox.set_clock()
    messages = [message(f"ref{number}") for number in range(len(fates))]
    in_doubt = "park" if policy == "ask" else policy
    await world.outbox.enqueue_many(messages, channel="wire", in_doubt=in_doubt)
    await world.worker.open()


async def is_quiet(store: Store) -> bool:
    entries = await store.find(Query(), "", 99)
    return bool(entries) and all(
        entry.phase in (Phase.SENT, Phase.DONE, Phase.DEAD)
        or (entry.phase is Phase.DOUBT and entry.due == NEVER)
        for entry in entries
    )


def judge(policy: str, platform: Platform, found: dict[str, Entry]) -> None:
    assert set(found) == set(platform.fates)
    for ref, entry in found.items():
        taken = platform.taken[ref]
        state = entry.status.state
        if policy != "resend":
            assert taken <= 1, f"{policy}: {ref} was sent {taken} times"
        assert taken <= entry.attempt
        if entry.phase is Phase.SENT:
            assert taken, f"{ref} is told as sent"
        elif entry.phase is Phase.DONE:
            refused = platform.fates[ref] == "refused"
            assert state in (State.REJECTED if refused else State.UNKNOWN, State.UNKNOWN)
        else:
            assert entry.phase in (Phase.DOUBT, Phase.DEAD)
            # A person is needed only where the policy leaves it to one, or workers died with it.
            assert policy == "park" or entry.crashes >= 2


POLICIES = ("park", "end", "resend", "ask")


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=40, deadline=None)
@given(
    fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=4),
    ends=st.lists(st.integers(1, 40), max_size=2),
)
def test_in_memory(policy: str, fates: list[str], ends: list[int]) -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    platform, found = asyncio.run(live(store, store.kill, clock, policy, fates, ends))
    judge(policy, platform, found)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("ends", [[5], [9, 12], [13, 3], [20]])
def test_in_a_file(policy: str, ends: list[int], tmp_path: Path) -> None:
    clock = ManualClock()
    store = SqliteStore(SqliteSettings(url=f"sqlite:{tmp_path / 'outbox.db'}"), clock=clock)

    def kill(worker: int) -> None:
        lock = store._locks.pop(worker, None)
        if lock is not None:
            lock.drop()

    platform, found = asyncio.run(live(store, kill, clock, policy, FATES, ends))
    judge(policy, platform, found)
