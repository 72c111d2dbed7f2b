"""The settings of the stores: keys of the table ``[outbox]``."""

from __future__ import annotations

from typing import Annotated

import msgspec

from devino_core.outbox import StoreSettings

__all__ = ["SqliteSettings"]


class SqliteSettings(StoreSettings, kw_only=True, frozen=True):
    """Of the store ``sqlite``.

    The URL is ``sqlite:///var/lib/app/outbox.db``, or
    ``sqlite:outbox.db`` for a path from where the process runs."""

    group_max: Annotated[int, msgspec.Meta(ge=1)] = 4096
    """How many waiting calls one commit takes at most."""
    busy_timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """How many seconds a commit waits for one of another process."""
