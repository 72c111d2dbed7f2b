"""A connection with a thread of its own: all calls that wait go into one commit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import psycopg

from devino_core.errors import OutcomeUnknown, Unavailable
from devino_outbox._groups import Group, settle

__all__ = ["Commit", "Connection", "Line"]

_TRIES = 5

Connection = psycopg.Connection[tuple[Any, ...]]


class Commit(Protocol):
    """Does what several calls ask for, in one transaction, and gives what each gets.

    The connection is in no transaction (autocommit): who needs more than one statement begins one.
    """

    def __call__(self, connection: Connection, works: Sequence[object], /) -> list[object]:
        """One result for each, in order; an Exception is raised for the one that asked."""
        ...


class Line:
    """Calls in one line. :meth:`do` may be called from any event loop.

    It connects when it is first used, and again when the connection was lost. Threads, because
    psycopg's asynchronous connections do not run on Windows' usual event loop.
    """

    def __init__(
        self, connect: Callable[[], Connection], commit: Commit, *, group_max: int, name: str
    ) -> None:
        self._connect = connect
        self._commit = commit
        self._name = name
        self.group = Group(group_max)
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._closed = False

    def do(self, work: object) -> asyncio.Future[object]:
        """Ask for something; it is on disk when the future is done."""
        if self._closed:
            raise RuntimeError("open the store first")
        future = self.group.add(work)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return future

    def close(self) -> None:
        """Do what was asked for, and end the thread. Safe to call twice."""
        self._closed = True
        thread, self._thread = self._thread, None
        if thread is not None:
            self.group.end()
            thread.join()

    def _run(self) -> None:
        try:
            while self._round():
                pass
        finally:
            self._disconnect()

    def _round(self) -> bool:
        group, going = self.group.take()
        if group:
            settle(group, self._results([one.work for one in group]))
        return going

    def _results(self, works: list[object]) -> list[object]:
        try:
            return self._done(works)
        except (Unavailable, OutcomeUnknown) as error:
            return [error] * len(works)
        except Exception as error:  # noqa: BLE001 - each caller gets what its own work raises
            if len(works) == 1:
                return [error]
        # One of them cannot be done: the others must not suffer.
        return [result for work in works for result in self._results([work])]

    def _done(self, works: list[object]) -> list[object]:
        for tries in range(1, _TRIES + 1):
            connection = self._connected()
            try:
                return self._commit(connection, works)
            except psycopg.errors.TransactionRollback as error:
                # A deadlock: nothing was changed, and the other one is through by now.
                if tries == _TRIES:
                    raise Unavailable(f"the outbox's database is too busy: {error}") from error
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if connection.closed:
                    self._disconnect()
                    raise OutcomeUnknown(
                        "the outbox's database broke off, and a change may be stored all the "
                        f"same: {_said(error)}"
                    ) from error
                raise Unavailable(f"the outbox's database refuses: {_said(error)}") from error
            except BaseException:
                _roll_back(connection)
                raise
        raise AssertionError("not reached")

    def _connected(self) -> Connection:
        if self._connection is not None and self._connection.closed:
            self._disconnect()
        if self._connection is None:
            try:
                self._connection = self._connect()
            except psycopg.OperationalError as error:
                raise Unavailable(
                    f"the outbox's database cannot be reached: {_said(error)}"
                ) from error
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _said(error: psycopg.Error) -> str:
    return " ".join(str(error).split())


def _roll_back(connection: Connection) -> None:
    if not connection.closed:
        connection.rollback()
