"""What a running sandbox shows of what it receives: lines for people, or JSON for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Protocol

import msgspec

from devino_core.cli.toolkit import App, one_line

from ._journal import Record
from ._messages import IncomingMessage, StoredMessage
from ._shown import IncomingView, MessageView
from ._world import World

__all__ = ["JsonLog", "Log", "TextLog"]

AT_ONCE = 20
"""Messages shown of what comes at once: nobody reads a bulk of thousands line by line."""
REMEMBERED = 1_000
LENGTH = 40
"""Characters of a text that are shown."""


class Log(Protocol):
    """Shows what happens in a World from the moment when it is made."""

    def flush(self) -> None:
        """Show what came since the last time."""


class TextLog:
    """A line each. ``verbose``: also of each call; otherwise of those that failed."""

    def __init__(self, app: App, world: World, *, verbose: bool = False) -> None:
        self._app = app
        self._world = world
        self._verbose = verbose
        # The first of those that came since the last time, and how many came.
        self._new: list[Callable[[], None]] = []
        self._count = 0
        # The latest that were shown, by id: their changes are shown, too.
        self._shown: dict[int, None] = {}
        world.subscribe(recorded=self._recorded, changed=self._changed, arrived=self._arrived)
        world.journal.subscribe(self._called)

    def flush(self) -> None:
        new, more = self._new, self._count - len(self._new)
        self._new, self._count = [], 0
        for show in new:
            show()
        if more:
            self._line(f"and {more} more")

    def _add(self, show: Callable[[], None]) -> None:
        self._count += 1
        if len(self._new) < AT_ONCE:
            self._new.append(show)

    def _recorded(self, message: StoredMessage) -> None:
        if message.listed:
            self._add(lambda: self._received(message))

    def _received(self, message: StoredMessage) -> None:
        what = message.submission
        if message.reason is None:
            self._shown[message.first_id] = None
            if len(self._shown) > REMEMBERED:
                del self._shown[next(iter(self._shown))]
            became = str(message.state)
        else:
            became = f"refused: {message.reason}"
        text = what.text if len(what.text) <= LENGTH else f"{what.text[: LENGTH - 1]}…"
        route = f"{what.sender} > {message.to}"
        self._line(f"{what.via:8} {what.medium:5} {route}  {text!r}  {became}")

    def _changed(self, message: StoredMessage) -> None:
        # A message may be taken and change between two flushes; both are shown, in that order.
        self.flush()
        if message.first_id in self._shown:
            route = f"{message.submission.sender} > {message.to}"
            self._line(
                f"{message.submission.via:8} {message.submission.medium:5} {route}  {message.state}"
            )

    def _arrived(self, incoming: IncomingMessage) -> None:
        self._line(f"incoming       {incoming.sender} > {incoming.to}  {incoming.text!r}")

    def _called(self, record: Record) -> None:
        if self._verbose or record.failed:
            self._add(lambda: self._call(record))

    def _call(self, record: Record) -> None:
        line = record.line()
        what = f"{line.protocol} {line.operation}" if line.operation else line.protocol
        after = "" if line.fault is None else f"  fault {line.fault}"
        named = "" if line.call_id is None else f"  [{line.call_id}]"
        self._line(f"call     {what}  {line.outcome}  from {line.peer}{after}{named}")

    def _line(self, text: str) -> None:
        self._app.line(f"{self._world.clock.now().astimezone():%H:%M:%S}  {one_line(text)}")


class JsonLog:
    """An object in each line: ``event`` is ``message``, ``state``, ``incoming`` or ``call``, and
    the rest as the inspection API shows it. Calls are shown as in :class:`TextLog`."""

    def __init__(self, app: App, world: World, *, verbose: bool = False) -> None:
        self._app = app
        self._world = world
        self._verbose = verbose
        world.subscribe(recorded=self._recorded, changed=self._changed, arrived=self._arrived)
        world.journal.subscribe(self._called)

    def flush(self) -> None:
        """Each is shown at once."""

    def _recorded(self, message: StoredMessage) -> None:
        if message.listed:
            self._show("message", MessageView.of(message))

    def _changed(self, message: StoredMessage) -> None:
        if message.listed:
            self._show("state", MessageView.of(message))

    def _arrived(self, incoming: IncomingMessage) -> None:
        self._show("incoming", IncomingView.of(incoming))

    def _called(self, record: Record) -> None:
        if self._verbose or record.failed:
            self._show("call", record.line())

    def _show(self, event: str, what: msgspec.Struct) -> None:
        at = self._world.clock.now().astimezone(UTC)
        shown = {"event": event, "time": at, **msgspec.to_builtins(what)}
        self._app.show(shown)
