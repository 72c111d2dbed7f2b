"""The guards: how often a code may be asked for, and how often guessed."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Final

from devino_core.remembered import Limit, Limits

from ._settings import VerificationSettings

__all__ = ["HOUR", "Guards"]

HOUR: Final = 3600.0


class Guards:
    """What the service passes before it asks the platform. Calls about one number take turns."""

    def __init__(self, settings: VerificationSettings, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits

    def sending(self, number: str) -> AbstractAsyncContextManager[None]:
        """Around the request for a code. Raises Throttled."""
        settings = self._settings
        limits = (
            Limit(f"resent {number}", 1, settings.resend_after),
            Limit(f"sent {number}", settings.max_per_number, HOUR),
            Limit(f"prefix {number[:6]}", settings.max_per_prefix, HOUR, holder=number),
        )
        why = "too many codes for this number, or for numbers that begin like it"
        return self._limits.counted(limits, why, turn=number)

    def guessing(self, number: str) -> AbstractAsyncContextManager[None]:
        """Around a check, which counts as a guess until :meth:`renew`. Raises Throttled."""
        why = "too many guesses for this number: ask for a new code"
        return self._limits.counted([self._guesses(number)], why, turn=number)

    async def renew(self, number: str) -> None:
        """The number has a new code, or its code is used up: no guess counts any more."""
        await self._limits.clear(self._guesses(number))

    def _guesses(self, number: str) -> Limit:
        return Limit(f"guessed {number}", self._settings.max_attempts, HOUR)
