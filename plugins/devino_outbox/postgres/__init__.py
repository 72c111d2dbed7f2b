"""The store in PostgreSQL, for any number of machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devino_core.lazy import lazy

if TYPE_CHECKING:
    from ._remembered import PostgresRemembered
    from ._store import PostgresStore
else:
    __getattr__ = lazy(__name__, {"PostgresRemembered": "_remembered", "PostgresStore": "_store"})

__all__ = ["PostgresRemembered", "PostgresStore"]
