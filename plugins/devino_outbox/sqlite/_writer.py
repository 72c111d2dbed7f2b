"""One thread writes: all calls that wait go into one commit, so one sync of the disk serves all."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from devino_core.errors import OutcomeUnknown, Unavailable
from devino_outbox._groups import Group, Waiting, settle

from ._schema import is_bug

__all__ = ["Commit", "Writer"]


class Commit(Protocol):
    """Does what several calls ask for, in one transaction, and gives what each gets."""

    def __call__(self, connection: sqlite3.Connection, works: Sequence[object], /) -> list[object]:
        """One result for each, in order; an Exception is raised for the one that asked."""
        ...


class Writer:
    """A thread with a connection of its own. :meth:`do` may be called from any event loop."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        commit: Commit,
        *,
        group_max: int,
        name: str,
        begin: str = "BEGIN IMMEDIATE",
    ) -> None:
        self._connect = connect
        self._commit = commit
        self._begin = begin
        self.group = Group(group_max)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._started: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._closed = False

    def start(self) -> None:
        """Connect. Raises what connecting raised."""
        self._thread.start()
        failure = self._started.get()
        if failure is not None:
            self._closed = True
            self._thread.join()
            raise failure

    def do(self, work: object) -> asyncio.Future[object]:
        """Ask for something; it is on disk when the future is done."""
        if self._closed:
            raise RuntimeError("open the store first")
        return self.group.add(work)

    def close(self) -> None:
        """Do what was asked for, and end the thread. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self.group.end()
            self._thread.join()

    def _run(self) -> None:
        try:
            connection = self._connect()
        except BaseException as error:  # noqa: BLE001 - it is raised where the thread was started
            self._started.put(error)
            return
        self._started.put(None)
        try:
            while self._round(connection):
                pass
        finally:
            connection.close()

    def _round(self, connection: sqlite3.Connection) -> bool:
        group, going = self.group.take()
        if group:
            settle(group, self._results(connection, group))
        return going

    def _results(self, connection: sqlite3.Connection, group: list[Waiting]) -> list[object]:
        works = [one.work for one in group]
        try:
            return self._in_transaction(connection, works)
        except (Unavailable, OutcomeUnknown) as error:
            return [error] * len(group)
        except Exception as error:  # noqa: BLE001 - each caller gets what its own work raises
            if len(group) == 1:
                return [error]
        # One of them cannot be done: the others must not suffer.
        results: list[object] = []
        for work in works:
            try:
                results += self._in_transaction(connection, [work])
            except Exception as error:  # noqa: BLE001 - likewise
                results.append(error)
        return results

    def _in_transaction(self, connection: sqlite3.Connection, works: list[object]) -> list[object]:
        try:
            connection.execute(self._begin)
            results = self._commit(connection, works)
        except BaseException as error:
            _roll_back(connection)
            if isinstance(error, sqlite3.OperationalError) and not is_bug(error):
                raise Unavailable(f"the outbox could not be written: {error}") from error
            raise
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _roll_back(connection)
            raise OutcomeUnknown(
                f"the outbox's commit failed, and may be on disk all the same: {error}"
            ) from error
        return results


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
