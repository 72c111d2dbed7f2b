"""Sending a package so that each message is there once, though answers get lost.

A send whose answer was lost may or may not have been carried out. As each message has an id of
the caller, the platform can be asked: what it knows is sent, and what it says, the last time that
it is asked, that it does not know was not, so that it can be sent once more. What neither is sure
of keeps the error of the lost answer. "Effectively" once, because a platform that takes a package
longer after the connection broke than it was asked for would take it twice; and within one call:
nothing is remembered from one to the next.

A refused id (ERR_ID) may be one that the platform has already, from this call or an earlier one,
also of a process that is no more; and its unknown error (ERR_UNKNOWN) says nothing. Both are asked
after like a lost answer, as patiently: nobody says how soon Statistics.ashx knows what Send.ashx
took, and REST's tables have a code for what is not stored yet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias

from devino_codecs.xmlpackage import MessageResult
from devino_core import (
    DevinoError,
    OutcomeUnknown,
    ProtocolViolation,
    Retry,
    Throttled,
    Unavailable,
)
from devino_core.clock import Clock

from ._answers import error_of, is_bad_id, is_taken, is_unknown
from ._plan import Item

__all__ = ["Patience", "Verdict", "send_once"]

Verdict: TypeAlias = MessageResult | DevinoError
"""What a message is by the platform's word, or why nothing is known of it."""

Results: TypeAlias = Sequence[MessageResult | None]
"""One for each message in order; None where the platform did not say."""


class Patience(NamedTuple):
    """How long to ask, as :class:`._settings.XmlSettings` says."""

    # Not the settings themselves: a crash reporter would show their login among the locals.
    asks: int
    ask_interval: float
    resend: bool


async def send_once(
    items: Sequence[Item],
    *,
    submit: Callable[[Sequence[Item]], Awaitable[Results]],
    ask: Callable[[Sequence[Item]], Awaitable[Results]],
    clock: Clock,
    patience: Patience,
) -> list[Verdict]:
    """A verdict for each message, in order.

    Raises an error that concerns them all.
    """
    verdicts: dict[int, Verdict] = {}
    unsent = await _attempt(items, submit, ask, verdicts, clock, patience)
    if unsent and patience.resend:
        unsent = await _attempt(unsent, submit, ask, verdicts, clock, patience)
    not_sent = Unavailable("the platform does not know this message: it can be sent again")
    verdicts.update({item.id: not_sent for item in unsent})
    outcomes = [verdicts[item.id] for item in items]
    first = outcomes[0]
    if isinstance(first, DevinoError) and all(outcome is first for outcome in outcomes):
        raise first
    return outcomes


async def _attempt(
    items: Sequence[Item],
    submit: Callable[[Sequence[Item]], Awaitable[Results]],
    ask: Callable[[Sequence[Item]], Awaitable[Results]],
    verdicts: dict[int, Verdict],
    clock: Clock,
    patience: Patience,
) -> list[Item]:
    """Send and ask after what is doubtful; those that were not sent and may be."""
    said: dict[int, MessageResult] = {}
    doubtful = await _submit(items, submit, verdicts, said)
    unknown = await _ask(doubtful, ask, verdicts, clock, patience)
    verdicts.update({item.id: said[item.id] for item in unknown if item.id in said})
    return [item for item in unknown if isinstance(verdicts[item.id], DevinoError)]


async def _submit(
    items: Sequence[Item],
    submit: Callable[[Sequence[Item]], Awaitable[Results]],
    verdicts: dict[int, Verdict],
    said: dict[int, MessageResult],
) -> list[Item]:
    """Send; those of which the verdict is no more than what holds if nobody knows better.

    ``said`` gets what holds of them if the platform does not know them.
    """
    try:
        results = await submit(items)
    except (OutcomeUnknown, ProtocolViolation) as error:
        verdicts.update({item.id: error for item in items})
        return list(items)
    except DevinoError as error:
        verdicts.update({item.id: error for item in items})
        return []
    # Not constants: an error keeps the traceback of whoever raised it.
    unsaid = OutcomeUnknown("the answer does not say what became of this message")
    id_refused = OutcomeUnknown("the platform refuses the id of this message, which it may have")
    doubtful: list[Item] = []
    for item, result in zip(items, results, strict=True):
        if result is not None and _is_settled(result):
            verdicts[item.id] = result
            continue
        doubtful.append(item)
        verdicts[item.id] = unsaid
        if result is None:
            continue
        if is_bad_id(result):
            verdicts[item.id] = id_refused
            said[item.id] = result
        elif result.sms_id is not None:
            # With an id to ask after it is neither refused nor safe to repeat.
            verdicts[item.id] = said[item.id] = result
    return doubtful


async def _ask(
    items: Sequence[Item],
    ask: Callable[[Sequence[Item]], Awaitable[Results]],
    verdicts: dict[int, Verdict],
    clock: Clock,
    patience: Patience,
) -> list[Item]:
    """Ask until all are found or patience ends; those that it said last it does not know."""
    waiting = items
    unknown: list[Item] = []
    pause = patience.ask_interval
    for _ in range(patience.asks if items else 0):
        await clock.sleep(pause)
        pause *= 2
        unknown = []
        try:
            results = await ask(waiting)
        except DevinoError as error:
            if error.retry is not Retry.SAFE:
                return []
            if isinstance(error, Throttled) and error.retry_after is not None:
                pause = max(pause, error.retry_after)
            continue
        left = []
        for item, result in zip(waiting, results, strict=True):
            if result is not None and _is_settled(result):
                verdicts[item.id] = result
                continue
            left.append(item)
            if result is not None and is_unknown(result):
                unknown.append(item)
        waiting = left
        if not waiting:
            break
    return unknown


def _is_settled(result: MessageResult) -> bool:
    return is_taken(result) or (error_of(result) is not None and not is_bad_id(result))
