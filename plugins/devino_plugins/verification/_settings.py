"""Settings of two-factor codes, and the guards: how often a code may be asked for and guessed."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from devino_core.remembered import Limit
from devino_plugins.kit.settings import Positive, ServiceKeySettings

__all__ = ["HOUR", "VerificationSettings"]

HOUR: Final = 3600.0


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

    def sending(self, number: str) -> tuple[Limit, ...]:
        """What holds back a request for a code."""
        return (
            Limit(f"resent {number}", 1, self.resend_after),
            Limit(f"sent {number}", self.max_per_number, HOUR),
            Limit(f"prefix {number[:6]}", self.max_per_prefix, HOUR, holder=number),
        )

    def guessing(self, number: str) -> Limit:
        """What holds back a guess, until the number has a new code or has used its code."""
        return Limit(f"guessed {number}", self.max_attempts, HOUR)
