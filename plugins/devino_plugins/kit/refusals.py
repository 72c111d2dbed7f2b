"""The platform's refusals by their numbers, as errors."""

from __future__ import annotations

from collections.abc import Mapping

from devino_codecs.rest import ErrorCode
from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    DevinoError,
    InsufficientFunds,
    OutcomeUnknown,
    ProtocolViolation,
    Rejected,
    Unavailable,
)

__all__ = ["failure", "refusal", "unreadable"]

_REFUSALS: Mapping[int, type[Rejected]] = {
    ErrorCode.INVALID_SESSION_ID: AuthenticationFailed,
    ErrorCode.UNAUTHORIZED: AuthenticationFailed,
    ErrorCode.NOT_ENOUGH_CREDITS: InsufficientFunds,
}
_KNOWN = frozenset(ErrorCode)
_NOT_THERE = frozenset({404, 405, 410})
"""HTTP statuses of a server that did not carry anything out, and never will."""
_BROKEN = frozenset({ErrorCode.GATEWAY_ERROR, ErrorCode.INTERNAL_ERROR})


def refusal(code: int, description: str, *, changes: bool, status: int = 200) -> DevinoError:
    """The error to raise for a refusal; ``changes`` says whether the call had an effect.

    The platform's own failures (codes 8 and 9) do not tell whether a send was carried out, nor
    does a code that the platform does not have under an HTTP ``status`` of 500 and above: there
    a gateway on the way speaks.
    """
    kind = AuthenticationFailed if status == 401 else _REFUSALS.get(code, Rejected)
    if kind is Rejected and (code in _BROKEN or (status >= 500 and code not in _KNOWN)):
        return failure(f"{description} (code {int(code)})", changes=changes)
    if kind is InsufficientFunds:
        description = description or "the balance does not cover this call"
    return kind(description, code=int(code))


def failure(text: str, *, changes: bool) -> DevinoError:
    """The error to raise when the platform failed on a call."""
    text = f"the platform failed: {text}"
    return OutcomeUnknown(f"{text}; it may have been sent") if changes else Unavailable(text)


def unreadable(status: int, reason: str, *, changes: bool) -> DevinoError:
    """The error to raise for an HTTP answer that is not in the protocol's words."""
    if status == 401:
        return AuthenticationFailed("HTTP 401", code=int(ErrorCode.UNAUTHORIZED))
    if status in _NOT_THERE:
        return ConfigurationError(f"HTTP {status}: there is no such service: check base_url")
    text = f"HTTP {status} with an answer that cannot be read: {reason}"
    if status < 500:
        return ProtocolViolation(text, changes=changes)
    # A gateway in front of the platform speaks: what happened behind it is not known.
    return OutcomeUnknown(text) if changes else Unavailable(text)
