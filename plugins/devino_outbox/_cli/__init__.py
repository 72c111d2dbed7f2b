"""The commands ``devino outbox``, for other programs that show them: ``COMMANDS``."""

from __future__ import annotations

from ._acts import cancel, forget, migrate, pause, resolve, resume, retry
from ._group import outbox
from ._importing import import_
from ._looking import events, list_, show, stats
from ._running import run

__all__ = ["COMMANDS", "outbox"]

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
"""Those of the group."""

for _command in COMMANDS:
    outbox.add_command(_command)
