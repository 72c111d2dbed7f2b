"""An outbox with a worker, a channel that does what a test says, and a clock that it drives."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol, cast

from devino_core import (
    Capability,
    Channel,
    ChannelSettings,
    DevinoError,
    Event,
    Expressible,
    Medium,
    Message,
    Receipt,
    State,
    Status,
    Takes,
)
from devino_core.observe import Call, Figure, Observer, Observers
from devino_core.outbox import Entry, MemoryStore, Outbox, OutboxEvent, Phase, Store, Worker
from devino_core.outbox._channels import Rules, rules_of
from devino_core.testing import ManualClock

__all__ = ["Busy", "Scripted", "Steps", "Watched", "World", "counted", "message", "world"]


class Scripted(Channel[ChannelSettings]):
    """Sends what it is given, unless the test says otherwise."""

    takes: Mapping[Medium, Takes] = {
        Medium.SMS: Takes(expresses=frozenset({Expressible.VALIDITY, Expressible.SEND_AT}))
    }
    shortest_validity: Mapping[Medium, timedelta] = {Medium.SMS: timedelta(seconds=15)}
    remembers: timedelta = timedelta(hours=48)

    def __init__(self, name: str = "wire", clock: ManualClock | None = None) -> None:
        super().__init__(ChannelSettings(), name=name, clock=clock or ManualClock())
        self.sent: list[Message] = []
        self.batches: list[int] = []
        self.states: dict[str, State] = {}
        self.asked: list[tuple[str, ...]] = []
        self.credit: Decimal | DevinoError = Decimal(0)
        self.pushed: asyncio.Queue[Event] = asyncio.Queue()
        self.failures: dict[str, DevinoError] = {}
        self.before: Callable[[Sequence[Message]], Awaitable[None]] | None = None
        self.failure: Exception | None = None

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.batches.append(len(messages))
        if self.before is not None:
            await self.before(messages)
        if self.failure is not None:
            raise self.failure
        receipts = []
        for one in messages:
            error = self.failures.get(one.to)
            if error is not None:
                unknown = Status(state=State.UNKNOWN)
                receipts.append(Receipt.of(one, unknown, channel=self.name, parts=0, error=error))
                continue
            self.sent.append(one)
            number = (f"id-{one.ref}",)
            taken = Status(state=State.ACCEPTED)
            receipts.append(Receipt.of(one, taken, channel=self.name, ids=number))
        return receipts

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        self.asked.append(tuple(ids))
        return [Status(state=self.states.get(one, State.ENROUTE), id=one) for one in ids]

    async def balance(self) -> Decimal:
        if isinstance(self.credit, DevinoError):
            raise self.credit
        return self.credit

    @property
    def refs(self) -> list[str]:
        return [one.ref for one in self.sent]


class Pushing(Scripted):
    """It tells of its messages by itself."""

    async def _events(self) -> AsyncIterator[Event]:
        while True:
            yield await self.pushed.get()

    def events(self) -> AsyncIterator[Event]:
        return self._events()


class Recalling(Scripted):
    """It can be asked by ref."""

    known: Callable[[Message], Receipt | None]

    async def recall(self, messages: Sequence[Message]) -> list[Receipt | None]:
        return [self.known(one) for one in messages]


class Client:
    def __init__(self, *channels: Channel[ChannelSettings]) -> None:
        self.channels: Mapping[str, Channel[ChannelSettings]] = {one.name: one for one in channels}

    def channel_for(
        self,
        capability: Capability | None = None,
        *,
        medium: Medium | None = None,
        channel: str | None = None,
    ) -> Channel[ChannelSettings]:
        return self.channels[channel or next(iter(self.channels))]


class Figures(Observer):
    def __init__(self) -> None:
        self.figures: list[Figure] = []

    def call_started(self, call: Call) -> None:
        return

    def message_done(self, message: Message, receipt: Receipt) -> None:
        return

    def event(self, event: object) -> None:
        return

    def figure(self, figure: Figure) -> None:
        self.figures.append(figure)


class Watched(Client):
    def __init__(self, *channels: Scripted) -> None:
        super().__init__(*channels)
        self.figures = Figures()
        self.observers = Observers([self.figures])

    @property
    def rules(self) -> Rules:
        return rules_of(Client())


class Busy(Protocol):
    """Whether anything is under way that takes real time: then a driven clock must stand still."""

    busy: int


class _Counted:
    def __init__(self, store: Store, counts: Busy) -> None:
        self._store = store
        self._counts = counts

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def counting(*args: Any, **kwargs: Any) -> Any:
            self._counts.busy += 1
            try:
                return await found(*args, **kwargs)
            finally:
                self._counts.busy -= 1

        return counting


def counted(store: Store, counts: Busy) -> Store:
    """The store, whose calls count as long as its threads work on them."""
    return cast("Store", _Counted(store, counts))


class Steps:
    """One process of a model: from step ``last`` on nothing that it does ends any more."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.made = 0
        self.busy = 0

    @property
    def are_over(self) -> bool:
        return self.made >= self.last

    async def step(self) -> None:
        self.made += 1
        if self.are_over:
            await asyncio.Event().wait()


class World:
    """One process: an outbox and its worker. The store outlives it."""

    def __init__(
        self, store: Store, clock: ManualClock, *channels: Scripted, **settings: object
    ) -> None:
        self.store = store
        self.clock = clock
        self.channel = channels[0]
        self.client = Client(*channels)
        self.outbox = Outbox(store, settings=settings, clock=clock)
        self.worker = Worker(self.outbox, self.client)

    async def pass_time(self, seconds: float = 0) -> None:
        await self.clock.tick(seconds)

    async def until(self, so: Callable[[], bool], seconds: float = 60) -> None:
        """Let time pass until something is so."""
        for _ in range(int(seconds * 20)):
            if so():
                return
            await self.clock.tick(0.05)
        raise AssertionError("it did not happen")

    async def entry(self, ref: str = "ref") -> Entry:
        entry = await self.outbox.get(ref)
        assert entry is not None
        return entry

    async def phase(self, ref: str = "ref") -> Phase:
        return (await self.entry(ref)).phase

    async def events(self) -> list[OutboxEvent]:
        return await self.store.events("", 10_000)

    async def crash(self) -> None:
        """The process is gone, wherever it was."""
        tasks = [*self.worker._tasks, *(t for desk in self.worker._desks for t in desk._sendings)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(self.store, MemoryStore)
        self.store.kill(self.worker.id)


@asynccontextmanager
async def world(
    *channels: Scripted,
    store: Store | None = None,
    clock: ManualClock | None = None,
    **settings: object,
) -> AsyncIterator[World]:
    clock = clock or ManualClock()
    made = World(store or MemoryStore(clock), clock, *(channels or (Scripted(),)), **settings)
    async with made.outbox:
        await made.worker.open()
        try:
            yield made
        finally:
            closing = asyncio.ensure_future(made.worker.aclose())
            while not closing.done():
                await clock.tick(1)
            closing.result()


def message(ref: str = "ref", **fields: Any) -> Message:
    given: dict[str, Any] = {"to": "79160000001", "content": "Hello", "ref": ref, **fields}
    return Message(**given)
