"""Settings of two-factor codes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devino_plugins.kit.settings import Positive, ServiceKeySettings

__all__ = ["VerificationSettings"]


class VerificationSettings(ServiceKeySettings, frozen=True, kw_only=True):
    """Settings of service kind ``2fa``. Its guards count in this process, unless
    :meth:`~devino_plugins.verification.Verification.count_in` is told otherwise."""

    base_url: str = "https://phoneverification.devinotele.com"
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    max_attempts: Positive = 5
    """How many guesses may be checked for a number, until it is sent another code."""
    resend_after: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    """Seconds from one request for a code to the next for the same number."""
    max_per_number: Positive = 5
    """How many codes may be asked for a number within an hour."""
    max_per_prefix: Annotated[int, Meta(ge=0)] = 0
    """For how many numbers with the same first six digits codes may be asked within an hour: who
    earns by the SMS sent to numbers of theirs has whole ranges of them. 0 is any number."""
