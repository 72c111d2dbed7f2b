"""The receipts of a call whose answer tells of each of its messages, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from devino_codecs.http import Refusal, Unread
from devino_core import DevinoError, Message, OutcomeUnknown, Receipt, State, Status
from devino_core.dispatch import failed_receipt

from .answered import of_answer
from .refusals import refused_item
from .states import accepted

if TYPE_CHECKING:
    from devino_core.clock import Clock

    from .ids import GivenIds

__all__ = ["Outcome", "Taken", "TakenIf", "Unclear", "not_read", "receipts_of_each", "unassigned"]

T = TypeVar("T")


class Taken(Struct, frozen=True, gc=False):
    """The platform took a message."""

    ids: tuple[str, ...]
    parts: int = 1
    """How many segments the message is charged for; 0: not known."""
    status: Status | None = None
    """What the platform told of it already. None: SCHEDULED for later, else ACCEPTED."""


class TakenIf(Struct, frozen=True, kw_only=True):
    """By which fields of what it told of a message the platform says that it took it, such as
    ``TakenIf(id="message_id", says={"code": "OK"})``.

    Nearly always it took all. Fields are looked at together: several times faster than by a
    function for each message.
    """

    id: str
    """The field of the id. A message for which it holds no text was not plainly taken."""
    says: Mapping[str, str | int] = {}
    """What other fields say: words, in any case, or numbers."""
    segments: str | None = None
    """The field that lists the segments that the message is charged for. Unless given, it is one;
    where the field holds no list, or an empty one, nobody knows how many."""

    @property
    def fields(self) -> tuple[str, ...]:
        """All that are looked at."""
        return (self.id, *self.says, *([] if self.segments is None else [self.segments]))

    def of_all(self, told: Sequence[object]) -> Together | None:
        """What was told of messages that were all taken; None if one was not, or may not be."""
        if Unread in set(map(type, told)):
            return None
        for field, word in self.says.items():
            if list(map(attrgetter(field), told)).count(word) != len(told):
                return None
        ids = list(map(attrgetter(self.id), told))
        return Together(ids, self._parts(told)) if _are_ids(ids) else None

    def of_one(self, told: object) -> Taken | None:
        """What was told of a message that was taken; None if it was not."""
        given = getattr(told, self.id)
        words = [(getattr(told, field), word) for field, word in self.says.items()]
        if _are_ids([given]) and all(_folded(it) == _folded(word) for it, word in words):
            parts = self._parts((told,))
            return Taken((given,), 1 if parts is None else parts[0])
        return None

    def _parts(self, told: Sequence[object]) -> list[int] | None:
        if self.segments is None:
            return None
        found = map(attrgetter(self.segments), told)
        return [len(each) if isinstance(each, _LISTS) else 0 for each in found]


_LISTS = (tuple, list)


def _are_ids(ids: Sequence[object]) -> bool:
    return {str}.issuperset(map(type, ids)) and len(ids) > 0 and all(ids)


def _folded(word: object) -> object:
    return word.upper() if isinstance(word, str) else word


class Together(NamedTuple):
    """The ids of messages that were all taken, one for each, and the parts, if not one for each."""

    ids: Sequence[str]
    parts: Sequence[int] | None

    def each(self) -> list[Taken]:
        parts = self.parts or [1] * len(self.ids)
        return [Taken((one,), many) for one, many in zip(self.ids, parts, strict=True)]


class Unclear(Struct, frozen=True):
    """The platform said a word of a message that is neither yes nor no."""

    word: str
    description: str = ""


_End: TypeAlias = Taken | Unclear | Refusal | DevinoError
Outcome: TypeAlias = str | _End
"""What became of one message of a call: a text alone is the one id of a message that the platform
took. A refusal's words are the platform's: of its code nothing but the message is refused."""


def receipts_of_each(
    messages: Sequence[Message],
    told: Sequence[T | Unread],
    outcome: Callable[[T], Outcome],
    *,
    taken: TakenIf | None = None,
    given: GivenIds | None,
    channel: str,
    clock: Clock,
    hide: Callable[[str], str],
) -> list[Receipt]:
    """One receipt for each message, from what the platform told of it.

    ``taken`` says which were taken, and ``outcome`` what all else means; ``hide`` takes the secrets
    out of the platform's words. Where the platform told of more or fewer messages than were sent,
    or gave one id twice, nothing is guessed (:func:`unassigned`). Nobody knows what became of a
    message with an id that another call was ``given``; None: the platform may give an id again.

    Raises ProtocolViolation if all ids are those of another call.
    """
    ends: Sequence[_End] = ()
    together = None if taken is None else taken.of_all(told)
    if together is None:
        ends = [_end(it, taken, outcome) for it in told]
        ids: Sequence[str] = [one for it in ends if isinstance(it, Taken) for one in it.ids]
    else:
        ids = together.ids
    different = set(ids)
    known: Set[str] = frozenset() if given is None else given.remember_new(different)
    if len(told) != len(messages) or len(different) != len(ids):
        new = [one for one in ids if one not in known]
        return unassigned(messages, new, told=len(told), channel=channel)
    if together is not None:
        if not known and _go_now(messages):
            now, own = accepted(messages[0], clock), zip(ids, strict=True)
            return Receipt.of_each(messages, now, channel=channel, ids=own, parts=together.parts)
        ends = together.each()
    return [
        _receipt(message, _unless_known(it, known), channel=channel, clock=clock, hide=hide)
        for message, it in zip(messages, ends, strict=True)
    ]


def _end(told: T | Unread, taken: TakenIf | None, outcome: Callable[[T], Outcome]) -> _End:
    if isinstance(told, Unread):
        return not_read(told)
    if taken is not None and (plainly := taken.of_one(told)) is not None:
        return plainly
    found = outcome(told)
    return Taken((found,)) if isinstance(found, str) else found


def _go_now(messages: Sequence[Message]) -> bool:
    """Whether all have one medium and none is for later."""
    # To count the same object in a list is far quicker than a comparison in Python for each.
    media = [message.medium for message in messages]
    send_ats = [message.send_at for message in messages]
    return media.count(media[0]) == len(media) and send_ats.count(None) == len(send_ats)


def _unless_known(outcome: _End, known: Set[str]) -> _End:
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
    outcome: _End,
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
        return Receipt.of(message, status, channel=channel, parts=0, error=of_answer(lost))
    if isinstance(outcome, Refusal):
        outcome = refused_item(outcome.code, outcome.description, hide)
    return failed_receipt(message, of_answer(outcome), channel=channel)


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
        replace(
            failed_receipt(message, of_answer(lost), channel=channel), unassigned_ids=tuple(ids)
        )
        for message in messages
    ]


def not_read(told: Unread) -> OutcomeUnknown:
    """The error of a message about which the platform told something that cannot be read."""
    return OutcomeUnknown(f"the platform's answer about it cannot be read: {told}")
