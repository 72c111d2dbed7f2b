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

_LIKE = LogRecord("", 0, __file__, 0, "", (), None)
"""Where a record was made is always here."""
_FILE, _MODULE = _LIKE.filename, _LIKE.module
_BEGAN: float = _LIKE.created - _LIKE.relativeCreated / 1000
_HAS_TASK = hasattr(_LIKE, "taskName")  # since Python 3.12
_UNUSUAL = object()


class _Process:
    """This one. To ask the system for its id each time takes as long as a fifth of a record."""

    def __init__(self) -> None:
        self.look()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.look)

    def look(self) -> None:
        self.id = os.getpid()


_PROCESS = _Process()


def record_of(log: Logger, level: int, line: str) -> LogRecord:
    """What ``log.makeRecord`` gives, and by it where the program changes how records are made."""
    if (
        logging.getLogRecordFactory() is not LogRecord
        # Of its class, or its own.
        or getattr(log.makeRecord, "__func__", None) is not _USUAL_MAKER
        or not (logging.logThreads and logging.logProcesses and logging.logMultiprocessing)
    ):
        return log.makeRecord(log.name, level, __file__, 0, line, (), None)
    return _made(log, level, line)


def _made(log: Logger, level: int, line: str) -> LogRecord:
    now = time()
    process: Any = getattr(sys.modules.get("multiprocessing"), "current_process", None)
    record = LogRecord.__new__(LogRecord)
    # In the order of the standard library: Python then needs no dict, and half of the time.
    record.name = log.name
    record.msg = line
    record.args = ()
    record.levelname = logging.getLevelName(level)
    record.levelno = level
    record.pathname = __file__
    record.filename = _FILE
    record.module = _MODULE
    record.exc_info = None
    record.exc_text = None
    record.stack_info = None
    record.lineno = 0
    record.funcName = _LIKE.funcName
    record.created = now
    record.msecs = now % 1 * 1000 // 1
    record.relativeCreated = (now - _BEGAN) * 1000
    record.thread = get_ident()
    record.threadName = current_thread().name
    record.processName = "MainProcess" if process is None else process().name
    record.process = _PROCESS.id
    if _HAS_TASK:
        record.taskName = _task_name()
    return record


def _usual_maker() -> object:
    """``Logger.makeRecord``, unless somebody has put a function of his own in its place, or this
    Python's records have more in them."""
    maker: Any = Logger.makeRecord
    is_theirs = type(maker) is FunctionType and maker.__globals__ is vars(logging)
    is_whole = vars(_made(logging.getLogger("devino"), 0, "")).keys() == vars(_LIKE).keys()
    return maker if is_theirs and is_whole else _UNUSUAL


def _task_name() -> str | None:
    try:
        task = current_task() if getattr(logging, "logAsyncioTasks", True) else None
    except RuntimeError:
        # No event loop runs in this thread.
        return None
    return None if task is None else task.get_name()


_USUAL_MAKER = _usual_maker()


class Stderr(logging.Handler):
    """Standard error, as long as the program has set up no log of its own.

    Its lines are written and flushed at once, as those of a ``StreamHandler`` are, in two thirds of
    the time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._usual = _Formatter(_LINE)
        self.setFormatter(self._usual)

    def handle(self, record: LogRecord) -> bool:
        """Write it. One function does here what takes the standard library six."""
        if self.filters or self.lock is None:
            return bool(super().handle(record))
        with self.lock:
            self.emit(record)
        return True

    def emit(self, record: LogRecord) -> None:
        """Write it in one piece. A call that was made does not fail because nobody reads it."""
        if _ROOT.handlers or sys.stderr is None:
            return
        usual = self.formatter is self._usual
        line = self._usual.format(record) if usual else self.format(record)
        try:
            # Python flushes its standard error at the end of each line.
            sys.stderr.write(f"{line}\n")
        except (OSError, ValueError):
            self.handleError(record)


_ROOT = logging.getLogger()
_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _Formatter(logging.Formatter):
    """The standard library's, but the calendar is asked once a second."""

    _known: tuple[int, str] = -1, ""

    def format(self, record: LogRecord) -> str:
        if record.exc_info or record.exc_text or record.stack_info:
            return super().format(record)
        created = int(record.created)
        second, text = self._known
        if second != created:
            text = strftime(self.default_time_format, self.converter(created))
            self._known = created, text
        message = record.getMessage() if record.args else record.msg
        millis = f"{int(record.msecs):03}"
        return f"{text},{millis} {record.levelname} {record.name}: {message}"
