"""Records and lines of the log, in a part of the time that the standard library takes for them.

Imported when a log is wanted: ``logging`` takes longer to import than types do.
"""

from __future__ import annotations

import logging
import os
import sys
from asyncio import current_task
from logging import Logger, LogRecord
from threading import current_thread, get_ident
from time import strftime, time
from types import FunctionType
from typing import Any

__all__ = ["Stderr", "record_of"]

_LIKE: dict[str, Any] = vars(LogRecord("", 0, __file__, 0, "", (), None))
"""What is the same in each record: where it was made is always here."""
_BEGAN: float = _LIKE["created"] - _LIKE["relativeCreated"] / 1000
_HAS_TASK = "taskName" in _LIKE  # since Python 3.12


def _usual_maker() -> object:
    """``Logger.makeRecord``, unless somebody has put a function of his own in its place."""
    maker: Any = Logger.makeRecord
    is_theirs = type(maker) is FunctionType and maker.__globals__ is vars(logging)
    return maker if is_theirs else None


_USUAL_MAKER = _usual_maker()


def record_of(log: Logger, level: int, line: str) -> LogRecord:
    """What ``log.makeRecord`` gives, and by it where the program changes how records are made."""
    if (
        logging.getLogRecordFactory() is not LogRecord
        or type(log).makeRecord is not _USUAL_MAKER
        or not (logging.logThreads and logging.logProcesses and logging.logMultiprocessing)
    ):
        return log.makeRecord(log.name, level, __file__, 0, line, (), None)
    now = time()
    process: Any = getattr(sys.modules.get("multiprocessing"), "current_process", None)
    record = LogRecord.__new__(LogRecord)
    # One attribute after the other would take longer, and so would one dict beside the other.
    record.__dict__ = values = _LIKE.copy()
    values["name"] = log.name
    values["msg"] = line
    values["levelno"] = level
    values["levelname"] = logging.getLevelName(level)
    values["created"] = now
    values["msecs"] = now % 1 * 1000 // 1
    values["relativeCreated"] = (now - _BEGAN) * 1000
    values["process"] = os.getpid()
    values["thread"] = get_ident()
    values["threadName"] = current_thread().name
    values["processName"] = "MainProcess" if process is None else process().name
    if _HAS_TASK:
        values["taskName"] = _task_name()
    return record


def _task_name() -> str | None:
    try:
        task = current_task() if getattr(logging, "logAsyncioTasks", True) else None
    except RuntimeError:
        # No event loop runs in this thread.
        return None
    return None if task is None else task.get_name()


class Stderr(logging.Handler):
    """Standard error, as long as the program has set up no log of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def emit(self, record: LogRecord) -> None:
        """Write it in one piece. A call that was made does not fail because nobody reads it."""
        if _ROOT.handlers or sys.stderr is None:
            return
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except (OSError, ValueError):
            self.handleError(record)


_ROOT = logging.getLogger()


class _Formatter(logging.Formatter):
    """The standard library's, but the calendar is asked once a second."""

    _known: tuple[int, str] = -1, ""

    def formatTime(self, record: LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        second, text = self._known
        if second != int(record.created):
            second = int(record.created)
            text = strftime(self.default_time_format, self.converter(second))
            self._known = second, text
        return f"{text},{int(record.msecs):03}"
