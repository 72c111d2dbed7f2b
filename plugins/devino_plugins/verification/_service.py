"""The service: the platform's answers in words that an application branches on."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Final

from msgspec.structs import replace

from devino_codecs.verification import API, CheckCode, GenerateCode
from devino_core import InvalidArgument, Secret
from devino_core.remembered import Limit, Limits, Remembered, Seen
from devino_plugins.kit import ApiClient, Wire
from devino_plugins.kit.checks import digits_of, is_line

from ._settings import VerificationSettings

__all__ = ["Check", "Sent", "Verification"]

HOUR: Final = 3600.0
_LONGEST_CODE = 16


class Sent(StrEnum):
    """What became of the request for a code."""

    SENT = "SENT"
    """A new code is on its way. An older one is no longer taken."""
    ALREADY_SENT = "ALREADY_SENT"
    """Nothing was sent: a code that was sent before is still good."""
    SIM_MISMATCH = "SIM_MISMATCH"
    """Nothing was sent: the number has another SIM than the one that was asked for."""


class Check(StrEnum):
    """What became of a code. **Only** :attr:`VALID` **is true.**"""

    VALID = "VALID"
    """It is the code that was sent last, and it is used up now."""
    WRONG = "WRONG"
    """It is not, or none was sent."""
    EXPIRED = "EXPIRED"
    """It was the code, and it came too late."""

    # By its text, each would be true.
    def __bool__(self) -> bool:
        return self is Check.VALID


class Verification(ApiClient[VerificationSettings]):
    """Two-factor codes (chapter 18): the platform makes, sends and checks them.

    Calls about one number wait for each other. Beyond a limit of the settings a call raises
    Throttled with the seconds to wait, and nothing is sent.
    """

    api: Wire = API
    # "Requests by time": the manual says that a minute later there are new ones.
    busy_for: float | None = 60.0
    knows_all_codes: ClassVar[bool] = True

    @cached_property
    def _limits(self) -> Limits:
        return Limits(Seen(), self.clock)

    def count_in(self, remembered: Remembered) -> None:
        """Count guesses and codes in a memory that several processes share, from now on.

        Such a one is ``outbox.remembered``, for as long as the outbox is open. Call it
        before the service is used: what was counted until then is not taken along.
        """
        self._limits = Limits(remembered, self.clock)

    async def generate(self, number: str, *, imsi: Secret | None = None) -> Sent:
        """Have a new code sent to a number, as in +79031234567.

        ``imsi``: only if the number still has this SIM (:attr:`Sent.SIM_MISMATCH` otherwise), for
        accounts that have this check. Raises InvalidArgument, Throttled, Rejected for a number that
        no code can be sent to, AuthenticationFailed, ConnectFailed, and OutcomeUnknown or
        ProtocolViolation when a code may be on its way.
        """
        number = digits_of(number, "number")
        if imsi is not None and not imsi:
            # The platform would take it for none, and send whatever the SIM is.
            raise InvalidArgument("imsi", "is empty")
        request = GenerateCode(number, None if imsi is None else imsi.reveal())
        why = "too many codes for this number, or for numbers that begin like it"
        async with self._limits.counted(self._sending(number), why, turn=number):
            sent = Sent((await self.ask(request)).name)
            if sent is Sent.SENT:
                await self._limits.clear(self._guessing(number))
            return sent

    async def check(self, number: str, code: str) -> Check:
        """Whether this is the code that was sent to the number last.

        The answer is true for the right code: ``if await verification.check(number, code)``.
        ``code`` is what the person typed, 1 to 16 printable characters. A check without a readable
        answer counts as a guess. Raises what :meth:`generate` does: after OutcomeUnknown and
        ProtocolViolation the code may be used up.
        """
        request = CheckCode(number, code)
        # Crash reporters show the variables of each frame.
        del code
        digits = digits_of(number, "number")
        if not is_line(request.code, _LONGEST_CODE):
            raise InvalidArgument("code", f"must be 1 to {_LONGEST_CODE} printable characters")
        guesses = self._guessing(digits)
        why = "too many guesses for this number: ask for a new code"
        async with self._limits.counted([guesses], why, turn=digits):
            check = Check((await self.ask(replace(request, number=digits))).name)
            if check:
                await self._limits.clear(guesses)
            return check

    # The guards, as data.

    def _sending(self, number: str) -> tuple[Limit, ...]:
        """What holds back a request for a code."""
        return (
            Limit(f"resent {number}", 1, self.settings.resend_after),
            Limit(f"sent {number}", self.settings.max_per_number, HOUR),
            Limit(f"prefix {number[:6]}", self.settings.max_per_prefix, HOUR, holder=number),
        )

    def _guessing(self, number: str) -> Limit:
        """What holds back a guess, until the number has a new code or has used its code."""
        return Limit(f"guessed {number}", self.settings.max_attempts, HOUR)
