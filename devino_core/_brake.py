"""Ends a long send in good order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar, Token
from functools import partial
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

from ._message import Message
from ._status import Receipt
from .errors import DevinoError, OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    from asyncio import Task

__all__ = ["Brake", "NotBegun"]

ReceiptsT = TypeVar("ReceiptsT", bound="Sequence[Receipt] | None")

Told: TypeAlias = Callable[[Sequence[Message], "Sequence[Receipt] | DevinoError"], object]


class NotBegun(Unavailable):
    """The send was stopped before the call with this message began: nothing was sent."""


class Brake:
    """Stops the sends inside its block without losing an outcome.

    ::

        with Brake() as brake:
            receipts = await client.send_many(messages)

    After :meth:`pull` no call begins any more. Calls that have begun may end, and the messages of
    the others get a receipt with :exc:`NotBegun`. :meth:`cut` ends the calls that have begun, too:
    their messages get :exc:`~devino_core.errors.OutcomeUnknown`. A channel heeds it that makes its
    calls by :func:`~devino_core.dispatch.dispatch`; another channel finishes what it was given.

    ``told`` gets each call's messages and outcome as soon as the call has ended.
    """

    def __init__(self, told: Told | None = None) -> None:
        self.is_pulled = False
        """Whether no call begins any more."""
        self._is_cut = False
        self._is_heeded = False
        self._told = told
        self._working: set[Task[object]] = set()
        self._tokens: list[Token[Brake | None]] = []

    def __enter__(self) -> Self:
        self._tokens.append(_AROUND.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        _AROUND.reset(self._tokens.pop())

    @staticmethod
    def current() -> Brake | None:
        """The brake around this code."""
        return _AROUND.get()

    def pull(self) -> None:
        """Let no other call begin."""
        self.is_pulled = True

    def cut(self) -> bool:
        """Cancel the calls under way. Gives whether the channel heeds the brake, so that an outcome
        of each message comes at once."""
        self.is_pulled = self._is_cut = True
        for task in self._working:
            task.cancel()
        return self._is_heeded

    def watched(
        self,
        messages: Sequence[Message],
        calls: Iterable[tuple[Sequence[int], Callable[[], Awaitable[ReceiptsT]]]],
    ) -> list[tuple[Sequence[int], Callable[[], Awaitable[ReceiptsT]]]]:
        """The same calls, each of which heeds this brake."""
        from asyncio import current_task

        if (task := current_task()) is not None:
            # This is a call of several, and these are the calls that it makes.
            self._working.discard(task)
        return [
            (positions, partial(self.call, [messages[place] for place in positions], make))
            for positions, make in calls
        ]

    async def call(
        self, messages: Sequence[Message], make: Callable[[], Awaitable[ReceiptsT]]
    ) -> ReceiptsT:
        """Make one call, which gives receipts, one for each of these messages, or None if it has to
        be made again.

        Raises NotBegun after :meth:`pull`, and OutcomeUnknown if :meth:`cut` ended it.
        """
        from asyncio import CancelledError, current_task

        self._is_heeded = True
        if self.is_pulled:
            raise NotBegun("not begun, because the send was stopped")
        task = current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._working.add(task)
        outcome: ReceiptsT | DevinoError
        try:
            outcome = await make()
        except CancelledError:
            if not self._is_cut:
                raise
            task.uncancel()
            outcome = OutcomeUnknown("cut off before the answer came")
        except DevinoError as error:
            outcome = error
        finally:
            self._working.discard(task)
        if self._told is not None and outcome is not None:
            self._told(messages, outcome)
        if isinstance(outcome, DevinoError):
            raise outcome
        return outcome


_AROUND: ContextVar[Brake | None] = ContextVar("devino_brake", default=None)
