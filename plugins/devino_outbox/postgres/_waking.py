"""Workers are told at once what other processes add: NOTIFY and LISTEN."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import psycopg

from devino_core.errors import DevinoError
from devino_core.outbox import Lane
from devino_outbox._rows import lane_of

from ._line import Connection
from ._rows import json_of
from ._schema import Place

__all__ = ["Announcements", "Announcing", "Listener"]

_log = logging.getLogger(__name__)
_EVERY = 1.0
"""A NOTIFY locks the whole database at its commit: each process sends one in this many seconds."""
_MOST_BYTES = 7900
_LOOK = 0.5
_LONGEST_PAUSE = 60.0


class Announcing(NamedTuple):
    """Something was added to these lanes. Gives None."""

    lanes: frozenset[str]


class Announcements:
    """Serves what is to be announced: whatever waits, in one notification. Then it rests."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._closing = threading.Event()

    def __call__(self, connection: Connection, works: Sequence[object]) -> list[object]:
        lanes = {lane for work in works if isinstance(work, Announcing) for lane in work.lanes}
        connection.execute("SELECT pg_notify(%s, %s)", (self._place.schema, _fitting(lanes)))
        self._closing.wait(_EVERY)
        return [None] * len(works)

    def close(self) -> None:
        """Rest no longer."""
        self._closing.set()


def _fitting(lanes: set[str]) -> str:
    """As many lanes as a notification holds; the others are found by polling."""
    fitting: list[str] = []
    left = _MOST_BYTES
    for lane in sorted(lanes):
        left -= len(json_of([lane]))
        if left < 0:
            break
        fitting.append(lane)
    return json_of(fitting)


class Listener:
    """A thread with a connection that listens; it begins with the first who wants to be told."""

    def __init__(self, connect: Callable[[], Connection], place: Place) -> None:
        self._connect = connect
        self._place = place
        self._told: dict[object, tuple[asyncio.AbstractEventLoop, Callable[[Lane], None]]] = {}
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def listen(self, wake: Callable[[Lane], None]) -> Callable[[], None]:
        """Call it in this event loop. Gives what ends that."""
        key = object()
        self._told[key] = asyncio.get_running_loop(), wake
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="devino-outbox wakes")
            self._thread.daemon = True
            self._thread.start()

        def end() -> None:
            self._told.pop(key, None)

        return end

    def close(self) -> None:
        """End the thread. Safe to call twice."""
        self._closing.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        pause = _EVERY
        while not self._closing.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(f'LISTEN "{self._place.schema}"'.encode())
                    pause = _EVERY
                    self._hear(connection)
            except (psycopg.Error, DevinoError) as error:
                said = " ".join(str(error).split())
                _log.warning("outbox: not told what others add, and polls: %s", said)
            self._closing.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _hear(self, connection: Connection) -> None:
        while not self._closing.is_set():
            for heard in connection.notifies(timeout=_LOOK):
                self._tell(heard.payload)

    def _tell(self, payload: str) -> None:
        try:
            lanes = [lane_of(lane) for lane in msgspec.json.decode(payload, type=list[str])]
        except ValueError:
            _log.info("outbox: somebody else notifies %r", self._place.schema)
            return
        for loop, wake in list(self._told.values()):
            for lane in lanes:
                try:
                    loop.call_soon_threadsafe(wake, lane)
                except RuntimeError:
                    _log.debug("an event loop was closed before it was woken")
