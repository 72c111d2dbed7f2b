"""What it means when a mail server says no (RFC 5321, 4.2; RFC 4954, 6)."""

from __future__ import annotations

from collections.abc import Mapping

from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    DevinoError,
    QueueFull,
    Rejected,
    Throttled,
    Unavailable,
)

from ._replies import Reply

__all__ = ["AUTH", "CLOSING", "CONNECTION", "refusal"]

AUTH = "AUTH"
CONNECTION = "the connection"
"""The verb of a refusal that comes before any mail: of the greeting, EHLO or STARTTLS."""
CLOSING = 421
"""The reply after which a server closes the connection."""

_NOT_NOW: Mapping[int, type[Throttled]] = {450: Throttled, 452: QueueFull}
_NO_LOGIN = frozenset({530, 534, 535, 538})


def refusal(verb: str, reply: Reply) -> DevinoError:
    """The error for a 4xx or 5xx reply to ``verb``: the server says that it took nothing.

    What it says of the connection is said of no mail, so it is no refusal of one: ConnectFailed.
    """
    code, text = reply
    if code >= 500 and verb == AUTH:
        # The platform has a login of its own: say whose it is.
        return AuthenticationFailed(f"the mail server refused the login: {text}", code=code)
    if code in _NO_LOGIN:
        return AuthenticationFailed(text or f"the mail server wants a login for {verb}", code=code)
    if code >= 500 and verb != CONNECTION:
        return Rejected(text or f"the mail server refused {verb}", code=code)
    for_now = " for now" if code < 500 else ""
    said = f"the mail server refused {verb}{for_now} ({code}: {text})".replace(": )", ")")
    return _NOT_NOW.get(code, ConnectFailed if verb == CONNECTION else Unavailable)(said)
