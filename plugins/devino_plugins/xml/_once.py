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

from ._answers import is_bad_id, is_refused, is_taken, is_unknown

__all__ = ["Patience", "Verdict", "send_once"]

Verdict: TypeAlias = MessageResult | DevinoError
"""What a message is by the platform's word, or why nothing is known of it."""

Places: TypeAlias = Sequence[int]
"""Some messages of the package, as their places in it, in order."""

Results: TypeAlias = Sequence[MessageResult | None]
"""One for each place in order; None where the platform did not say."""

_Call: TypeAlias = Callable[[Places], Awaitable[Results]]


class Patience(NamedTuple):
    """How long to ask, as :class:`._settings.XmlSettings` says."""

    # Not the settings themselves: a crash reporter would show their login among the locals.
    asks: int
    ask_interval: float
    resend: bool


async def send_once(
    count: int, *, submit: _Call, ask: _Call, clock: Clock, patience: Patience
) -> list[Verdict]:
    """A verdict for each of a package's ``count`` messages, in order.

    ``submit`` sends those at some places, ``ask`` asks after them. Raises an error that concerns
    them all.
    """
    verdicts: dict[int, Verdict] = {}
    unsent = await _attempt(range(count), submit, ask, verdicts, clock, patience)
    if unsent and patience.resend:
        unsent = await _attempt(unsent, submit, ask, verdicts, clock, patience)
    if unsent:
        not_sent = Unavailable("the platform does not know this message: it can be sent again")
        verdicts.update(dict.fromkeys(unsent, not_sent))
    outcomes = [verdicts[place] for place in range(count)]
    first = outcomes[0]
    if isinstance(first, DevinoError) and all(outcome is first for outcome in outcomes):
        raise first
    return outcomes


async def _attempt(
    places: Places,
    submit: _Call,
    ask: _Call,
    verdicts: dict[int, Verdict],
    clock: Clock,
    patience: Patience,
) -> Places:
    """Send, and ask after what is doubtful. Gives those that were not sent and may be."""
    said: dict[int, MessageResult] = {}
    doubtful = await _submit(places, submit, verdicts, said)
    if not doubtful:
        return ()
    unknown = await _ask(doubtful, ask, verdicts, clock, patience)
    verdicts.update({place: said[place] for place in unknown if place in said})
    return [place for place in unknown if isinstance(verdicts[place], DevinoError)]


async def _submit(
    places: Places,
    submit: _Call,
    verdicts: dict[int, Verdict],
    said: dict[int, MessageResult],
) -> Places:
    """Send. Gives those whose verdict only holds if nothing better is learnt.

    ``said`` gets what holds of them if the platform does not know them.
    """
    try:
        results = await submit(places)
    except (OutcomeUnknown, ProtocolViolation) as error:
        verdicts.update(dict.fromkeys(places, error))
        return places
    except DevinoError as error:
        verdicts.update(dict.fromkeys(places, error))
        return ()
    # Not constants: an error keeps the traceback of whoever raised it.
    unsaid = OutcomeUnknown("the answer does not say what became of this message")
    id_refused = OutcomeUnknown("the platform refuses the id of this message, which it may have")
    doubtful: list[int] = []
    for place, result in zip(places, results, strict=True):
        if result is not None and (is_taken(result) or is_refused(result)):
            verdicts[place] = result
            continue
        doubtful.append(place)
        verdicts[place] = unsaid
        if result is None:
            continue
        if is_bad_id(result):
            verdicts[place] = id_refused
            said[place] = result
        elif result.sms_id is not None:
            # With an id to ask after it is neither refused nor safe to repeat.
            verdicts[place] = said[place] = result
    return doubtful


async def _ask(
    places: Places,
    ask: _Call,
    verdicts: dict[int, Verdict],
    clock: Clock,
    patience: Patience,
) -> Places:
    """Ask until all are found or patience ends. Gives those that are unknown by the last answer."""
    waiting = places
    unknown: list[int] = []
    pause = patience.ask_interval
    for _ in range(patience.asks):
        await clock.sleep(pause)
        pause *= 2
        unknown = []
        try:
            results = await ask(waiting)
        except DevinoError as error:
            if error.retry is not Retry.SAFE:
                return ()
            if isinstance(error, Throttled) and error.retry_after is not None:
                pause = max(pause, error.retry_after)
            continue
        left: list[int] = []
        for place, result in zip(waiting, results, strict=True):
            if result is not None and (is_taken(result) or is_refused(result)):
                verdicts[place] = result
                continue
            left.append(place)
            if result is not None and is_unknown(result):
                unknown.append(place)
        waiting = left
        if not waiting:
            break
    return unknown
