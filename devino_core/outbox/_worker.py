"""The worker: takes messages from the outbox to the wire, and brings back what became of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Sequence,
    Set,
)
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from devino_core._channel import Capability
from devino_core._events import Event
from devino_core._opened import Opened
from devino_core.errors import DevinoError, Unavailable

from ._changes import EventKind, News, Note, OutboxEvent
from ._channels import AnyChannel, Channels
from ._context import Context
from ._desk import Desk
from ._doubting import resolve_due
from ._entry import Lane
from ._figures import tell_tally
from ._following import feed, follow_due
from ._life import requeued, stalled
from ._outbox import Outbox
from ._phases import Phase
from ._store import Held, Query, Wakes, Weighted

__all__ = ["Stuck", "Worker"]

_log = logging.getLogger(__name__)
_PAGE = 1000
_PRUNE_EVERY = 60.0
_BALANCE_EVERY = 60.0
_LONGEST_PAUSE = 60.0


class Stuck(Unavailable):
    """The store has not answered a claim for a long time while messages wait."""


class Worker(Opened):
    """Sends what the outbox holds through the channels of a client, for as long as it is open.

    ``client`` is an :class:`~devino_core.AsyncClient`, open. ``channels`` are the names of those to
    serve; None: all that send. ``on_event`` gets every event of the outbox at least once, over all
    workers that give the same ``consumer``. ``take`` gets the events of the channels that are about
    no message of the outbox, such as what subscribers write; without it they are logged.
    ``listens=False`` leaves the events of the channels to somebody else, who may :meth:`feed` them.

    ``run`` is for a process of its own: it ends on SIGTERM and SIGINT.
    """

    def __init__(
        self,
        outbox: Outbox,
        client: Channels,
        *,
        channels: Iterable[str] | None = None,
        on_event: Callable[[OutboxEvent], Awaitable[object]] | None = None,
        take: Callable[[Event], Awaitable[object]] | None = None,
        consumer: str = "worker",
        listens: bool = True,
    ) -> None:
        self._context = Context(outbox, client)
        self._names = None if channels is None else tuple(channels)
        self._on_event = on_event
        self._take = take
        self._consumer = consumer
        self._listens = listens
        self._desks: list[Desk] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._silences: list[Callable[[], None]] = []
        self._failed: asyncio.Future[None] | None = None
        self._closing = asyncio.Lock()

    @property
    def id(self) -> int:
        """The number that the store gave; 0: not open."""
        return self._context.worker

    async def open(self) -> None:
        """Begin. What workers held that are dead is in doubt from now on."""
        context = self._context
        context.is_stopping = False
        await context.beat()
        for tenant, share in context.settings.tenants.items():
            await context.store.tune(Weighted(tenant, share.weight))
        for channel in self._served():
            desk = Desk(context, channel, self._fail)
            await desk.tune()
            self._desks.append(desk)
        self._failed = asyncio.get_running_loop().create_future()
        self._silences.append(context.outbox.listen(self._notice))
        if isinstance(context.store, Wakes):
            self._silences.append(context.store.listen(self._notice))
        await self._learn()
        poll = context.settings.poll
        self._start(self._every(context.settings.hold / 3, context.beat), "beat")
        self._start(self._every(poll, self._learn), "learn")
        self._start(self._every(poll, self._while(resolve_due)), "doubts")
        self._start(self._every(poll, self._while(follow_due)), "follow")
        self._start(self._every(_PRUNE_EVERY, self._while(_prune)), "prune")
        self._start(self._every(_BALANCE_EVERY, self._look_at_held), "held")
        self._start(self._every(poll, self._watch), "watch")
        for desk in self._desks:
            self._start(desk.run(), f"desk {desk.channel.name}")
            if self._listens and Capability.EVENTS in desk.channel.capabilities:
                self._start(self._listen(desk.channel), f"events {desk.channel.name}")
        if self._on_event is not None:
            self._start(self._forward(self._on_event), "forward")

    async def aclose(self) -> None:
        """Stop: take up nothing more, wait for what is on the wire, store what became of it.

        What is on the wire for longer than ``stop_within`` is in doubt. Safe to call twice, also at
        once.
        """
        async with self._closing:
            await self._close()

    async def _close(self) -> None:
        context = self._context
        if self._failed is None:
            return
        context.is_stopping = True
        while self._silences:
            self._silences.pop()()
        for desk in self._desks:
            desk.notice(None)
        within = context.settings.stop_within
        ends = await asyncio.gather(*[desk.finish(within) for desk in self._desks])
        if not all(ends):
            _log.warning("outbox: what is still on the wire after %g s is in doubt", within)
        given_up = [task for desk in self._desks for task in desk.cancel()]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *given_up, return_exceptions=True)
        unsure = {one for desk in self._desks for one in desk.unsure}
        self._tasks.clear()
        self._desks.clear()
        self._failed = None
        with contextlib.suppress(DevinoError):
            await self._let_go(unsure)
        context.recent.forget()
        context.worker = 0

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises what ended the work otherwise."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        signals = (signal.SIGTERM, signal.SIGINT)
        # On Windows no event loop takes signals: there Ctrl-C is raised, as anywhere in Python.
        with contextlib.suppress(NotImplementedError):
            for one in signals:
                loop.add_signal_handler(one, stop.set)
        try:
            async with self:
                await self.wait(stop)
        finally:
            with contextlib.suppress(NotImplementedError):
                for one in signals:
                    loop.remove_signal_handler(one)

    async def wait(self, stop: asyncio.Event) -> None:
        """Wait until it is to stop. Raises what ended the work before."""
        if self._failed is None:
            raise RuntimeError("open the worker first")
        stopping = asyncio.ensure_future(stop.wait())
        try:
            waited: set[asyncio.Future[Any]] = {stopping, self._failed}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if self._failed.done():
            self._failed.result()

    async def drain(self) -> None:
        """Work until nothing is due that can go, nothing is on the wire, and ``on_event`` was told
        of it all. For ``--once``.

        What is paused, held, or for channels that this worker does not serve cannot go. Raises what
        ended the work before.
        """
        while True:
            if self._failed is not None and self._failed.done():
                self._failed.result()
            await self._learn()
            idle = not await self._has_left() and not await resolve_due(self._context)
            # A doubt that was resolved between both may be queued again.
            if idle and not await self._has_left() and not await self._untold():
                return
            await self._context.clock.sleep(min(self._context.settings.poll, 0.05))

    async def _has_left(self) -> bool:
        tally = await self._context.store.tally()
        return any(desk.has_left(tally) for desk in self._desks)

    async def _untold(self) -> bool:
        if self._on_event is None:
            return False
        return bool(await self._context.store.events("", 1, consumer=self._consumer))

    async def feed(self, event: Event) -> None:
        """Take up what was told elsewhere, as by a callback. It is on disk when this returns."""
        await self._hand_on(await self.report([event]))

    async def report(self, events: Sequence[Event]) -> list[Event]:
        """Take up reports that were told elsewhere, in one commit. Gives the other events."""
        return await feed(self._context, events)

    def _served(self) -> list[AnyChannel]:
        channels = self._context.client.channels
        if self._names is None:
            return [channel for channel in channels.values() if channel.media]
        return [self._context.client.channel_for(channel=name) for name in self._names]

    def _notice(self, lane: Lane | None) -> None:
        for desk in self._desks:
            desk.notice(lane)

    async def _learn(self) -> None:
        asked_at = self._context.clock.monotonic()
        tally = await self._context.store.tally()
        tell_tally(self._context.observers, tally)
        for desk in self._desks:
            desk.learn(tally, asked_at)

    def _start(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"devino-outbox {name}")
        self._tasks.append(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._failed is not None and not self._failed.done():
            _log.critical("outbox: the worker has failed: %s", error, exc_info=error)
            self._failed.set_exception(error)
            # It is raised where somebody waits; elsewhere the log has it.
            self._failed.exception()

    async def _every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Again and again. What the store cannot do now is done the next time."""
        while True:
            try:
                await work()
            except Stuck:
                raise
            except DevinoError as error:
                _log.warning("outbox: %s", error)
            await self._context.clock.sleep(seconds)

    def _while(self, step: Callable[[Context], Awaitable[int]]) -> Callable[[], Awaitable[None]]:
        """Step by step, until there is nothing more to do now."""

        async def work() -> None:
            while await step(self._context) >= _PAGE:
                pass

        return work

    async def _watch(self) -> None:
        """Whether the store answers: a worker that hangs must not look alive."""
        self._context.recent.expire()
        settings = self._context.settings
        longest = max(3 * settings.poll, settings.hold)
        now = self._context.clock.monotonic()
        for desk in self._desks:
            if desk.waits_since is not None and now - desk.waits_since > longest:
                raise Stuck(
                    f"the outbox has not answered for {now - desk.waits_since:.0f} s: "
                    "look at the database, and start the worker again"
                )

    async def _look_at_held(self) -> None:
        """A channel that is held goes on when its balance says that its account is well again."""
        tally = await self._context.store.tally()
        for desk in self._desks:
            channel = desk.channel
            state = tally.limits.get(channel.name)
            if state is None or state.held is None:
                continue
            if Capability.BALANCE not in channel.capabilities:
                continue
            try:
                balance = await channel.balance()
            except Exception as error:  # noqa: BLE001 - a plugin's bug is no balance
                _log.info("outbox: channel %r tells no balance: %s", channel.name, error)
                continue
            if balance > 0:
                await self._context.store.tune(Held(channel.name, None))
                news = News(
                    kind=EventKind.CHANNEL_RESUMED, channel=channel.name, reason="it has a balance"
                )
                await self._context.store.move([Note(news=news)])
                desk.notice(None)

    async def _listen(self, channel: AnyChannel) -> None:
        """Take up what the channel pushes. It is acknowledged when it is on disk."""
        pause = 1.0
        while True:
            try:
                async with aclosing(_generator(channel.event_batches())) as batches:
                    async for batch in batches:
                        await self._hand_on(await feed(self._context, batch))
                        pause = 1.0
            except DevinoError as error:
                _log.warning("outbox: the events of channel %r broke off: %s", channel.name, error)
            except Exception:  # noqa: BLE001 - others may raise whatever they like
                # Of a plugin, or of the application's `take`: the events are given again.
                _log.exception("outbox: the events of channel %r broke off", channel.name)
            await self._context.clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _hand_on(self, events: Iterable[Event]) -> None:
        for event in events:
            if self._take is None:
                _log.warning(
                    "outbox: one %s of channel %r is dropped: give the worker a `take`, or "
                    "`devino outbox run` the option --events",
                    type(event).__name__,
                    event.channel,
                )
            else:
                await self._take(event)

    async def _forward(self, on_event: Callable[[OutboxEvent], Awaitable[object]]) -> None:
        while True:
            try:
                async for event in self._context.outbox.events(self._consumer):
                    await on_event(event)
            except DevinoError as error:
                _log.warning("outbox: events wait: %s", error)
            except Exception:  # noqa: BLE001 - others may raise whatever they like
                _log.exception("outbox: `on_event` failed, and gets the event again")
            await self._context.clock.sleep(self._context.settings.poll)

    async def _let_go(self, unsure: Set[tuple[int, int]]) -> None:
        """Leave nothing behind that this worker holds.

        What it did not begin to send was given to nobody, as when the answer to a claim was lost.
        """
        context = self._context
        query = Query(phase=Phase.INTENDED)
        now = context.outbox.now()
        held = [
            stalled(entry, Phase.DOUBT, "the worker stopped before the answer came")
            if (entry.id, entry.attempt) in unsure
            else requeued(entry, now, until=entry.until)
            async for entry in context.outbox.entries(query)
            if entry.worker == context.worker
        ]
        await context.store.move(held)
        await context.store.beat(context.worker, timedelta(0))


async def _prune(context: Context) -> int:
    return await context.outbox.prune(limit=_PAGE)


async def _generator(batches: AsyncIterator[list[Event]]) -> AsyncGenerator[list[Event], None]:
    try:
        async for batch in batches:
            yield batch
    finally:
        if isinstance(batches, AsyncGenerator):
            await batches.aclose()
