"""How a command ends: with a stable code for scripts, a line for people, an object for programs."""

from __future__ import annotations

import click

from devino_core._explained import Explained
from devino_core.clock import in_words
from devino_core.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidArgument,
    OutcomeUnknown,
    ProtocolViolation,
    Retry,
    Throttled,
    Unsupported,
)

__all__ = [
    "ExitCode",
    "Interrupted",
    "JournalFailed",
    "OutputFailed",
    "advice",
    "describe",
    "exit_code",
]


class ExitCode(Explained):
    """The exit codes of ``devino``. The numbers are stable; ``meaning`` is one line for people."""

    # A platform that refuses, that cannot be reached, or that asks to wait gives one code. A script
    # that sends must know one thing first: that nothing is under way. The error's ``retry`` tells
    # the cases apart.
    DONE = 0, "done"
    NOT_DONE = 1, "refused, or not reached: what is reported so was not sent"
    USAGE = 2, "the command line, the settings or a message must be mended; nothing was sent"
    OUTCOME_UNKNOWN = 3, "sent and not answered: look before you repeat it"
    BUG = 70, "a bug in devino"
    UNWRITTEN = 74, "the output or the journal could not be written: messages may have been sent"
    INTERRUPTED = 130, "interrupted"


class Interrupted(DevinoError):
    """A signal ended the command while messages were under way."""

    retry = Retry.MAY_DUPLICATE


class OutputFailed(DevinoError):
    """The output cannot be written."""

    retry = Retry.MAY_DUPLICATE


class JournalFailed(DevinoError):
    """The journal cannot be written, so nothing more may be sent."""


def exit_code(error: DevinoError) -> ExitCode:
    """The code of an error, by what it says about sending again."""
    if isinstance(error, Interrupted):
        return ExitCode.INTERRUPTED
    if isinstance(error, OutputFailed | JournalFailed):
        return ExitCode.UNWRITTEN
    if isinstance(error, ConfigurationError | InvalidArgument | Unsupported):
        return ExitCode.USAGE
    if error.retry is Retry.MAY_DUPLICATE:
        return ExitCode.OUTCOME_UNKNOWN
    return ExitCode.NOT_DONE


_ADVICE: tuple[tuple[type[DevinoError], str], ...] = (
    (AuthenticationFailed, "check the login and password, or the key"),
    (InsufficientFunds, "top up the account and send again"),
    (ConnectFailed, "nothing was sent, it is safe to try again"),
    (Throttled, "nothing was sent, wait and try again"),
    (OutcomeUnknown, "ask what became of it before you send it again"),
    (ProtocolViolation, "it may have been carried out: look before you send it again"),
)


def advice(error: DevinoError) -> str:
    """What to do about an error if its own text does not say it; else ``""``."""
    if isinstance(error, ConnectFailed) and error.retry is Retry.NEVER:
        return "nothing was sent"
    if isinstance(error, Throttled) and error.retry_after is not None:
        return f"nothing was sent, try again in {in_words(error.retry_after)}"
    return next((text for kind, text in _ADVICE if isinstance(error, kind)), "")


def words_of(error: click.ClickException) -> str:
    """What click says about an error, in one line: it breaks and indents some of its texts."""
    return " ".join(error.format_message().split())


def describe(error: DevinoError | click.ClickException) -> dict[str, object]:
    """The error as the object that ``--json`` prints."""
    if isinstance(error, click.ClickException):
        return {
            "type": type(error).__name__,
            "message": words_of(error),
            "retry": Retry.NEVER.value,
        }
    described: dict[str, object] = {
        "type": type(error).__name__,
        "message": error.said,
        "retry": error.retry.value,
    }
    for name in ("field", "line", "code", "description", "retry_after", "call_id", "http_status"):
        value = getattr(error, name, None)
        if value is not None:
            described[name] = value
    if error.refs:
        described["refs"] = error.refs
    return described
