"""What a web service answers for each sort of error: status and Retry-After."""

from __future__ import annotations

from devino_core import (
    ConfigurationError,
    DevinoError,
    InvalidMessage,
    OutcomeUnknown,
    ProtocolViolation,
    Rejected,
    Throttled,
    Unavailable,
    Unsupported,
)

from ._sandboxed import NUMBER

__all__ = ["ERRORS"]

ERRORS: list[tuple[DevinoError, int, str | None]] = [
    (InvalidMessage("to", "is wrong"), 422, None),
    (Unsupported("a Card is more than a text"), 422, None),
    (Throttled("slow down", retry_after=1.2), 429, "2"),
    (Throttled("slow down"), 429, None),
    (Unavailable("down"), 503, None),
    (OutcomeUnknown("lost"), 502, None),
    (ProtocolViolation("what?"), 502, None),
    (Rejected(f"no route to {NUMBER}"), 500, None),
    (ConfigurationError("login: c4n4ry-password"), 500, None),
]
