"""Sends a list of messages as several calls without losing any outcome.

This is the one policy of partial failure. Channels that group messages into calls use it, and so
does the client that spreads messages over channels.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import TypeAlias, TypeVar, cast

from ._brake import Brake, NotBegun
from ._message import Medium, Message
from ._status import Receipt, State, Status
from .errors import (
    AuthenticationFailed,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidArgument,
    OutcomeUnknown,
    Rejected,
    Throttled,
)

__all__ = [
    "Brake",
    "Call",
    "NotBegun",
    "bug_ended",
    "check_ids",
    "dispatch",
    "failed_receipt",
    "failed_status",
    "fails_the_call",
    "gather",
    "gather_outcomes",
    "in_lots",
    "settle",
    "statuses_in_batches",
    "statuses_of",
]

DEAD_AFTER = 3
"""So many ConnectFailed in a row say that the platform cannot be reached at all."""

T = TypeVar("T")

_HOPELESS = (AuthenticationFailed, Throttled)

Call: TypeAlias = tuple[Sequence[int], Callable[[], Awaitable[Sequence[Receipt]]]]
"""Positions in the list of messages, and the call that sends those messages. It gives one receipt
for each, in order."""


async def dispatch(
    messages: Sequence[Message], calls: Iterable[Call], *, channel: str, concurrency: int
) -> list[Receipt]:
    """Run the calls, at most ``concurrency`` at a time, and give a receipt for every message.

    What a call gives or raises is the outcome of each of its messages. :func:`settle` turns the
    outcomes into receipts or an error. Once the platform does not know the login, limits the rate
    or cannot be reached, the calls that have not begun are not made: they get a copy of the error.
    Nor does a call begin once the :class:`Brake` around this is pulled.
    """
    todo = list(calls)
    if (brake := Brake.current()) is not None:
        todo = brake.watched(messages, todo)
    outcomes: Sequence[Sequence[Receipt] | DevinoError]
    if len(todo) == 1:
        # Nearly all calls of a busy client come here, and a task costs as much as all the rest.
        ((_, run),) = todo
        try:
            sent = await run()
            if len(messages) == len(sent) == 1:
                return list(sent)
            outcomes = [sent]
        except Exception as error:  # noqa: BLE001 - as in `_outcome`
            # Its traceback has this frame: with a name here it would hold itself.
            return _receipts(messages, todo, [_ended_by(error)], channel=channel)
    else:
        outcomes = await gather_outcomes([run for _, run in todo], concurrency=concurrency)
    return _receipts(messages, todo, outcomes, channel=channel)


def _receipts(
    messages: Sequence[Message],
    calls: Sequence[Call],
    outcomes: Sequence[Sequence[Receipt] | DevinoError],
    *,
    channel: str,
) -> list[Receipt]:
    """One receipt for each message, of what each call gave or raised."""
    ends: list[Receipt | DevinoError] = []
    for (positions, _), outcome in zip(calls, outcomes, strict=True):
        ended = _miscounted(positions, outcome) or outcome
        ends += [ended] * len(positions) if isinstance(ended, DevinoError) else ended
    places = [positions for positions, _ in calls]
    if not _are_in_order(places, len(messages)):
        by_place = dict(zip(chain.from_iterable(places), ends, strict=True))
        ends = [by_place[place] for place in range(len(messages))]
    return settle(messages, ends, channel=channel)


def _are_in_order(places: Iterable[Sequence[int]], count: int) -> bool:
    """Whether the calls send so many messages as they stand. Mostly they do, and nothing has to be
    sorted."""
    end = 0
    for positions in places:
        begin, end = end, end + len(positions)
        # To compare two ranges takes no time.
        if positions != range(begin, end) and [*positions] != [*range(begin, end)]:
            return False
    return end == count


def settle(
    messages: Sequence[Message], outcomes: Sequence[Receipt | DevinoError], *, channel: str
) -> list[Receipt]:
    """Turn one outcome for each message into one receipt for each, in order.

    A message that the platform refused gets a receipt with State.REJECTED. If all messages failed
    with another error, and with the same one, it is raised with all their refs. If they ended
    differently, nothing is raised: a failed message gets a receipt with its error. The receipts of
    the others are then not lost.
    """
    # To look at the types alone takes a fraction of the time, and mostly nothing has failed.
    if {Receipt}.issuperset(map(type, outcomes)):
        return cast("list[Receipt]", list(outcomes))
    failures = [outcome for outcome in outcomes if isinstance(outcome, DevinoError)]
    if len({type(failure) for failure in failures}) == 1 and len(failures) == len(outcomes):
        error = failures[0]
        if fails_the_call(error):
            error.refs = tuple([message.ref for message in messages])
            raise error
    return [
        outcome
        if isinstance(outcome, Receipt)
        else failed_receipt(message, outcome, channel=channel)
        for message, outcome in zip(messages, outcomes, strict=True)
    ]


async def gather(calls: Sequence[Callable[[], Awaitable[T]]], *, concurrency: int) -> list[T]:
    """Run calls that read, at most ``concurrency`` at a time, and give the results in order.

    Raises the error of the first call that failed, after all have ended.
    """
    if len(calls) == 1:
        outcomes = [await _outcome(calls[0])]
    else:
        outcomes = await gather_outcomes(calls, concurrency=concurrency)
    results: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, DevinoError):
            raise outcome
        results.append(outcome)
    return results


def in_lots(items: Sequence[T], most: int) -> list[Sequence[T]]:
    """The items in order, at most so many together: what several calls take.

    >>> in_lots([1, 2, 3, 4, 5], 2)
    [[1, 2], [3, 4], [5]]
    """
    return [items[start : start + most] for start in range(0, len(items), most)]


async def gather_outcomes(
    calls: Sequence[Callable[[], Awaitable[T]]], *, concurrency: int
) -> list[T | DevinoError]:
    """Run calls as :func:`dispatch` does, and give in order what each gave or raised."""
    outcomes: list[T | DevinoError | None] = [None] * len(calls)
    waiting = iter(enumerate(calls))
    unreached = 0

    async def work() -> None:
        nonlocal unreached
        for index, call in waiting:
            outcome = await _outcome(call)
            outcomes[index] = outcome
            unreached = unreached + 1 if isinstance(outcome, ConnectFailed) else 0
            hopeless = unreached >= DEAD_AFTER or isinstance(outcome, _HOPELESS)
            if hopeless and isinstance(outcome, DevinoError):
                # The other calls would end alike, and an account may be locked for them.
                for left, _ in waiting:
                    outcomes[left] = copy.copy(outcome)

    import asyncio

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(calls))):
            group.create_task(work())
    return cast("list[T | DevinoError]", outcomes)


def failed_status(message_id: str | None, error: DevinoError, *, medium: Medium | None) -> Status:
    """The status of a message of which the platform told nothing, and why."""
    return Status(
        state=State.UNKNOWN, id=message_id, description=error.said, medium=medium, error=error
    )


def check_ids(ids: Sequence[str]) -> Sequence[str]:
    """Give the ids as they are. Raise InvalidArgument for what is no list of the platform's ids.

    One id is a sequence of texts, too: of its characters, each of which would be asked about.
    """
    if isinstance(ids, str):
        raise InvalidArgument("ids", "a list of ids is expected, not one id: put it into a list")
    if not isinstance(ids, Sequence):
        raise InvalidArgument("ids", f"a list of ids is expected, not {type(ids).__name__}")
    for kind in set(map(type, ids)):
        if not issubclass(kind, str):
            raise InvalidArgument("ids", f"an id is str, not {kind.__name__}")
    return ids


async def statuses_of(
    ids: Sequence[str],
    ask: Callable[[str], Awaitable[Status]],
    *,
    concurrency: int,
    medium: Medium | None = None,
) -> list[Status]:
    """The status of each id, in order, where each takes a call: for :meth:`Channel.status
    <devino_core.Channel.status>`.

    An id that could not be read is UNKNOWN, with its ``error``; the others are told all the same.
    Raises the first error if no id could be read, and InvalidArgument for what is no list of ids.
    """

    async def ask_one(part: Sequence[str]) -> Sequence[Status]:
        return [await ask(part[0])]

    return await statuses_in_batches(ids, ask_one, size=1, concurrency=concurrency, medium=medium)


async def statuses_in_batches(
    ids: Sequence[str],
    ask: Callable[[Sequence[str]], Awaitable[Sequence[Status]]],
    *,
    size: int,
    concurrency: int,
    medium: Medium | None = None,
) -> list[Status]:
    """As :func:`statuses_of`, where one call tells of up to ``size`` ids."""
    check_ids(ids)
    parts = in_lots(ids, size)
    outcomes = await gather_outcomes(
        [partial(ask, part) for part in parts], concurrency=concurrency
    )
    if outcomes and all(isinstance(outcome, DevinoError) for outcome in outcomes):
        raise cast("DevinoError", outcomes[0])
    statuses: list[Status] = []
    for part, outcome in zip(parts, outcomes, strict=True):
        if isinstance(outcome, DevinoError):
            statuses += [failed_status(one, outcome, medium=medium) for one in part]
        else:
            statuses += outcome
    return statuses


def failed_receipt(message: Message, error: DevinoError, *, channel: str) -> Receipt:
    """The receipt of a message whose call failed: REJECTED if the platform said so.

    Otherwise the state is UNKNOWN, and ``error.retry`` says whether it may have been sent.
    """
    if isinstance(error, Rejected):
        status = Status(state=State.REJECTED, code=error.code, description=error.description)
    else:
        status = Status(state=State.UNKNOWN, description=error.said)
    return Receipt.of(message, status, channel=channel, parts=0, error=error)


def _miscounted(
    positions: Sequence[int], outcome: Sequence[Receipt] | DevinoError
) -> OutcomeUnknown | None:
    if isinstance(outcome, DevinoError):
        return None
    try:
        given = len(outcome)
    except TypeError as bug:
        return bug_ended(bug)
    if given == len(positions):
        return None
    return OutcomeUnknown(
        f"a call gave {given} receipts for {len(positions)} messages: a bug of its plugin"
    )


def fails_the_call(error: DevinoError) -> bool:
    """Whether an error is about the call as a whole and not about its messages."""
    return not isinstance(error, Rejected) or isinstance(
        error, AuthenticationFailed | InsufficientFunds
    )


async def _outcome(call: Callable[[], Awaitable[T]]) -> T | DevinoError:
    try:
        return await call()
    except Exception as error:  # noqa: BLE001 - a bug of one call is not to lose the others' outcomes
        return _ended_by(error)


def _ended_by(error: Exception) -> DevinoError:
    return error if isinstance(error, DevinoError) else bug_ended(error)


def bug_ended(bug: Exception) -> OutcomeUnknown:
    """The outcome of a call that raised an exception other than the library's errors."""
    unknown = OutcomeUnknown(f"a bug ended the call: {type(bug).__name__}; {bug}")
    unknown.__cause__ = bug
    return unknown
