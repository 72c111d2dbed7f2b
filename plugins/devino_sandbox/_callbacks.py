"""What the platform says by calling its customer: the kinds, and what became of each callback."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from typing import Any, Generic, Literal, TypeVar

import msgspec

from ._accounts import Account
from ._consents import ConsentGiven
from ._messages import IncomingMessage, StoredMessage
from ._world import World

__all__ = ["Callback", "CallbackKind", "Callbacks"]

Item = TypeVar("Item")

_LATEST = 1000
"""Callbacks that are remembered."""


class CallbackKind(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """One kind of callback, as a service declares it. Times are seconds of the World's clock.

    An item is what is to be said of one event, in any form: ``changed``, ``arrived`` and
    ``consented`` make it at once, because the message will change; ``write`` puts the items of one
    request into bytes.
    Raises ValueError for a batch below 1 and for times below 0.
    """

    write: Callable[[Sequence[Item]], bytes]
    """Gives the body of a POST or the query of a GET."""
    changed: Callable[[StoredMessage], Item | None] | None = None
    """What to say of a message that has a new state; None: nothing."""
    arrived: Callable[[IncomingMessage], Item | None] | None = None
    """What to say of a message that came in; None: nothing."""
    consented: Callable[[ConsentGiven], Item | None] | None = None
    """What to say of a recipient who has decided about further mails; None: nothing."""
    answered: Callable[[Account, Sequence[Item], bytes], None] | None = None
    """Told what the receiver answered when it took these items: at most 64 KiB of a body."""
    verb: Literal["GET", "POST"] = "POST"
    content_type: str = "application/json"
    """Of a POST."""
    batch: int = 1
    """How many items go into one request at most."""
    answer_within: float | Callable[[Account], float] = 30.0
    """How long an answer is waited for; if the account's settings decide, a function of it."""
    after_silence: float = 60.0
    """When the same request is sent again if no answer came, counted from the end of the wait."""
    after_error: float = 60.0
    """When it is sent again after an answer that does not take it, or if nobody was reached."""
    give_up_after: float = 24 * 3600.0
    """How long after its first attempt a request is sent again."""
    any_success: bool = False
    """Every status of 200 to 299 takes it, not 200 alone."""
    empty_answer: bool = False
    """An answer must have an empty body. Only in a strict World."""
    instead: str | None = None
    """The kind whose URL is called if the account has none for this one."""

    def __post_init__(self) -> None:
        times = [self.after_silence, self.after_error, self.give_up_after]
        if not callable(self.answer_within):
            times.append(self.answer_within)
        if self.batch < 1 or min(times) < 0:
            raise ValueError("a callback needs a batch of 1 or more, and times of 0 or more")


class Callback(msgspec.Struct, kw_only=True, eq=False):
    """One request, through all its attempts. Where it goes is not told."""

    id: int = 0
    """Its number, from 1."""
    kind: str
    account: Account
    items: Sequence[Any]
    to: Sequence[str]
    """The subscribers that it is about."""
    body: bytes
    """The query, of a GET."""
    due: datetime | None
    """When it is to be sent, or sent again."""
    began: datetime | None = None
    """The time of the first attempt."""
    attempt: int = 0
    """How often it was sent."""
    answered: int | None = None
    """The HTTP status of the last attempt; None: no answer."""
    held: bool = False
    messages: tuple[str, ...] = ()
    """The messages that it tells of, by their handles."""
    call: int = 0
    """The call of the journal that was its last attempt."""
    given_up: bool = False
    """It is not sent again: it is too old, there are too many, or the sandbox has ended."""


class Callbacks:
    """The latest callbacks of a World, oldest first."""

    def __init__(self, world: World) -> None:
        self.latest: deque[Callback] = deque(maxlen=_LATEST)
        self._numbers = count(1)

    def add(self, callback: Callback) -> None:
        """One more, which gets a number."""
        callback.id = next(self._numbers)
        self.latest.append(callback)

    def reset(self) -> None:
        """Forget all; the numbers go on."""
        self.latest.clear()
