"""HLR: can a subscriber be reached (chapter 16)?"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct, structs

from devino_codecs.rest import HlrGetState, HlrSend, HlrState, HlrStateCode
from devino_core import DevinoError, InvalidArgument, ProtocolViolation, Retry
from devino_core.dispatch import check_ids, gather, in_lots
from devino_plugins.kit import ApiClient
from devino_plugins.kit.checks import digits_of
from devino_plugins.kit.ids import most_answered

from ._settings import RestSettings

__all__ = ["Hlr", "Lookup", "Reachability"]

MOST = 200
"""Numbers, or ids, in one call."""
FIVE_MINUTES = timedelta(minutes=5)


class Reachability(enum.StrEnum):
    """What the network says of a subscriber."""

    PENDING = "PENDING"
    """It has not answered yet."""
    REACHABLE = "REACHABLE"
    UNREACHABLE = "UNREACHABLE"
    """Switched off or out of reach, for now."""
    NONEXISTENT = "NONEXISTENT"
    FAILED = "FAILED"
    """The question failed."""
    UNKNOWN = "UNKNOWN"
    """The network, or the platform, does not know."""


class Lookup(Struct, frozen=True):
    """An answer about one number. It holds for the moment at which it was asked."""

    number: str
    """Digits, in international format."""
    id: str
    reachability: Reachability
    code: int | None
    """The wire's own, which :attr:`reachability` was made from; None if it cannot be read."""
    description: str
    country: str
    operator: str
    """``""`` where the platform does not know it."""
    asked_at: datetime
    """Aware, UTC."""


class Hlr(ApiClient[RestSettings]):
    """Lookups: a question costs money, its answer does not."""

    async def hlr_send(self, numbers: Sequence[str], validity: timedelta) -> list[str]:
        """Ask the network about at most 200 numbers, and give an id for each, in order.

        ``validity``: how long the network is asked, up to a day, rounded up to minutes. Raises
        InvalidArgument before anything is sent. All numbers are taken and paid for, or none.
        """
        minutes = -(-validity // timedelta(minutes=1))
        if not 1 <= minutes <= 1440:
            raise InvalidArgument("validity", "HLR takes 1 to 1440 minutes")
        if not 0 < len(numbers) <= MOST:
            raise InvalidArgument("numbers", f"one call takes 1 to {MOST}, not {len(numbers)}")
        given = await self.ask(
            HlrSend(tuple(_digits(numbers)), minutes), max_answer=most_answered(len(numbers))
        )
        ids = [one for one in given if one is not None]
        if not len(set(ids)) == len(ids) == len(numbers):
            raise ProtocolViolation(f"{len(set(ids))} of {len(ids)} ids for {len(numbers)} numbers")
        return ids

    async def hlr_state(self, ids: Sequence[str]) -> list[Lookup]:
        """What the network has said by now, for each id in order; 200 ids a call."""
        check_ids(ids)
        parts = in_lots(ids, MOST)
        calls = [partial(self.ask, HlrGetState(tuple(part))) for part in parts]
        answers = await gather(calls, concurrency=self.settings.concurrency)
        at, by_id = self.clock.now(), dict[str | None, HlrState]()
        for part, told in zip(parts, answers, strict=True):
            named = {one.message_id: one for one in told}
            # Where the platform leaves the ids out, the order says whose state it is.
            in_order = named.keys() == {None} and len(told) == len(part)
            by_id |= zip(part, told, strict=True) if in_order else named.items()
        if not by_id.keys() >= set(ids):
            raise ProtocolViolation("an id without its state", changes=False)
        return [_lookup(one, by_id[one], at) for one in ids]

    async def lookup(
        self, numbers: Iterable[str], *, validity: timedelta = FIVE_MINUTES, interval: float = 5.0
    ) -> AsyncIterator[Lookup]:
        """Ask about any count of numbers, and give each when it is known, each number once.

        The platform is asked every ``interval`` seconds for what it has heard. A minute after
        ``validity`` is over, what is not known is given as it is (PENDING). UNKNOWN is given once
        it has been told twice running. Raises InvalidArgument for a number before any is sent; an
        error of a later call is raised when all numbers that were sent before it are known.
        """
        asked = list(dict.fromkeys(_digits(numbers)))
        waiting, doubtful = dict[str, str](), set[str]()
        failure: DevinoError | None = None
        try:
            for some in in_lots(asked, MOST):
                waiting |= zip(await self.hlr_send(some, validity), some, strict=True)
        except DevinoError as error:
            # What was sent before is paid for.
            failure = error
        # What the network said at its end may still be on its way.
        ends = self.clock.monotonic() + validity.total_seconds() + 60
        while waiting:
            left = max(ends - self.clock.monotonic(), 0)
            await self.clock.sleep(min(max(interval, 0.1), left))
            try:
                told = await self.hlr_state(list(waiting))
            except DevinoError as error:
                if left <= interval or error.retry is not Retry.SAFE:
                    raise
                continue
            pending = {one.id for one in told if one.reachability is Reachability.PENDING}
            unknown = {one.id for one in told if one.reachability is Reachability.UNKNOWN}
            for one in told:
                if left <= interval or one.id not in pending | unknown - doubtful:
                    yield structs.replace(one, number=waiting.pop(one.id))
            doubtful = unknown
        if failure is not None:
            raise failure


def _lookup(asked: str, said: HlrState, at: datetime) -> Lookup:
    means = said.state.means if isinstance(said.state, HlrStateCode) else "UNKNOWN"
    code = None if said.state is None else int(said.state)
    about = code, said.description, said.country, said.operator, at
    return Lookup(said.destination_address.removeprefix("+"), asked, Reachability(means), *about)


def _digits(numbers: Iterable[str]) -> list[str]:
    return [digits_of(one, f"numbers[{place}]") for place, one in enumerate(numbers)]
