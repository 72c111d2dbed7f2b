"""What it means when a mail server says no (RFC 5321, 4.2; RFC 4954, 6)."""

from __future__ import annotations

from collections.abc import Mapping

from devino_core import (
    AuthenticationFailed,
    DevinoError,
    QueueFull,
    Rejected,
    Throttled,
    Unavailable,
)

from ._replies import Reply

__all__ = ["CLOSING", "refusal"]

CLOSING = 421
"""The reply after which a server closes the connection."""

_NOT_NOW: Mapping[int, type[Throttled]] = {450: Throttled, 452: QueueFull}
_NO_LOGIN = frozenset({530, 534, 535, 538})


def refusal(verb: str, reply: Reply) -> DevinoError:
    """The error for a 4xx or 5xx reply to ``verb``: the server says that it took nothing.

    A reply to AUTH is told without its text, which may repeat what was sent.
    """
    code, text = reply
    if code >= 500:
        if verb == "AUTH":
            return AuthenticationFailed("the mail server refused the login", code=code)
        kind = AuthenticationFailed if code in _NO_LOGIN else Rejected
        return kind(text or f"the mail server refused {verb}", code=code)
    said = f"the mail server refused {verb} for now ({code}"
    said += ")" if verb == "AUTH" or not text else f": {text})"
    return _NOT_NOW.get(code, Unavailable)(said)
