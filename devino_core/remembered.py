"""What was done of late, so that it is done once, or not too often.

Callbacks remember which events were taken, and :class:`Limits` how often something was done. Both
ask a :class:`Remembered`. :class:`Seen` is one in memory; another may keep its facts in a database
that several processes share.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol
from weakref import WeakValueDictionary

from .clock import Clock
from .errors import DevinoError, Retry, Throttled

if TYPE_CHECKING:
    from asyncio import Lock

__all__ = ["Fact", "Limit", "Limits", "Remembered", "Seen"]

_log = logging.getLogger("devino.remembered")


class Fact(NamedTuple):
    """Something was done."""

    until: datetime
    """When it no longer counts; aware."""
    value: str | None = None
    """What came of it, such as the reply that an event was answered with."""


class Remembered(Protocol):
    """A memory of facts by key. Times are aware; ``now`` is the time of whoever asks."""

    async def seen(self, *keys: str, now: datetime) -> Sequence[Fact | None]:
        """The fact of each key, in order; None where there is none, or it no longer counts."""
        ...

    async def add(self, key: str, fact: Fact, /, *, now: datetime) -> bool:
        """Remember a fact, unless the key has one that counts: then False, and that one stays.

        Atomic: of several who add to a key at once, one gets True.
        """
        ...

    async def forget(self, *keys: str) -> None:
        """Remember nothing of these keys."""
        ...


class Seen:
    """Remembers at most ``limit`` facts, in memory. Beyond it drops the oldest, with a warning.

    A million facts take some 300 MB. It may be shared.
    """

    def __init__(self, limit: int = 1_000_000) -> None:
        self._limit = limit
        # Not a dict: each deletion makes its oldest key slower to find.
        self._facts: OrderedDict[str, Fact] = OrderedDict()
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._facts)

    async def seen(self, *keys: str, now: datetime) -> Sequence[Fact | None]:
        return [self._counts(key, now) for key in keys]

    async def add(self, key: str, fact: Fact, /, *, now: datetime) -> bool:
        while self._facts and next(iter(self._facts.values())).until <= now:
            self._facts.popitem(last=False)
        if self._counts(key, now) is not None:
            return False
        self._facts[key] = fact
        self._facts.move_to_end(key)
        if len(self._facts) > self._limit:
            self._facts.popitem(last=False)
            if self._dropped % self._limit == 0:
                _log.warning(
                    "more than %d facts are remembered at once: the oldest are forgotten before "
                    "their time, and what they kept from being done again is no longer held back",
                    self._limit,
                )
            self._dropped += 1
        return True

    async def forget(self, *keys: str) -> None:
        for key in keys:
            self._facts.pop(key, None)

    def _counts(self, key: str, now: datetime) -> Fact | None:
        fact = self._facts.get(key)
        return fact if fact is not None and fact.until > now else None


class Limit(NamedTuple):
    """At most ``most`` times within ``seconds``; 0 is no limit.

    With a ``holder``, so many different holders: one that has a place keeps it, and its time
    begins anew.
    """

    key: str
    most: int
    seconds: float
    holder: str | None = None

    @property
    def places(self) -> list[str]:
        """The keys that are remembered: one for each time."""
        return [f"{self.key} {number}" for number in range(self.most)]


class _Place(NamedTuple):
    key: str
    free_at: datetime
    is_held: bool = False
    """By the holder who asks for one."""


class Limits:
    """Holds back what was done too often. Each time takes a place, which is free again later."""

    def __init__(self, remembered: Remembered, clock: Clock) -> None:
        self._remembered = remembered
        self._clock = clock
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def counted(
        self, limits: Sequence[Limit], why: str, *, turn: str | None = None
    ) -> AsyncIterator[None]:
        """Around what is to be done: it counts from now on, whatever becomes of it.

        It does not count if it ends with a DevinoError that says that it changed nothing
        (Retry.SAFE); a holder keeps its place even then. Raises Throttled with the seconds to wait
        where a limit is reached.

        What has the same ``turn`` is done one after the other in this process, so that each sees
        what became of those before it.
        """
        async with self._turn(turn):
            taken = await self._take(limits, why)
            try:
                yield
            except DevinoError as error:
                if error.retry is Retry.SAFE:
                    await self._remembered.forget(*taken)
                raise

    async def clear(self, limit: Limit) -> None:
        """Count anew from zero."""
        await self._remembered.forget(*limit.places)

    def _turn(self, turn: str | None) -> AbstractAsyncContextManager[None]:
        # Not above: callbacks are remembered, too, and load no asyncio by themselves.
        from asyncio import Lock

        return nullcontext() if turn is None else self._turns.setdefault(turn, Lock())

    async def _take(self, limits: Sequence[Limit], why: str) -> list[str]:
        """Take a place of each limit, or none. Gives the keys of those without a holder."""
        now = self._clock.now()
        limits = [limit for limit in limits if limit.most]
        places = [await self._place(limit, now) for limit in limits]
        wait = max([0.0, *[(place.free_at - now).total_seconds() for place in places]])
        if wait > 0:
            raise Throttled(why, retry_after=wait)
        taken: list[str] = []
        for limit, place in zip(limits, places, strict=True):
            if place.is_held:
                await self._remembered.forget(place.key)
            fact = Fact(now + timedelta(seconds=limit.seconds), limit.holder)
            if not await self._remembered.add(place.key, fact, now=now):
                # Another process was faster.
                await self._remembered.forget(*taken)
                return await self._take(limits, why)
            if limit.holder is None:
                taken.append(place.key)
        return taken

    async def _place(self, limit: Limit, now: datetime) -> _Place:
        """The holder's place, else the one that is free first."""
        facts = await self._remembered.seen(*limit.places, now=now)
        places = []
        for key, fact in zip(limit.places, facts, strict=True):
            if fact is not None and limit.holder is not None and fact.value == limit.holder:
                return _Place(key, now, is_held=True)
            places.append(_Place(key, now if fact is None else fact.until))
        return min(places, key=lambda place: place.free_at)
