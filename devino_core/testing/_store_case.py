"""A store under test, and what the tests of stores share."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from msgspec.structs import replace

from devino_core._message import Message
from devino_core._status import Receipt, State, Status
from devino_core.errors import DevinoError, Unsupported
from devino_core.outbox import (
    Body,
    Entry,
    Lane,
    LeaseLost,
    Leg,
    Move,
    Phase,
    Planned,
    Query,
    Slot,
    Store,
    Want,
)
from devino_core.outbox.kit import encode

__all__ = ["HOLD", "LANE", "StoreCase", "an_entry", "legs_of", "want"]

HOLD = timedelta(seconds=30)
LANE = Lane("rest")


def an_entry(ref: str, now: datetime, lane: Lane = LANE, **text: str) -> Entry:
    """A new entry that is due."""
    message = Message("79160000001", text.get("text", "Hello"), ref=ref)
    return Entry(
        ref=ref,
        hash=hash(text.get("text", "Hello")) % 1000,
        to_hash=7,
        lane=lane,
        due=now - timedelta(seconds=1),
        body=encode(Body(legs=(Planned(lane.channel, message),))),
    )


class StoreCase(ABC):
    """A store under test."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Store]:
        """An empty store, open; a new one for each test."""

    @abstractmethod
    async def kill(self, store: Store, worker: int) -> None:
        """Make the process of a worker look as if it was gone."""

    def again(self, store: Store) -> AbstractAsyncContextManager[Store] | None:
        """The same database, opened once more beside ``store``; None: there is no such thing."""
        return None

    async def _claimed(self, store: Store, **changes: datetime) -> tuple[Entry, int]:
        now = await store.now()
        until = changes.get("until")
        await store.add([replace(an_entry("ref", now), until=until)])
        worker = await store.beat(None, HOLD)
        (entry,) = await store.claim(want(worker))
        return entry, worker

    async def _in(self, store: Store, phase: Phase, ref: str) -> Entry:
        """An entry in this phase."""
        lane = Lane(f"lane {ref}")
        await store.add([an_entry(ref, await store.now(), lane)])
        if phase is not Phase.QUEUED:
            worker = await store.beat(None, HOLD)
            want = Want(worker=worker, slots=(Slot(lane, 1),), limit=1)
            (entry,) = await store.claim(want)
            if phase is not Phase.INTENDED:
                await store.move([Move(entry.fence, phase)])
        (entry,) = await store.find(Query(refs=(ref,)), "", 9)
        return entry

    async def _all(self, store: Store) -> Sequence[Entry]:
        return await store.find(Query(), "", 1000)

    async def _phase(self, store: Store, ref: str) -> Phase:
        (entry,) = await store.find(Query(refs=(ref,)), "", 9)
        return entry.phase

    async def _loses(self, call: Awaitable[object]) -> None:
        await self._raises(call, LeaseLost)

    async def _refuses(self, call: Awaitable[object]) -> None:
        await self._raises(call, Unsupported)

    async def _raises(self, call: Awaitable[object], kind: type[DevinoError]) -> None:
        try:
            await call
        except kind:
            return
        raise AssertionError(f"it does not raise {kind.__name__}")

    def _run(self, check: Callable[[Store], Awaitable[None]]) -> None:
        async def run() -> None:
            async with self.opened() as store:
                await check(store)

        asyncio.run(run())


def want(worker: int, limit: int = 99) -> Want:
    return Want(worker=worker, slots=(Slot(LANE, limit),), limit=limit)


def legs_of(*ids: str, channel: str = "rest") -> tuple[Leg, ...]:
    message = Message("79160000001", "Hello", ref="ref")
    receipt = Receipt.of(message, Status(state=State.ACCEPTED), channel=channel, ids=ids)
    return (Leg(ref="ref", channel=channel, medium=message.medium, receipt=receipt),)
