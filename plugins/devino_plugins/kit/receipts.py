"""The receipts of a call whose answer tells of each of its messages, in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from devino_codecs.http import Refusal, Unread
from devino_core import DevinoError, Message, OutcomeUnknown, Receipt, State, Status
from devino_core.dispatch import failed_receipt

from .refusals import refused_item
from .states import accepted

if TYPE_CHECKING:
    from devino_core.clock import Clock

    from .ids import GivenIds

__all__ = ["Outcome", "Taken", "Unclear", "not_read", "receipts_of_each", "unassigned"]

T = TypeVar("T")


class Taken(Struct, frozen=True, gc=False):
    """The platform took a message."""

    ids: tuple[str, ...]
    parts: int = 1
    """How many segments the message is charged for; 0: not known."""
    status: Status | None = None
    """What the platform told of it already. None: SCHEDULED for later, else ACCEPTED."""


class Unclear(Struct, frozen=True):
    """The platform said a word of a message that is neither yes nor no."""

    word: str
    description: str = ""


Outcome: TypeAlias = str | Taken | Unclear | Refusal | DevinoError
"""What became of one message of a call: a text alone is the one id of a message that the platform
took. A refusal's words are the platform's: of its code nothing but the message is refused."""


def receipts_of_each(
    messages: Sequence[Message],
    told: Sequence[T | Unread],
    outcome: Callable[[T], Outcome],
    *,
    given: GivenIds | None,
    channel: str,
    clock: Clock,
    hide: Callable[[str], str],
) -> list[Receipt]:
    """One receipt for each message, from what the platform told of it.

    ``outcome`` says what that means; ``hide`` takes the secrets out of the platform's words. Where
    the platform told of more or fewer messages than were sent, or gave one id twice, nothing is
    guessed (:func:`unassigned`). Nobody knows what became of a message with an id that another call
    was ``given``; None: the platform may give an id again.

    Raises ProtocolViolation if all ids are those of another call.
    """
    items: Sequence[Any] = told
    # Nearly always all can be read, and all were taken: types are looked at together.
    if Unread in set(map(type, items)):
        outcomes = [not_read(it) if isinstance(it, Unread) else outcome(it) for it in items]
    else:
        outcomes = list(map(outcome, items))
    kinds = set(map(type, outcomes))
    own: Sequence[tuple[str, ...]] = _ids_of_each(outcomes, kinds)
    ids = list(chain.from_iterable(own))
    different = set(ids)
    known: Set[str] = frozenset() if given is None else given.remember_new(different)
    if len(told) != len(messages) or len(different) != len(ids):
        new = [one for one in ids if one not in known]
        return unassigned(messages, new, told=len(told), channel=channel)
    if not known and _go_now(messages) and _say_no_more(outcomes, kinds):
        parts = None if kinds == {str} else map(attrgetter("parts"), outcomes)
        now = accepted(messages[0], clock)
        return Receipt.of_each(messages, now, channel=channel, ids=own, parts=parts)
    return [
        _receipt(message, _unless_known(it, known), channel=channel, clock=clock, hide=hide)
        for message, it in zip(messages, outcomes, strict=True)
    ]


def _ids_of_each(outcomes: Sequence[Any], kinds: Set[type]) -> list[tuple[str, ...]]:
    if kinds == {str}:
        return list(zip(outcomes, strict=True))
    if kinds == {Taken}:
        return list(map(attrgetter("ids"), outcomes))
    return [
        (it,) if isinstance(it, str) else it.ids if isinstance(it, Taken) else () for it in outcomes
    ]


def _go_now(messages: Sequence[Message]) -> bool:
    """Whether all have one medium and none is for later."""
    media = list(map(attrgetter("medium"), messages))
    send_ats = list(map(attrgetter("send_at"), messages))
    # To count the same object in a list is far quicker than a comparison in Python for each.
    return media.count(media[0]) == len(media) and send_ats.count(None) == len(send_ats)


def _say_no_more(outcomes: Sequence[object], kinds: Set[type]) -> bool:
    """Whether all say that the message was taken, and not what became of it since."""
    return kinds == {str} or (
        kinds == {Taken} and {None}.issuperset(map(attrgetter("status"), outcomes))
    )


def _unless_known(outcome: Outcome, known: Set[str]) -> Taken | Unclear | Refusal | DevinoError:
    if isinstance(outcome, str):
        outcome = Taken((outcome,))
    if not (known and isinstance(outcome, Taken)):
        return outcome
    for one in outcome.ids:
        if one in known:
            return OutcomeUnknown(
                f"the platform gave it the id {one}, which is another message's: it may have been "
                "sent"
            )
    return outcome


def _receipt(
    message: Message,
    outcome: Taken | Unclear | Refusal | DevinoError,
    *,
    channel: str,
    clock: Clock,
    hide: Callable[[str], str],
) -> Receipt:
    if isinstance(outcome, Taken):
        status = outcome.status or accepted(message, clock)
        return Receipt.of(message, status, channel=channel, ids=outcome.ids, parts=outcome.parts)
    if isinstance(outcome, Unclear):
        word = hide(outcome.word)
        lost = OutcomeUnknown(f"the platform said {word} and gave no id: it may have been sent")
        status = Status(state=State.UNKNOWN, code=word, description=hide(outcome.description))
        return Receipt.of(message, status, channel=channel, parts=0, error=lost)
    if isinstance(outcome, Refusal):
        outcome = refused_item(outcome.code, outcome.description, hide)
    return failed_receipt(message, outcome, channel=channel)


def unassigned(
    messages: Sequence[Message], ids: Sequence[str], *, told: int, channel: str
) -> list[Receipt]:
    """The receipts of messages that were perhaps sent, where nothing says which id is whose.

    ``told`` is of how many messages the platform told.
    """
    lost = OutcomeUnknown(
        f"the platform answered with {told} results and {len(set(ids))} ids for "
        f"{len(messages)} messages: nothing says which belongs to which"
    )
    return [
        replace(failed_receipt(message, lost, channel=channel), unassigned_ids=tuple(ids))
        for message in messages
    ]


def not_read(told: Unread) -> OutcomeUnknown:
    """The error of a message about which the platform told something that cannot be read."""
    return OutcomeUnknown(f"the platform's answer about it cannot be read: {told}")
