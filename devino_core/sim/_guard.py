"""The guard: asks for the IMSI of a number, and compares."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from typing import get_args

from devino_core._secret import Secret
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.errors import ConfigurationError, InvalidMessage
from devino_core.phone import normalize
from devino_core.suggest import did_you_mean

from ._records import SimCheck, SimRecord, SimState
from ._stores import SimStore
from ._values import OnError, SimSource, SimUnavailable, SimVerdict, WhyNot

__all__ = ["SimGuard"]

_SHORTEST_KEY = 16


class _Query:
    """A question under way, and how many wait for its answer."""

    def __init__(self, task: asyncio.Task[str]) -> None:
        self.task = task
        self.waiting = 0


class SimGuard:
    """Compares the SIM of a number with the one that it had.

    **The first answer for a number is trusted**, as the manual has it: from then on that SIM is the
    right one. If a number may be a fraud's from the start, check it with ``trust_first=False``.

    ``key``: at least 16 characters. The store gets HMACs by it and never an IMSI; under another key
    every SIM has changed. ``on_error``: what to do if the IMSI cannot be told, by the reason; a
    reason that is not named means ``retry``. Raises ConfigurationError for a short key, and for an
    unknown reason or reaction.

    One guard belongs to one event loop. Several processes may share a store. Each method that takes
    a number raises InvalidMessage if it is none.
    """

    def __init__(
        self,
        source: SimSource,
        store: SimStore,
        *,
        key: Secret,
        on_error: Mapping[WhyNot, OnError] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if len(key.reveal()) < _SHORTEST_KEY:
            raise ConfigurationError(f"key: needs at least {_SHORTEST_KEY} characters")
        self._source = source
        self._store = store
        self._key = key
        self._on_error = dict(on_error or {})
        for reason, reaction in self._on_error.items():
            _check_word("reason", reason, get_args(WhyNot))
            _check_word("reaction", reaction, get_args(OnError))
        self._clock = clock
        self._queries: dict[str, _Query] = {}

    async def check(self, number: str, *, trust_first: bool = True) -> SimVerdict:
        """Whether a message may go to this number. ``if await guard.check(number)`` reads well.

        Checks of one number at the same time share one question. ``trust_first``: if False, a
        number without a reference gets none and the verdict is FIRST without ``send``, until a
        person accepts its SIM by :meth:`recheck`. Raises SimUnavailable where ``on_error`` says
        ``retry``, and what the source or the store raises.
        """
        number = _digits(number)
        if (mark := await self._mark(number)) is not None:
            return mark
        try:
            value = await self._shared(number)
        except SimUnavailable as error:
            reaction = self._on_error.get(error.reason, "retry")
            if reaction == "retry":
                raise
            return SimVerdict(SimCheck.UNCHECKED, reaction == "send", error.reason)
        while True:
            record = await self._store.get(number)
            before = record or SimRecord()
            # A person may have decided while the question was under way.
            if before.mark is not None:
                return _marked(before.mark)
            after, found = before.compared(value, self._clock.now())
            if found is SimCheck.FIRST and not trust_first:
                return SimVerdict(found, False)
            if after == record or await self._store.put(number, after, replaces=record):
                return SimVerdict(found, found is not SimCheck.CHANGED)

    async def recheck(self, number: str) -> None:
        """Ask anew, and take the answer for the right SIM: a person has verified the subscriber.

        Of a marked number the answer is kept and the mark stays. Raises SimUnavailable, and then
        nothing has changed.
        """
        number = _digits(number)
        value = await self._ask(number)
        await self._change(number, lambda record: record.rechecked(value, self._clock.now()))

    async def always_send(self, number: str) -> None:
        """Compare no more, and send."""
        await self._decide(number, SimState.ALWAYS_SEND)

    async def always_refuse(self, number: str) -> None:
        """Compare no more, and do not send: it is a fraud's number."""
        await self._decide(number, SimState.ALWAYS_REFUSE)

    async def resume(self, number: str) -> None:
        """Compare again, with the reference that there is."""
        await self._change(_digits(number), lambda record: record.resumed(self._clock.now()))

    async def record(self, number: str) -> SimRecord:
        """What is kept of a number, for the person who decides."""
        return await self._store.get(_digits(number)) or SimRecord()

    async def _decide(self, number: str, mark: SimState) -> None:
        await self._change(_digits(number), lambda record: record.marked(mark, self._clock.now()))

    async def _change(self, number: str, following: Callable[[SimRecord], SimRecord]) -> None:
        while True:
            record = await self._store.get(number)
            after = following(record or SimRecord())
            if after == record or await self._store.put(number, after, replaces=record):
                return

    async def _mark(self, number: str) -> SimVerdict | None:
        record = await self._store.get(number)
        return None if record is None or record.mark is None else _marked(record.mark)

    async def _shared(self, number: str) -> str:
        query = self._queries.get(number)
        if query is None or query.task.done():
            query = self._queries[number] = _Query(asyncio.create_task(self._ask(number)))
        query.waiting += 1
        try:
            return await asyncio.shield(query.task)
        finally:
            query.waiting -= 1
            if not query.waiting:
                # Nobody wants the answer any more, if it is still to come.
                query.task.cancel()
                if self._queries.get(number) is query:
                    del self._queries[number]

    async def _ask(self, number: str) -> str:
        """The HMAC of what the source tells, with the number: two numbers never share one."""
        imsi = await self._source.imsi(number)
        if not imsi.reveal().strip():
            raise SimUnavailable("failure", "the source has told an empty IMSI")
        said = f"{number}:{imsi.reveal().strip().casefold()}".encode()
        return hmac.digest(self._key.reveal().encode(), said, "sha256").hex()


def _marked(mark: SimCheck) -> SimVerdict:
    return SimVerdict(mark, mark is SimCheck.ALWAYS_SEND)


def _check_word(what: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        hint = did_you_mean(word, known) or f"there are {', '.join(known)}"
        raise ConfigurationError(f"on_error: no {what} {word!r}: {hint}")


def _digits(number: str) -> str:
    try:
        return normalize(number)
    except ValueError as error:
        raise InvalidMessage("number", str(error)) from None
