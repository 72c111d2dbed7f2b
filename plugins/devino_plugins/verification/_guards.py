"""The guards: how often a code may be asked for, and how often guessed."""

from __future__ import annotations

from typing import Final

from devino_core.remembered import Limit

from ._settings import VerificationSettings

__all__ = ["HOUR", "guessing", "sending"]

HOUR: Final = 3600.0


def sending(settings: VerificationSettings, number: str) -> tuple[Limit, ...]:
    """What holds back a request for a code."""
    return (
        Limit(f"resent {number}", 1, settings.resend_after),
        Limit(f"sent {number}", settings.max_per_number, HOUR),
        Limit(f"prefix {number[:6]}", settings.max_per_prefix, HOUR, holder=number),
    )


def guessing(settings: VerificationSettings, number: str) -> Limit:
    """What holds back a guess, until the number has a new code or has used its code."""
    return Limit(f"guessed {number}", settings.max_attempts, HOUR)
