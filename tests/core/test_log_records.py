"""The records of calls are those that the standard library would make."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import logging
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import Any

import pytest

from devino_core.clock import SYSTEM_CLOCK
from devino_core.observe import Calls
from devino_core.observe._records import Stderr, record_of

TIMES = {"created", "msecs", "relativeCreated"}


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A log at INFO that nobody else hears."""
    log = logging.getLogger("devino.rest")
    log.setLevel(logging.INFO)
    log.propagate = False
    yield log
    log.propagate = True
    log.setLevel(logging.NOTSET)


def usual(log: logging.Logger) -> logging.LogRecord:
    return log.makeRecord(log.name, logging.INFO, "", 0, "100%", (), None)


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """What does not hang on the place and the moment."""
    return {
        name: value
        for name, value in vars(record).items()
        if name not in {*TIMES, "pathname", "filename", "module"}
    }


def here(run: Callable[[], None]) -> None:
    run()


def in_a_thread(run: Callable[[], None]) -> None:
    thread = threading.Thread(target=run, name="a worker of the program")
    thread.start()
    thread.join()


def in_a_task(run: Callable[[], None]) -> None:
    async def task() -> None:
        run()

    async def main() -> None:
        await asyncio.create_task(task(), name="a task of the program")

    asyncio.run(main())


@pytest.mark.parametrize("where", [here, in_a_thread, in_a_task])
def test_a_record_has_what_the_standard_library_gives_it(
    log: logging.Logger, where: Callable[[Callable[[], None]], None]
) -> None:
    made: list[logging.LogRecord] = []
    where(lambda: made.extend([usual(log), record_of(log, logging.INFO, "100%"), usual(log)]))
    before, ours, after = made
    assert type(ours) is logging.LogRecord
    assert list(vars(ours)) == list(vars(before))
    assert facts(ours) == facts(before)
    assert ours.getMessage() == "100%"
    assert before.created <= ours.created <= after.created
    assert before.relativeCreated - 1 <= ours.relativeCreated <= after.relativeCreated + 1
    assert int(ours.msecs) == int(ours.created * 1000) % 1000
    assert (ours.filename, ours.module) == ("_records.py", "_records")


def test_a_record_can_be_copied_pickled_and_put_in_a_queue(log: logging.Logger) -> None:
    record = record_of(log, logging.INFO, "a line")
    for other in (copy.copy(record), pickle.loads(pickle.dumps(record))):
        assert vars(other) == vars(record)
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    QueueHandler(queue).handle(record)
    taken = queue.get()
    assert (taken.getMessage(), taken.threadName) == ("a line", record.threadName)


def test_a_record_fills_each_field_of_a_format_and_of_json(log: logging.Logger) -> None:
    record = record_of(log, logging.INFO, "a line")
    names = list(vars(usual(log)))
    shape = " ".join(f"%({name})s" for name in [*names, "message"])
    assert "a line" in logging.Formatter(shape).format(record)
    assert json.loads(json.dumps(vars(record)))["name"] == "devino.rest"


def test_a_program_may_name_levels_as_it_likes(log: logging.Logger) -> None:
    logging.addLevelName(logging.INFO, "info")
    try:
        assert record_of(log, logging.INFO, "a line").levelname == "info"
    finally:
        logging.addLevelName(logging.INFO, "INFO")


@pytest.mark.parametrize(
    ("switch", "field"),
    [
        ("logThreads", "threadName"),
        ("logProcesses", "process"),
        ("logMultiprocessing", "processName"),
    ],
)
def test_what_a_program_leaves_out_of_records_is_left_out(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch, switch: str, field: str
) -> None:
    assert getattr(record_of(log, logging.INFO, "a line"), field) is not None
    monkeypatch.setattr(logging, switch, False)
    assert getattr(record_of(log, logging.INFO, "a line"), field) is None


def _tagged(*args: Any, **more: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **more)
    record.tenant = "shop"
    return record


def test_a_factory_of_the_program_makes_the_records(log: logging.Logger) -> None:
    logging.setLogRecordFactory(_tagged)
    try:
        record = record_of(log, logging.INFO, "a line")
    finally:
        logging.setLogRecordFactory(logging.LogRecord)
    assert (vars(record)["tenant"], record.getMessage()) == ("shop", "a line")


def test_a_logger_that_makes_records_of_its_own_makes_them() -> None:
    class Own(logging.Logger):
        def makeRecord(self, *args: Any, **more: Any) -> logging.LogRecord:
            return _tagged(*args[:7], **more)

    assert vars(record_of(Own("own"), logging.INFO, "a line"))["tenant"] == "shop"


def test_one_logger_that_was_given_its_own_way_makes_the_records(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(*args: Any, **more: Any) -> logging.LogRecord:
        return _tagged(*args[:7], **more)

    monkeypatch.setattr(log, "makeRecord", make)
    assert vars(record_of(log, logging.INFO, "a line"))["tenant"] == "shop"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
def test_a_record_of_a_child_names_the_child(log: logging.Logger) -> None:
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(theirs, str(record_of(log, logging.INFO, "a line").process).encode())
        os._exit(0)
    os.waitpid(child, 0)
    with os.fdopen(ours) as told:
        os.close(theirs)
        assert int(told.read()) == child
    assert record_of(log, logging.INFO, "a line").process == os.getpid()


def test_a_patched_logger_makes_the_records(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(self: logging.Logger, *args: Any, **more: Any) -> logging.LogRecord:
        return _tagged(*args[:7], **more)

    monkeypatch.setattr(logging.Logger, "makeRecord", make)
    assert vars(record_of(log, logging.INFO, "a line"))["tenant"] == "shop"


def test_a_filter_of_the_program_is_asked(log: logging.Logger) -> None:
    heard: list[str] = []
    passed: list[logging.LogRecord] = []

    def hear(record: logging.LogRecord) -> bool:
        heard.append(record.getMessage())
        return False

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            passed.append(record)

    handler = Keeping()
    log.addFilter(hear)
    log.addHandler(handler)
    calls = Calls("promo", SYSTEM_CLOCK)
    calls.attach("rest", calls.observers)
    try:
        with calls.begin("Sms/Send", peer="a:1") as call:
            call.start()
    finally:
        log.removeHandler(handler)
        log.removeFilter(hear)
    [line] = heard
    assert not passed
    assert line.endswith(f"[{call.id}]")


@pytest.mark.parametrize("created", [0.0, 1_700_000_000.25, 1_700_000_000.999, 1_700_000_001.0])
def test_the_time_on_standard_error_is_as_the_standard_library_writes_it(
    log: logging.Logger, created: float
) -> None:
    stderr = Stderr()
    line = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    for moment in (created, created, created + 1):
        record = record_of(log, logging.INFO, "a line")
        record.created, record.msecs = moment, moment % 1 * 1000 // 1
        assert stderr.format(record) == logging.Formatter(line).format(record)


@contextmanager
def shown(log: logging.Logger, stderr: Stderr) -> Iterator[io.StringIO]:
    """Standard error, of a program that has set up no log."""
    # Not by a fixture: pytest sets up its own log and its standard error for the test itself.
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(io.StringIO()) as written:
        patch.setattr(logging.getLogger(), "handlers", [])
        log.addHandler(stderr)
        try:
            yield written
        finally:
            log.removeHandler(stderr)


def test_standard_error_shows_values_and_traces(log: logging.Logger) -> None:
    with shown(log, Stderr()) as written:
        log.info("%s of %d", "a part", 7)
        try:
            int("no number")
        except ValueError:
            log.exception("failed")
    first, *rest = written.getvalue().splitlines()
    assert first.endswith(" INFO devino.rest: a part of 7")
    assert rest[0].endswith(" ERROR devino.rest: failed")
    assert rest[-1].startswith("ValueError: ")


def test_standard_error_heeds_a_filter_and_a_formatter_of_the_program(log: logging.Logger) -> None:
    stderr = Stderr()
    stderr.setFormatter(logging.Formatter("%(levelname)s|%(message)s"))
    stderr.addFilter(lambda record: "quiet" not in record.getMessage())
    with shown(log, stderr) as written:
        log.info("a quiet line")
        log.info("a line")
    assert written.getvalue() == "INFO|a line\n"


class Broken:
    """A standard error that nobody reads any more."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure
        self.tries = 0

    def write(self, _: str) -> int:
        self.tries += 1
        raise self.failure


@pytest.mark.parametrize(
    "failure", [BrokenPipeError(32, "Broken pipe"), ValueError("I/O operation on closed file")]
)
def test_a_log_that_cannot_be_written_costs_no_call(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    stderr, broken = Stderr(), Broken(failure)
    monkeypatch.setattr(sys, "stderr", broken)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    log.addHandler(stderr)
    calls = Calls("promo", SYSTEM_CLOCK)
    calls.attach("rest", calls.observers)
    try:
        with calls.begin("Sms/Send", peer="a:1") as call:
            call.start()
    finally:
        log.removeHandler(stderr)
    assert broken.tries == 1
