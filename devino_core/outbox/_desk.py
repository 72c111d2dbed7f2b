"""Serves one channel: takes up what can go on the wire now, and opens and closes the channel."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from devino_core._content import Priority
from devino_core.clock import done_within
from devino_core.errors import DevinoError

from ._blame import Blame, blame
from ._changes import EventKind, News, Note
from ._channels import AnyChannel
from ._context import Context
from ._entry import VERSION, Entry, Lane
from ._fair import Fairness
from ._figures import tell_count, tell_standing
from ._memory import is_paused
from ._phases import Phase
from ._sending import Outcome, send
from ._store import Closed, Held, LeaseLost, Rate, Slot, Tally, Want

__all__ = ["Desk"]

_log = logging.getLogger(__name__)
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class Desk:
    """One channel of a worker."""

    def __init__(
        self, context: Context, channel: AnyChannel, fail: Callable[[BaseException], None]
    ) -> None:
        self.channel = channel
        self._fail = fail
        self._context = context
        self._pace = context.settings.pace(channel.name)
        self._limits = tuple(dict.fromkeys((channel.name, self._pace.account or channel.name)))
        self._width = self._pace.in_flight
        self._busy = 0
        self._bulk = 0
        self._pause = 0.0
        self._is_closed = False
        self._is_held = False
        self._short_at: datetime | None = None
        self._fairness = Fairness()
        self._noticed: dict[Lane, float] = {}
        self._news = asyncio.Event()
        self._running: asyncio.Task[Any] | None = None
        self._sendings: set[asyncio.Task[None]] = set()
        self._unsure: dict[int, Sequence[Entry]] = {}
        self.waits_since: float | None = None
        """Since when it waits for the store; None: it does not."""

    async def tune(self) -> None:
        """Tell the store this channel's rate."""
        rate = Rate(self._limits[-1], self._pace.rate, self._pace.burst)
        await self._context.store.tune(rate)

    def notice(self, lane: Lane | None) -> None:
        """Something waits in a lane; None: look at all."""
        if lane is None:
            self._news.set()
        elif self._is_mine(lane):
            self._noticed[lane] = self._context.clock.monotonic()
            self._fairness.waits([lane])
            self._news.set()

    def learn(self, tally: Tally, asked_at: float) -> None:
        """Where something is due, and how the channel stands; what was noticed since it was asked
        stays."""
        self._fairness.weigh(tally.weights)
        due = [lane for lane in tally.oldest if self._is_mine(lane)]
        self._noticed = {lane: at for lane, at in self._noticed.items() if at >= asked_at}
        self._fairness.empty(set(self._fairness.busy) - {*due, *self._noticed})
        self._fairness.waits(due)
        state = tally.limits.get(self.channel.name)
        self._is_closed = state is not None and (
            state.probe is not None or state.closed_until is not None
        )
        self._is_held = state is not None and state.held is not None
        if self._pace.rate is not None:
            wait = self._tokens_wait(tally, due)
            tell_standing(
                self._context.observers, "outbox_tokens_wait_seconds", wait, self.channel.name
            )
        self._news.set()

    def has_left(self, tally: Tally) -> bool:
        """Whether anything of this channel is on the wire, or due and may go."""
        waits = not self._is_held and any(
            self._is_mine(lane) and not is_paused(lane, tally.paused, tally.at, self.channel.name)
            for lane in tally.oldest
        )
        return waits or any(
            counts.get(Phase.INTENDED) and self._is_mine(lane)
            for lane, counts in tally.counts.items()
        )

    def _tokens_wait(self, tally: Tally, due: Sequence[Lane]) -> float:
        """How long a message has been due that the last claim left there for want of tokens."""
        if self._is_closed or self._is_held or self._short_at is None:
            return 0.0
        left = [
            at
            for lane in due
            if (at := tally.oldest[lane]) <= self._short_at
            and not is_paused(lane, tally.paused, tally.at, self.channel.name)
        ]
        return (tally.at - min(left)).total_seconds() if left else 0.0

    async def run(self) -> None:
        """Until the worker stops."""
        self._running = asyncio.current_task()
        while not self._context.is_stopping:
            self._news.clear()
            try:
                more = await self._step()
            except DevinoError as error:
                _log.warning("outbox: channel %r waits for the store: %s", self.channel.name, error)
                more = False
            if not more and not self._context.is_stopping:
                await self._rest()

    async def _step(self) -> bool:
        """Take up what can go. True: there may be more at once."""
        try:
            return await self._suspect() or await self._claim()
        except LeaseLost:
            # It goes on as a new worker.
            await self._context.beat()
            return True

    async def finish(self, within: float) -> bool:
        """Wait for what it takes up just now, and for what is on the wire. False: not all of it has
        ended."""
        ending = asyncio.ensure_future(self._end())
        try:
            return await done_within(self._context.clock, within, ending)
        finally:
            ending.cancel()

    async def _end(self) -> None:
        if self._running is not None:
            await asyncio.wait([self._running])
        if self._sendings:
            await asyncio.wait(self._sendings)

    def cancel(self) -> list[asyncio.Task[None]]:
        """Give up what is still on the wire."""
        for task in self._sendings:
            task.cancel()
        return list(self._sendings)

    @property
    def unsure(self) -> set[tuple[int, int]]:
        """What it began to send without an outcome that is stored: numbers of entries, attempts."""
        return {(one.id, one.attempt) for entries in self._unsure.values() for one in entries}

    def _is_mine(self, lane: Lane) -> bool:
        if not lane.channel.startswith("@"):
            return lane.channel == self.channel.name
        found = self._context.channel(lane.channel)
        return found is not None and found.name == self.channel.name

    async def _rest(self) -> None:
        wait = self._context.settings.poll
        if self._pace.rate is not None:
            # The next token; a claim that finds none costs next to nothing.
            wait = min(wait, max(self._pace.burst / self._pace.rate / 2, 0.005))
        news = asyncio.ensure_future(self._news.wait())
        try:
            await done_within(self._context.clock, wait, news)
        finally:
            news.cancel()

    async def _claim(self) -> bool:
        """Take up what can go. True: there may be more at once."""
        if not self._context.may_send:
            return False
        more = False
        if (free := self._width - self._busy) > 0:
            more = await self._serve(self._fairness.urgent(free), free)
        # Of the window a part is left for what is urgent and comes while bulk is on the wire.
        share = max(1, int(self._width * self._pace.bulk_share))
        if (free := min(self._width - self._busy, share - self._bulk)) > 0:
            more = await self._serve(self._fairness.bulk(free), free) or more
        return more

    async def _serve(self, slots: Sequence[Slot], limit: int) -> bool:
        """Claim and send; True if as many came as could."""
        if not slots:
            return False
        await self._context.turns.join()
        try:
            asked_at = self._context.outbox.now()
            claimed_at = self._context.clock.monotonic()
            entries = await self._take(slots, limit)
        except BaseException:
            self._context.turns.leave()
            raise
        # A claim that is not short left nothing behind for want of tokens.
        self._short_at = asked_at if len(entries) < limit else None
        if not entries:
            self._context.turns.leave()
            return False
        tell_count(self._context.observers, "outbox_claimed", (one.lane for one in entries))
        self._fairness.served(Counter(entry.lane for entry in entries))
        self._start(entries, claimed_at)
        return len(entries) == limit

    async def _take(self, slots: Sequence[Slot], limit: int) -> list[Entry]:
        context = self._context
        want = Want(
            worker=context.worker,
            slots=tuple(slots),
            limit=limit,
            charge=self._limits,
            channel=self.channel.name,
            newest=VERSION,
        )
        self.waits_since = context.clock.monotonic()
        try:
            return await context.store.claim(want)
        finally:
            self.waits_since = None

    def _start(self, entries: Sequence[Entry], claimed_at: float) -> None:
        bulk = sum(entry.lane.priority is not Priority.REALTIME for entry in entries)
        self._busy += len(entries)
        self._bulk += bulk

        def ended(task: asyncio.Task[None]) -> None:
            self._sendings.discard(task)
            self._busy -= len(entries)
            self._bulk -= bulk
            self._context.turns.leave()
            self._news.set()
            if not task.cancelled() and (error := task.exception()) is not None:
                self._fail(error)

        task = asyncio.create_task(self._send(entries, claimed_at))
        self._sendings.add(task)
        task.add_done_callback(ended)

    async def _send(self, entries: Sequence[Entry], claimed_at: float) -> None:
        self._unsure[id(entries)] = entries
        outcome = await send(self._context, self.channel, entries, claimed_at)
        del self._unsure[id(entries)]
        try:
            await self._judge(outcome)
        except DevinoError as error:
            _log.warning("outbox: channel %r could not be closed: %s", self.channel.name, error)

    async def _suspect(self) -> bool:
        """Send one message alone that a worker died with."""
        lanes = self._fairness.suspects
        if not lanes:
            return False
        async with self._context.turns.alone():
            claimed_at = self._context.clock.monotonic()
            entries = await self._take([Slot(lane, 1) for lane in lanes], 1)
            if entries:
                await self._send(entries, claimed_at)
        return bool(entries)

    async def _judge(self, outcome: Outcome) -> None:
        """What a sending says about the channel."""
        error = outcome.worst
        whom = None if error is None else blame(error)
        if error is None or whom in (Blame.UNKNOWN, Blame.FAILED):
            if outcome.sent:
                await self._open()
        elif whom is Blame.BUSY:
            self._width = max(1, self._width // 2)
            await self._close(error.retry_after or _FIRST_PAUSE, probe=False)
        elif whom is Blame.DOWN:
            self._pause = min(max(_FIRST_PAUSE, 2 * self._pause), _LONGEST_PAUSE)
            await self._close(self._pause, probe=True)
        elif whom is Blame.HELD:
            await self.hold(error)

    async def _open(self) -> None:
        self._width = min(self._pace.in_flight, self._width + 1)
        if self._pause or self._is_closed:
            self._pause = 0.0
            self._is_closed = False
            await self._context.store.tune(Closed(self.channel.name, None))
            self._news.set()

    async def _close(self, seconds: float, *, probe: bool) -> None:
        until = await self._context.store.now() + timedelta(seconds=seconds)
        longer = min(2 * seconds, _LONGEST_PAUSE)
        again = timedelta(seconds=longer) if probe else None
        self._is_closed = True
        await self._context.store.tune(Closed(self.channel.name, until, again))

    async def hold(self, error: DevinoError) -> None:
        """Let nothing go until somebody mends it."""
        reason = f"{type(error).__name__}: {error}"
        _log.error("outbox: channel %r is held: %s", self.channel.name, reason)
        await self._context.store.tune(Held(self.channel.name, reason))
        news = News(kind=EventKind.CHANNEL_HELD, channel=self.channel.name, reason=reason)
        await self._context.store.move([Note(news=news)])
