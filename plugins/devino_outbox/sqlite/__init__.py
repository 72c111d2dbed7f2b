"""The store in one SQLite file, for the processes of one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devino_core.lazy import lazy

if TYPE_CHECKING:
    from ._remembered import SqliteRemembered
    from ._store import SqliteStore
else:
    __getattr__ = lazy(__name__, {"SqliteRemembered": "_remembered", "SqliteStore": "_store"})

__all__ = ["SqliteRemembered", "SqliteStore"]
