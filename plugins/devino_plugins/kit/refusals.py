"""The platform's refusals as errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from devino_codecs.http import Coded, Verdict
from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    NotFound,
    OutcomeUnknown,
    ProtocolViolation,
    Rejected,
    Throttled,
    Unavailable,
)

__all__ = [
    "A_PAGE",
    "WRONG_ADDRESS",
    "failure",
    "is_page",
    "refusal",
    "refused",
    "refused_item",
    "unreadable",
]

_ERRORS: Mapping[str, type[Rejected]] = {
    Verdict.REFUSED: Rejected,
    Verdict.NOT_FOUND: NotFound,
    Verdict.LOGIN: AuthenticationFailed,
    Verdict.FUNDS: InsufficientFunds,
}
A_PAGE = "a page of HTML: is the address right?"
"""Why an answer cannot be read that is meant for people."""
_UNAUTHORIZED: Final = 401
_PAYMENT_REQUIRED: Final = 402
_PROXY = 407
# What nobody behind the one that speaks has carried out, and why.
WRONG_ADDRESS = frozenset({404, 405, 410})
_BLOCKED = frozenset({403, 451})
_NOT_NOW = frozenset({408, 421, 425, 429})


def refused(code: object) -> type[Rejected]:
    """The class of the error for a code that says no; of one that its table lacks, the plainest."""
    return _ERRORS.get(code.means, Rejected) if isinstance(code, Coded) else Rejected


def refusal(
    code: int | str,
    description: str,
    *,
    changes: bool,
    status: int = 200,
    knows_all: bool = False,
) -> DevinoError:
    """The error to raise for a refusal; ``changes`` says whether the call had an effect.

    The platform's own failures do not tell whether a send was carried out. Nor does a code that its
    table lacks: not under an HTTP ``status`` of 500 and above, where a gateway on the way speaks,
    and not under one of success if the code is 0 or has no text, or the table ``knows_all`` codes.
    """
    plain = int(code) if isinstance(code, int) else str(code)
    if status == _UNAUTHORIZED:
        return AuthenticationFailed(description, code=plain)
    says_nothing = plain in (0, "0") or not description.strip()
    if (says_nothing or knows_all) and status < 400 and not isinstance(code, Coded):
        # Elsewhere on this platform 0 says that it was done.
        return ProtocolViolation(
            f"the platform answered with code {plain}, which no table has, in place of an answer",
            changes=changes,
        )
    if not description and isinstance(code, Coded):
        # Messengers answer with a word alone.
        description = code.meaning
    means = code.means if isinstance(code, Coded) else _meaning_of_status(status)
    if means == Verdict.FAILED:
        return failure(f"{description} (code {plain})", changes=changes)
    if means == Verdict.BUSY:
        return Throttled(f"{description} (code {plain})")
    kind = _ERRORS.get(means, Rejected)
    if kind is InsufficientFunds:
        description = description or "the balance does not cover this call"
    return kind(description, code=plain)


def _meaning_of_status(status: int) -> str:
    """What the HTTP status says of a refusal whose code says nothing."""
    if status == _PAYMENT_REQUIRED:
        return Verdict.FUNDS
    return Verdict.FAILED if status >= 500 else ""


def refused_item(code: int | str, description: str, hide: Callable[[str], str]) -> DevinoError:
    """The error of one message of a call, whose code is not that it was taken.

    ``hide`` takes the secrets out of what the platform says. Whatever a code is that its table
    lacks, it says no.
    """
    if isinstance(code, Coded):
        return refusal(code, hide(description), changes=True)
    return Rejected(hide(description), code=hide(code) if isinstance(code, str) else code)


def failure(text: str, *, changes: bool) -> DevinoError:
    """The error to raise when the platform failed on a call."""
    text = f"the platform failed: {text}"
    return OutcomeUnknown(f"{text}; it may have been sent") if changes else Unavailable(text)


def is_page(body: bytes) -> bool:
    """Whether an answer is meant for people, as what stands in front of a platform gives it."""
    begins = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return begins.startswith((b"<!doctype html", b"<html"))


def unreadable(status: int, reason: str, *, changes: bool) -> DevinoError:
    """The error to raise for an HTTP answer that is not in the protocol's words.

    Something in front of the platform speaks. What it refuses by a status of 400 to 499 was not
    carried out.
    """
    if status == _UNAUTHORIZED:
        return AuthenticationFailed(
            "the platform, or something in front of it, refused the login", code=status
        )
    if 400 <= status < 500:
        return _refused_in_front(status)
    # The codecs of JSON name the status themselves.
    reason = reason.removeprefix(f"HTTP {status} with ")
    if status < 500:
        return ProtocolViolation(
            f"HTTP {status} with an answer that cannot be read: {reason}", changes=changes
        )
    # What happened behind it is not known, and a page says nothing of the address: gateways whose
    # platform is down show one.
    reason = "a page of HTML" if reason == A_PAGE else f"its answer cannot be read: {reason}"
    text = f"the platform, or something in front of it, failed (HTTP {status}, {reason})"
    if changes:
        return OutcomeUnknown(f"{text}; it may have been carried out")
    return Unavailable(f"{text}; ask again")


def _refused_in_front(status: int) -> DevinoError:
    if status in WRONG_ADDRESS:
        return ConfigurationError(f"HTTP {status}: there is no such service: check base_url")
    if status == _PROXY:
        return ConfigurationError(
            "the proxy wants a login and a password, or refused them (HTTP 407): give them in the "
            "URL of `proxy`"
        )
    if status in _BLOCKED:
        return ConnectFailed(
            f"something in front of the platform blocked the call (HTTP {status}): nothing was "
            "sent; ask who runs it, and see whether this machine's address is allowed"
        )
    if status in _NOT_NOW:
        return ConnectFailed(
            f"something in front of the platform did not take the call (HTTP {status}): nothing "
            "was sent"
        )
    words = f" ({HTTPStatus(status).phrase})" if status in _KNOWN else ""
    return Rejected(f"something in front of the platform refused the call{words}", code=status)


_KNOWN = frozenset(map(int, HTTPStatus))
