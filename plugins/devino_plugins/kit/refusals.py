"""The platform's refusals as errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from devino_codecs.http import Coded, Verdict
from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    DevinoError,
    InsufficientFunds,
    NotFound,
    OutcomeUnknown,
    ProtocolViolation,
    Rejected,
    Throttled,
    Unavailable,
)

__all__ = ["failure", "refusal", "refused", "unreadable"]

_ERRORS: Mapping[str, type[Rejected]] = {
    Verdict.REFUSED: Rejected,
    Verdict.NOT_FOUND: NotFound,
    Verdict.LOGIN: AuthenticationFailed,
    Verdict.FUNDS: InsufficientFunds,
}
_NOT_THERE = frozenset({404, 405, 410})
"""HTTP statuses of a server that did not carry anything out, and never will."""
_UNAUTHORIZED: Final = 401


def refused(code: object) -> type[Rejected]:
    """The class of the error for a code that says no; of one that its table lacks, the plainest."""
    return _ERRORS.get(code.means, Rejected) if isinstance(code, Coded) else Rejected


def refusal(code: int | str, description: str, *, changes: bool, status: int = 200) -> DevinoError:
    """The error to raise for a refusal; ``changes`` says whether the call had an effect.

    The platform's own failures do not tell whether a send was carried out. Nor does a code that its
    table lacks: not under an HTTP ``status`` of 500 and above, where a gateway on the way speaks,
    and not under one of success if the code is 0 or has no text.
    """
    plain = int(code) if isinstance(code, int) else str(code)
    if status == _UNAUTHORIZED:
        return AuthenticationFailed(description, code=plain)
    if not isinstance(code, Coded) and status < 400 and (plain in (0, "0") or not description):
        # Elsewhere on this platform 0 says that it was done.
        return ProtocolViolation(
            f"answered with code {plain}, which no table has, in place of an answer",
            changes=changes,
        )
    means = code.means if isinstance(code, Coded) else Verdict.FAILED if status >= 500 else ""
    if means == Verdict.FAILED:
        return failure(f"{description} (code {plain})", changes=changes)
    if means == Verdict.BUSY:
        return Throttled(f"{description} (code {plain})")
    kind = refused(code)
    if kind is InsufficientFunds:
        description = description or "the balance does not cover this call"
    return kind(description, code=plain)


def failure(text: str, *, changes: bool) -> DevinoError:
    """The error to raise when the platform failed on a call."""
    text = f"the platform failed: {text}"
    return OutcomeUnknown(f"{text}; it may have been sent") if changes else Unavailable(text)


def unreadable(status: int, reason: str, *, changes: bool) -> DevinoError:
    """The error to raise for an HTTP answer that is not in the protocol's words."""
    if status == _UNAUTHORIZED:
        return AuthenticationFailed("HTTP 401", code=status)
    if status in _NOT_THERE:
        return ConfigurationError(f"HTTP {status}: there is no such service: check base_url")
    text = f"HTTP {status} with an answer that cannot be read: {reason}"
    if status < 500:
        return ProtocolViolation(text, changes=changes)
    # A gateway in front of the platform speaks: what happened behind it is not known.
    return OutcomeUnknown(text) if changes else Unavailable(text)
