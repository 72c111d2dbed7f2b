"""The receipts of a call whose answer tells of each of its messages, in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, TypeVar, cast

from msgspec.structs import replace

from devino_codecs.http import Unread
from devino_core import DevinoError, Message, OutcomeUnknown, Receipt
from devino_core.dispatch import failed_receipt

from .ids import GivenIds

__all__ = ["not_read", "receipts_of_each", "unassigned"]

T = TypeVar("T")


def receipts_of_each(
    messages: Sequence[Message],
    told: Sequence[T | Unread],
    receipt: Callable[[Message, T], Receipt | DevinoError],
    *,
    given: GivenIds | None,
    channel: str,
) -> list[Receipt]:
    """One receipt for each message, from what the platform told of it.

    ``receipt`` makes it, or gives the error of a message that was not taken. Where the platform
    told of more or fewer messages than were sent, or gave one id twice, nothing is guessed
    (:func:`unassigned`).

    Raises ProtocolViolation for an id that another call was ``given``, unless this is None.
    """
    is_complete = len(told) == len(messages)
    # Otherwise only the ids count, and those are the same whoever's they are.
    whose = messages if is_complete else repeat(messages[0], len(told))

    def look(message: Message, one: T | Unread) -> Receipt | DevinoError:
        return not_read(one) if isinstance(one, Unread) else receipt(message, one)

    # Nearly always all can be read, and all were taken: types are looked at together.
    items: Sequence[Any] = told
    outcomes = list(map(look if Unread in set(map(type, told)) else receipt, whose, items))
    ids = [one for it in outcomes if isinstance(it, Receipt) for one in it.ids]
    different = set(ids)
    if given is not None:
        given.remember(different)
    if not is_complete or len(different) != len(ids):
        return unassigned(messages, ids, told=len(told), channel=channel)
    if {Receipt}.issuperset(map(type, outcomes)):
        return cast("list[Receipt]", outcomes)
    return [
        it if isinstance(it, Receipt) else failed_receipt(message, it, channel=channel)
        for message, it in zip(messages, outcomes, strict=True)
    ]


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
