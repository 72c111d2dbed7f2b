"""The guards: how often a code may be asked for, and how often guessed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, NamedTuple, Protocol
from uuid import uuid4
from weakref import WeakValueDictionary

from devino_core import DevinoError, Retry, Throttled

from ._settings import VerificationSettings

__all__ = ["HOUR", "Counts", "Guards", "Limit", "Memory"]

HOUR: Final = 3600.0


class Limit(NamedTuple):
    """At most ``most`` different items are counted under ``key`` within ``seconds``.

    ``item`` is the one to count now; one that is counted already has its place. ``seconds`` are an
    hour at most.
    """

    key: str
    item: str
    most: int
    seconds: float


class Counts(Protocol):
    """Where the guards count: in memory, or in a database that several processes share."""

    async def take(self, limits: Sequence[Limit], /) -> float:
        """Count the item of each limit, or none where one is reached: then the seconds to wait.

        Atomic: of two calls at once, one sees what the other has counted.
        """
        ...

    async def drop(self, key: str, item: str = "", /) -> None:
        """Count an item no longer; without one, none of the key's."""
        ...


class Memory:
    """Counts in this process. ``now`` gives seconds that never run backwards.

    What is an hour old goes, and beyond ``keys`` what was counted longest ago.
    """

    def __init__(self, now: Callable[[], float], *, keys: int = 100_000) -> None:
        self._now = now
        self._keys = keys
        # By key and item, when it was counted; the key that was counted last stands last.
        self._counted: dict[str, dict[str, float]] = {}

    def __len__(self) -> int:
        return len(self._counted)

    async def take(self, limits: Sequence[Limit], /) -> float:
        now = self._now()
        wait = max(self._wait(limit, now) for limit in limits)
        if wait > 0:
            return wait
        for key, item, *_ in limits:
            items = self._counted.pop(key, {})
            recent = {each: at for each, at in items.items() if now - at < HOUR}
            self._counted[key] = recent | {item: now}
        while (
            len(self) > self._keys or now - max(next(iter(self._counted.values())).values()) >= HOUR
        ):
            del self._counted[next(iter(self._counted))]
        return 0.0

    async def drop(self, key: str, item: str = "", /) -> None:
        items = self._counted.pop(key, {})
        items.pop(item, None)
        if item and items:
            self._counted[key] = items

    def _wait(self, limit: Limit, now: float) -> float:
        items = self._counted.get(limit.key, {}).items()
        times = sorted(at for item, at in items if item != limit.item and now - at < limit.seconds)
        return times[-limit.most] + limit.seconds - now if len(times) >= limit.most else 0.0


class Guards:
    """What the service passes before it asks the platform. Calls about one number take turns."""

    def __init__(self, settings: VerificationSettings, counts: Counts) -> None:
        self._settings = settings
        self._counts = counts
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def sending(self, number: str) -> AbstractAsyncContextManager[None]:
        """Around the request for a code. Raises Throttled."""
        settings, key, item = self._settings, f"sent {number}", uuid4().hex
        limits = [
            Limit(key, item, 1, settings.resend_after),
            Limit(key, item, settings.max_per_number, HOUR),
            Limit(f"prefix {number[:6]}", number, settings.max_per_prefix, HOUR),
        ]
        why = "too many codes for this number, or for numbers that begin like it"
        return self._turn(number, [limit for limit in limits if limit.most], why)

    def guessing(self, number: str) -> AbstractAsyncContextManager[None]:
        """Around a check, which counts as a guess until :meth:`renew`. Raises Throttled."""
        limit = Limit(f"guessed {number}", uuid4().hex, self._settings.max_attempts, HOUR)
        return self._turn(number, [limit], "too many guesses for this number: ask for a new code")

    async def renew(self, number: str) -> None:
        """The number has a new code, or its code is used up: no guess counts any more."""
        await self._counts.drop(f"guessed {number}")

    @asynccontextmanager
    async def _turn(self, number: str, limits: Sequence[Limit], why: str) -> AsyncIterator[None]:
        async with self._turns.setdefault(number, asyncio.Lock()):
            if wait := await self._counts.take(limits):
                raise Throttled(why, retry_after=wait)
            try:
                yield
            except DevinoError as error:
                # What the platform may have done counts; this did not come so far. The number
                # keeps its place among its prefix.
                if error.retry is Retry.SAFE:
                    await self._counts.drop(limits[0].key, limits[0].item)
                raise
