"""Whom an error blames: the message, or the channel that it was to go by.

A message must not die because a password expired, and a channel must not be closed because of one
message's text.
"""

from __future__ import annotations

import enum

from devino_core.errors import (
    AuthenticationFailed,
    ConfigurationError,
    DevinoError,
    InsufficientFunds,
    InvalidArgument,
    Rejected,
    Retry,
    Throttled,
    Unavailable,
    Unsupported,
)

__all__ = ["Blame", "blame"]


class Blame(enum.Enum):
    """What becomes of the message, and of the channel."""

    REFUSED = "the message is refused; the channel goes on"
    FAILED = "the message tries again later, some times at most; the channel goes on"
    BUSY = "the message waits; the channel is closed for as long as it was asked to wait"
    DOWN = "the message waits; the channel is closed, then tries with one message"
    HELD = "the message waits; the channel is held until somebody mends it"
    UNKNOWN = "the message is in doubt; the channel goes on"


_BLAMES: tuple[tuple[type[DevinoError], Blame], ...] = (
    (AuthenticationFailed, Blame.HELD),
    (InsufficientFunds, Blame.HELD),
    (ConfigurationError, Blame.HELD),
    (Rejected, Blame.REFUSED),
    (InvalidArgument, Blame.REFUSED),
    (Unsupported, Blame.REFUSED),
    (Throttled, Blame.BUSY),
    (Unavailable, Blame.DOWN),
)


def blame(error: DevinoError) -> Blame:
    """Whom an error of a sending blames."""
    if error.retry is Retry.MAY_DUPLICATE:
        return Blame.UNKNOWN
    found = next((whom for kind, whom in _BLAMES if isinstance(error, kind)), None)
    if found is Blame.DOWN and error.retry is Retry.NEVER:
        # A certificate that does not verify, as an example.
        return Blame.HELD
    if found is not None:
        return found
    return Blame.FAILED if error.retry is Retry.SAFE else Blame.REFUSED
