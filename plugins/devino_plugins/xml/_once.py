"""What became of a package whose answer was lost.

When an answer is lost, the platform may or may not have carried out the send. Each message has an
id of the caller, so the platform can be asked about it:

- A message that it knows was sent.
- A message that it does not know may still be on its way to it: absence is no proof. It is
  OutcomeUnknown, and is sent once more only if the setting ``resend`` says so. The recipient then
  gets it twice if the first package arrives after the last question.
- Any other message keeps the error of the lost answer.

Two more answers lead to questions, as patient as those about a lost answer. A refused id (ERR_ID)
may be one that the platform has already, from this call, an earlier one, or a process that died.
An unknown error (ERR_UNKNOWN) says nothing. The patience is needed because nobody says how soon
Statistics.ashx knows what Send.ashx took: REST's tables have a code for what is not stored yet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias, cast

from devino_codecs.xmlpackage import MessageResult
from devino_core import (
    DevinoError,
    OutcomeUnknown,
    ProtocolViolation,
    Retry,
    Throttled,
)
from devino_core.clock import Clock, in_words
from devino_plugins.kit.answered import of_answer

from ._answers import is_bad_id, is_refused, is_taken, is_unknown

__all__ = ["Finding", "Patience", "send_once"]

Finding: TypeAlias = MessageResult | DevinoError
"""What the platform says of a message, or why nothing is known of it."""

Places: TypeAlias = Sequence[int]
"""Some messages of the package: where they stand in it, in order."""

Results: TypeAlias = Sequence[MessageResult | None]
"""One for each place, in order. None where the platform said nothing."""

_Exchange: TypeAlias = Callable[[Places], Awaitable[Results]]


class Patience(NamedTuple):
    """How long to ask: settings of :class:`._settings.XmlSettings`."""

    # A crash reporter would show the login of the settings themselves among the locals.
    asks: int
    ask_interval: float
    resend: bool


async def send_once(
    count: int, *, submit: _Exchange, ask: _Exchange, clock: Clock, patience: Patience
) -> list[Finding]:
    """Send a package of ``count`` messages, and give a finding for each, in order.

    ``submit`` sends the messages at some places, ``ask`` asks about them. Raises an error that
    concerns all of them.
    """
    findings: dict[int, Finding] = {}
    unknown = await _attempt(range(count), submit, ask, findings, clock, patience)
    if unknown and patience.resend:
        again: dict[int, Finding] = {}
        await _attempt(unknown, submit, ask, again, clock, patience)
        # Only what is known of the repeat counts. That it was not sent, or that its id is refused,
        # says nothing of the first package.
        findings.update(
            {
                place: found
                for place, found in again.items()
                if not isinstance(found, DevinoError) and not is_bad_id(found)
            }
        )
    outcomes = [findings[place] for place in range(count)]
    first = outcomes[0]
    if isinstance(first, DevinoError) and all(outcome is first for outcome in outcomes):
        raise first
    return outcomes


async def _attempt(
    places: Places,
    submit: _Exchange,
    ask: _Exchange,
    findings: dict[int, Finding],
    clock: Clock,
    patience: Patience,
) -> Places:
    """Send, and ask about the doubtful ones. Gives those that the platform says it does not know,
    and whose answer was lost."""
    said: dict[int, MessageResult] = {}
    doubtful = await _submit(places, submit, findings, said)
    if not doubtful:
        return ()
    began = clock.monotonic()
    unknown = await _ask(doubtful, ask, findings, clock, patience)
    findings.update({place: said[place] for place in unknown if place in said})
    lost = [place for place in unknown if isinstance(findings[place], DevinoError)]
    if lost:
        seconds = clock.monotonic() - began
        error = cast("DevinoError", findings[lost[0]])
        findings.update(dict.fromkeys(lost, _not_known(error, patience.asks, seconds)))
    return lost


def _not_known(lost: DevinoError, asks: int, seconds: float) -> OutcomeUnknown:
    error = OutcomeUnknown(
        f"{lost.said}; asked {asks} times over {in_words(seconds)}, the platform does not know "
        "this message, which may still be on its way to it"
    )
    error.call_id, error.http_status = lost.call_id, lost.http_status
    return error


async def _submit(
    places: Places,
    submit: _Exchange,
    findings: dict[int, Finding],
    said: dict[int, MessageResult],
) -> Places:
    """Send. Gives the doubtful ones: a question may bring a better finding.

    ``said`` gets their findings for the case that the platform does not know them.
    """
    try:
        results = await submit(places)
    except (OutcomeUnknown, ProtocolViolation) as error:
        findings.update(dict.fromkeys(places, error))
        return places
    except DevinoError as error:
        findings.update(dict.fromkeys(places, error))
        return ()
    if all(result is not None and is_taken(result) for result in results):
        findings.update(zip(places, cast("Sequence[MessageResult]", results), strict=True))
        return ()
    # Made anew each time: an error keeps the traceback of whoever raised it.
    unsaid = of_answer(OutcomeUnknown("the answer does not say what became of this message"))
    id_refused = of_answer(
        OutcomeUnknown("the platform refuses the id of this message, which it may have")
    )
    doubtful: list[int] = []
    for place, result in zip(places, results, strict=True):
        if result is not None and (is_taken(result) or is_refused(result)):
            findings[place] = result
            continue
        doubtful.append(place)
        findings[place] = unsaid
        if result is None:
            continue
        if is_bad_id(result):
            findings[place] = id_refused
            said[place] = result
        elif result.sms_id is not None:
            # It has an id to ask about, so it is neither refused nor safe to repeat.
            findings[place] = said[place] = result
    return doubtful


async def _ask(
    places: Places,
    ask: _Exchange,
    findings: dict[int, Finding],
    clock: Clock,
    patience: Patience,
) -> Places:
    """Ask until all are found or patience ends. Gives those that the last answer does not know."""
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
                findings[place] = result
                continue
            left.append(place)
            if result is not None and is_unknown(result):
                unknown.append(place)
        waiting = left
        if not waiting:
            break
    return unknown
