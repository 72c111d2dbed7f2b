"""A call that was refused as a whole for one of its messages is made again in halves."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    Message,
    Receipt,
    Rejected,
    Throttled,
)
from devino_core.dispatch import settle

__all__ = ["Halvable", "send_in_halves"]

_OF_ALL = (AuthenticationFailed, InsufficientFunds, Throttled, ConnectFailed)
"""Errors that any further call would meet, too."""

CallT = TypeVar("CallT", bound="Halvable")


class Halvable(Protocol):
    """A call that sends several messages, and can be made as two."""

    @property
    def positions(self) -> Sequence[int]:
        """Where its messages stand in the list."""
        ...

    def halves(self: CallT) -> tuple[CallT, CallT]:
        """Two calls that send the same. There must be more than one message."""
        ...


async def send_in_halves(
    call: CallT,
    messages: Sequence[Message],
    send: Callable[[CallT], Awaitable[Sequence[Receipt]]],
    *,
    blames_one: Callable[[Rejected], bool],
    channel: str,
) -> Sequence[Receipt]:
    """Make a call; if it is refused for one of its messages, in halves until that one is alone.

    ``blames_one`` says whether a refusal of all is for one message, which the platform does not
    name. What was refused was not sent, so nothing is sent twice.
    """

    def can_be_halved(refused: CallT, error: DevinoError) -> bool:
        return len(refused.positions) > 1 and isinstance(error, Rejected) and blames_one(error)

    try:
        return await send(call)
    except Rejected as error:
        if not can_be_halved(call, error):
            raise
    outcomes: dict[int, Receipt | DevinoError] = {}
    waiting = [*call.halves()]
    while waiting:
        half = waiting.pop(0)
        try:
            sent = await send(half)
        except DevinoError as error:
            if can_be_halved(half, error):
                waiting[:0] = half.halves()
                continue
            outcomes.update(dict.fromkeys(half.positions, error))
            if isinstance(error, _OF_ALL):
                for left in waiting:
                    outcomes.update(dict.fromkeys(left.positions, copy.copy(error)))
                break
        else:
            outcomes.update(zip(half.positions, sent, strict=True))
    return settle(
        [messages[position] for position in call.positions],
        [outcomes[position] for position in call.positions],
        channel=channel,
    )
