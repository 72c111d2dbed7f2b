"""A worker lives as long as it holds its file's lock: the system frees it with the process.

There is no lease and no clock, so nobody is ever taken for dead who only stood still.
"""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from pathlib import Path

__all__ = ["WorkerLock", "is_held"]

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class WorkerLock:
    """The lock of a worker of this process. Raises OSError if another process holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._handle)
        except OSError:
            os.close(self._handle)
            raise
        _held.add(self)

    def release(self) -> None:
        """The worker ends. Safe to call twice."""
        if self._handle >= 0:
            # Delete it first: the name must not stay behind without a holder.
            with contextlib.suppress(OSError):
                self._path.unlink()
            self.drop()

    def drop(self) -> None:
        """Close this process's handle."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
        _held.discard(self)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of this file."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        _lock(handle)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(handle)


_held: weakref.WeakSet[WorkerLock] = weakref.WeakSet()


def _drop_all() -> None:
    for lock in list(_held):
        lock.drop()


if hasattr(os, "register_at_fork"):
    # A child that inherits the handle would keep its dead parent alive.
    os.register_at_fork(after_in_child=_drop_all)
