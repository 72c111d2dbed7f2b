"""The log of calls: ``devino.<kind>``, one line for each call, and what went over the wire."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING

from devino_core._masking import masked_recipient
from devino_core.errors import ConfigurationError, DevinoError

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Handler, Logger, LogRecord

__all__ = ["discreet", "log_call", "log_wire", "logger_of", "prepare_log", "without_people"]

LEVEL = "DEVINO_LOG"
TEXTS = "DEVINO_LOG_TEXTS"
_LEVELS = ("debug", "info", "warning", "error")
_LONGEST = 4000
"""Characters of a request or an answer that one record shows."""


def logger_of(kind: str) -> Logger:
    """The log of one kind, prepared as ``DEVINO_LOG`` says. Raises ConfigurationError for that."""
    # Its import takes longer than that of a program which only wants types should.
    from logging import getLogger

    prepare_log()
    return getLogger(f"devino.{kind}")


@cache
def prepare_log() -> None:
    """Do what ``DEVINO_LOG`` says. Raises ConfigurationError for a level that is none."""
    import logging

    root = logging.getLogger("devino")
    # Else Python would print warnings of a program that has not set up its log.
    root.addHandler(logging.NullHandler())
    level = os.environ.get(LEVEL, "").strip().lower()
    if level:
        if level not in _LEVELS:
            raise ConfigurationError(f"{LEVEL}={level!r}: expected one of {', '.join(_LEVELS)}")
        log_to_stderr(level)


def log_to_stderr(level: str) -> None:
    """Show the log from this level on (``debug``, ``info``, ``warning``, ``error``) on standard
    error, unless the program has set up a log of its own, which has it then."""
    import logging

    root = logging.getLogger("devino")
    root.setLevel(level.upper())
    handler = _stderr()
    if handler not in root.handlers:
        root.addHandler(handler)


@cache
def _stderr() -> Handler:
    from ._records import Stderr

    return Stderr()


def log_call(
    log: Logger,
    level: int,
    call_id: str,
    what: str,
    answer: int | str,
    seconds: float,
    error: DevinoError | None = None,
) -> None:
    """One line for a call that has ended."""
    why = "" if error is None else f": {type(error).__name__}: {without_people(error.said)}"
    line = f"{what} > {answer} in {round(seconds * 1000)} ms{why} [{call_id}]"
    log.handle(_recorder()(log, level, line))


@cache
def _recorder() -> Callable[[Logger, int, str], LogRecord]:
    from ._records import record_of

    return record_of


def log_wire(log: Logger, call_id: str | None, what: str, text: str) -> None:
    """What went over the wire, masked already, with a word for its direction."""
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
    log.debug("%s\n%s", what if call_id is None else f"{what} [{call_id}]", shown)


def discreet(kind: str, text: str) -> str:
    """What the log shows of a value: a mask for :mod:`devino_codecs.masking`.

    No secret; of a recipient the ends; of a text its length, or with ``DEVINO_LOG_TEXTS=1`` all but
    numbers and addresses, as of the platform's words; everything else as it is.
    """
    if kind == "recipient":
        return masked_recipient(text)
    if kind == "text":
        # Also what nobody knows is a text, and it may be a number.
        return without_people(text) if os.environ.get(TEXTS) == "1" else f"<{len(text)} chars>"
    if kind == "words":
        return without_people(text)
    if kind == "shown":
        # Some ids have the number in them, and some servers make a sentence of a code.
        hidden = _PERSON if " " in text else _IN_ID
        return hidden.sub(lambda found: masked_recipient(found[0]), text)
    return "***"


_IN_ID = re.compile(r"(?<=\+)[0-9]{10,15}(?![0-9])")
_PERSON = re.compile(r"(?<![0-9])\+?[0-9]{10,15}(?![0-9])|[^\s<>\"'(),:;@]+@[^\s<>\"'(),:;@]+")


def without_people(text: str) -> str:
    """A text of the platform's, without phone numbers and mail addresses."""
    return _PERSON.sub(lambda found: masked_recipient(found[0]), text)
