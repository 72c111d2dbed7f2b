"""What the platform's answers mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from devino_codecs.email import MessageStatus, ResponseCode, Taken
from devino_codecs.http import Coded, Unread
from devino_core import (
    DevinoError,
    Medium,
    Message,
    NotFound,
    OutcomeUnknown,
    Receipt,
    State,
    Status,
)
from devino_core.dispatch import failed_receipt
from devino_plugins.kit.answered import of_answer
from devino_plugins.kit.receipts import not_read, unassigned
from devino_plugins.kit.refusals import refusal
from devino_plugins.kit.states import state_of

__all__ = ["not_known", "receipts", "status_of"]

_ACCEPTED = Status(state=State.ACCEPTED, medium=Medium.EMAIL)


def receipts(
    messages: Sequence[Message],
    taken: Sequence[Taken | Unread],
    *,
    channel: str,
    hide: Callable[[str], str],
) -> list[Receipt]:
    """One receipt for each message of a call, found by place and never by address.

    Two messages may go to one address, and the platform may spell an address otherwise. Where
    neither the index nor the number of elements says which is which, nothing is guessed.
    """
    placed = _placed(taken, len(messages))
    ids = [each.message_id for each in placed or taken if type(each) is Taken and each.message_id]
    if placed is None or len(set(ids)) != len(ids):
        return unassigned(messages, ids, told=len(taken), channel=channel)
    ok = ResponseCode.OK
    if len(ids) == len(messages) == [one.code for one in placed if type(one) is Taken].count(ok):
        return Receipt.of_each(messages, _ACCEPTED, channel=channel, ids=zip(ids))
    return [
        Receipt.of(message, _ACCEPTED, channel=channel, ids=(each.message_id,))
        if type(each) is Taken and each.code is ok and each.message_id
        else failed_receipt(message, of_answer(_why_not(each, hide)), channel=channel)
        for message, each in zip(messages, placed, strict=True)
    ]


def _placed(taken: Sequence[Taken | Unread], count: int) -> Sequence[Taken | Unread] | None:
    """What was told of each message, in their order; None if nothing says which is which."""
    if [each.index if type(each) is Taken else None for each in taken] == [*range(count)]:
        return taken
    if len(taken) != count:
        return None
    read = [(each.index, place) for place, each in enumerate(taken) if isinstance(each, Taken)]
    places = dict(read)
    if len(places) < len(read) or not places.keys() <= {*range(count)}:
        # These are no indices: the order counts.
        return taken
    if len(read) == count:
        return [taken[places[index]] for index in range(count)]
    # What cannot be read has no index. Where the others are not in their places, they came in
    # another order, or the platform counts from 1.
    return taken if all(index == place for index, place in read) else None


def _why_not(taken: Taken | Unread, hide: Callable[[str], str]) -> DevinoError:
    """Why a message has no id."""
    if isinstance(taken, Unread):
        return not_read(taken)
    if taken.code is not ResponseCode.OK:
        code = taken.code if isinstance(taken.code, Coded) else hide(taken.code)
        return refusal(code, hide(taken.description or "") or str(code), changes=True)
    return OutcomeUnknown("the platform took it and gave no id for it")


def status_of(told: MessageStatus | None, message_id: str, hide: Callable[[str], str]) -> Status:
    """What became of a message; None is no answer about it."""
    if told is None:
        return not_known(message_id)
    word = told.state
    return Status(
        state=state_of(word),
        id=message_id,
        code=str(word) if isinstance(word, Coded) else hide(word),
        medium=Medium.EMAIL,
    )


def not_known(message_id: str) -> Status:
    """The status of a message that the platform does not know, or does not show this account."""
    error = NotFound("the platform knows no message of this account with this id")
    return Status(
        state=State.UNKNOWN,
        id=message_id,
        description=error.description,
        medium=Medium.EMAIL,
        error=error,
    )
