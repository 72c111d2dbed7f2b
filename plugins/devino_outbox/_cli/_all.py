"""The commands of ``devino outbox``."""

from __future__ import annotations

from ._acts import cancel, forget, migrate, pause, resolve, resume, retry
from ._importing import import_
from ._looking import events, list_, show, stats
from ._running import run

__all__ = ["COMMANDS"]

COMMANDS = (
    run,
    list_,
    show,
    resolve,
    retry,
    cancel,
    pause,
    resume,
    stats,
    import_,
    events,
    migrate,
    forget,
)
