"""The calls of one channel or service: each has one start and one end."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Self

from devino_core.clock import Clock
from devino_core.errors import DevinoError

from ._log import log_call, log_wire, logger_of
from ._observers import Done, Observers
from ._values import Call, Outcome

if TYPE_CHECKING:
    from logging import Logger
    from types import TracebackType

__all__ = ["Calls", "Running"]

_DEBUG, _INFO, _WARNING = 10, 20, 30
_NUMBERS = count()
_NOBODY = Observers()


class _Seed:
    """Where this process begins to count. The system's randomness for each call takes longer."""

    def __init__(self) -> None:
        self.draw()

    def draw(self) -> None:
        # Between 2**60 and 2**63, so that each id has 16 digits.
        self.value = int.from_bytes(os.urandom(8), "big") >> 1 | 1 << 60


_SEED = _Seed()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_SEED.draw)


class Calls:
    """Where a channel or service says that it makes a call: ``self.observed`` of each.

    ::

        with self.observed.begin("Sms/Send", peer="example.com:443", messages=1) as call:
            call.start()
            call.http_status = await self._post(..., request_id=call.id)

    The call ends with the block. An error of this library that leaves the block gets the call's id.
    """

    __slots__ = ("channel", "clock", "kind", "log", "observers")

    def __init__(self, channel: str, clock: Clock) -> None:
        self.channel: str = channel
        self.clock: Clock = clock
        self.attach(channel, _NOBODY)

    def attach(self, kind: str, observers: Observers) -> None:
        """From now on these are told. A client does it, for it knows them and the kind."""
        self.kind: str = kind
        self.observers: Observers = observers
        self.log: Logger = logger_of(kind)
        """``devino.<kind>``."""

    @property
    def is_watched(self) -> bool:
        """Whether anybody wants to know of calls that succeed."""
        return bool(self.observers.all) or self.log.isEnabledFor(_INFO)

    @property
    def shows_wire(self) -> bool:
        """Whether the log shows requests and answers."""
        return self.log.isEnabledFor(_DEBUG)

    def begin(self, operation: str, *, peer: str, messages: int = 0, attempt: int = 1) -> Running:
        """A call that is about to be made. The fields are those of :class:`Call`."""
        return Running(self, operation, peer, messages, attempt)

    @property
    def sees_starts(self) -> bool:
        """Whether anybody wants to know of a call before it has ended."""
        return bool(self.observers.all) or self.log.isEnabledFor(_DEBUG)

    def log_success(
        self, operation: str, answer: int | str, since: float, *, messages: int, attempt: int
    ) -> None:
        """Log a call at INFO that was made then, by the channel's clock: for a transport that
        begins none as long as nobody sees its start."""
        seconds = self.clock.monotonic() - since
        what = _what(self.channel, operation, messages, attempt)
        log_call(self.log, _INFO, _new_id(), what, answer, seconds)

    def show(self, what: str, text: str) -> None:
        """Log what the platform sent by itself, masked already."""
        log_wire(self.log, None, f"{self.channel} {what}", text)


def _new_id() -> str:
    return f"{_SEED.value + next(_NUMBERS):x}"


@lru_cache
def _what(channel: str, operation: str, messages: int, attempt: int) -> str:
    """A call in the log: the channel, the operation, how many messages it carries."""
    what = f"{channel} {operation}"
    if messages:
        what = f"{what} 1 message" if messages == 1 else f"{what} {messages} messages"
    return what if attempt <= 1 else f"{what} (attempt {attempt})"


class Running:
    """A call on its way. Say :meth:`start` when it is made, and set what its answer tells."""

    __slots__ = (
        "_attempt", "_calls", "_done", "_messages", "_operation", "_peer", "_since",
        "http_status", "id", "is_logged", "message_id", "wire_code",
    )  # fmt: skip

    def __init__(
        self, calls: Calls, operation: str, peer: str, messages: int, attempt: int
    ) -> None:
        # Not by `_new_id`: each call of each transport over HTTP comes here.
        self.id: str = f"{_SEED.value + next(_NUMBERS):x}"
        self.http_status: int | None = None
        self.wire_code: int | str | None = None
        self.message_id: str | None = None
        self.is_logged: bool = calls.log.isEnabledFor(_INFO)
        """Whether the log shows calls that succeed; it is asked when the call begins."""
        self._calls = calls
        # Nearly always nobody wants them as a Call, which takes longer to make.
        self._operation = operation
        self._peer = peer
        self._messages = messages
        self._attempt = attempt
        self._since: float | None = None
        self._done: list[Done] | None = None

    @property
    def call(self) -> Call:
        """It as observers are told it."""
        return Call(
            id=self.id,
            channel=self._calls.channel,
            kind=self._calls.kind,
            operation=self._operation,
            peer=self._peer,
            messages=self._messages,
            attempt=self._attempt,
        )

    def start(self) -> None:
        """It is made now: not while it waits for its turn. A second time it does nothing."""
        if self._since is None:
            calls = self._calls
            self._since = calls.clock.monotonic()
            observers = calls.observers
            if observers.all:
                self._done = observers.call_started(self.call)

    def started_at(self, when: float) -> None:
        """It was made then, by the channel's clock, and no observer was told: for a transport that
        says a call only when it has failed."""
        self._since = when

    def wire(self, what: str, shown: Callable[[], str]) -> None:
        """Log a request or an answer, which ``shown`` gives masked, if the log shows the wire."""
        if self._calls.shows_wire:
            log_wire(self._calls.log, self.id, f"{self._calls.channel} {what}", shown())

    def end(self, error: BaseException | None = None) -> None:
        """It has ended, with this error. A second time it does nothing."""
        ours = error if isinstance(error, DevinoError) else None
        if ours is not None and ours.call_id is None:
            ours.call_id = self.id
            ours.http_status = self.http_status
        since, self._since = self._since, None
        if since is None:
            return
        calls, done = self._calls, self._done
        level = _INFO if ours is None else _WARNING
        is_logged = calls.log.isEnabledFor(level)
        if not is_logged and done is None:
            return
        seconds = calls.clock.monotonic() - since
        cancelled = error is not None and ours is None
        if is_logged:
            answer = self.wire_code if self.http_status is None else self.http_status
            if cancelled:
                answer = "cancelled"
            elif answer is None:
                answer = "done" if ours is None else "no answer"
            what = _what(calls.channel, self._operation, self._messages, self._attempt)
            log_call(calls.log, level, self.id, what, answer, seconds, ours)
        if done:
            outcome = Outcome(
                seconds=seconds,
                http_status=self.http_status,
                wire_code=self.wire_code,
                message_id=self.message_id,
                error=ours,
                cancelled=cancelled,
            )
            for tell in done:
                tell(outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Nearly all calls end so, and nobody wants to know.
        if error is None and self._done is None and not self.is_logged:
            self._since = None
        else:
            self.end(error)
