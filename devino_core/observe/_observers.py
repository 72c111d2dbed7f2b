"""The observers of one client: told in turn, and left out when they fail."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from devino_core._events import Event
from devino_core._message import Message
from devino_core._status import Receipt

from ._values import Call, Figure, Observer, Outcome

__all__ = ["Done", "Observers"]

R = TypeVar("R")

Done = Callable[[Outcome], None]


class Observers:
    """Those who are told. One that raises is logged once and left out: it changes no call."""

    __slots__ = ("all",)

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self.all: tuple[Observer, ...] = tuple(observers)
        """Those who have not failed."""

    def __bool__(self) -> bool:
        return bool(self.all)

    def call_started(self, call: Call) -> list[Done]:
        """Tell of a call. Gives what to call at its end; none of it raises."""
        done: list[Done] = []
        for observer in self.all:
            ended = self._tell(observer, observer.call_started, call)
            if ended is not None:
                done.append(partial(self._tell, observer, ended))
        return done

    def message_done(self, message: Message, receipt: Receipt) -> None:
        """Tell of a message that has its receipt."""
        for observer in self.all:
            self._tell(observer, observer.message_done, message, receipt)

    def event(self, event: Event) -> None:
        """Tell of an event."""
        for observer in self.all:
            self._tell(observer, observer.event, event)

    @property
    def want_figures(self) -> bool:
        """Whether anybody does: only then are they worth the work."""
        return any(map(_wants_figures, self.all))

    def figure(self, figure: Figure) -> None:
        """Tell of a figure."""
        for observer in self.all:
            if _wants_figures(observer):
                self._tell(observer, observer.figure, figure)

    def _tell(self, observer: Observer, method: Callable[..., R], *told: object) -> R | None:
        try:
            return method(*told)
        except Exception as error:  # noqa: BLE001 - whatever an observer does, the call goes on
            from logging import getLogger

            self.all = tuple(one for one in self.all if one is not observer)
            # Its text may quote what it was told, so it is not logged with it.
            getLogger("devino.observe").error(  # noqa: TRY400
                "%s raised %s and is told nothing more\n%s",
                type(observer).__name__,
                type(error).__name__,
                "".join(traceback.format_tb(error.__traceback__)),
            )
            return None


def _wants_figures(observer: Observer) -> bool:
    return getattr(type(observer), "figure", Observer.figure) is not Observer.figure
