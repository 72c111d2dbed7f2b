"""Two-factor codes: ``GenerateCode`` and ``CheckCode`` (chapter 18 of the manual).

All reading and writing is the codec's; here is what the platform does. Where the manual does not
say, it is decided thus:

- A code has 5 digits and lives for 300 seconds. It goes out as an SMS, and ``GET /_sandbox/codes``
  shows it.
- Only the code that was sent to a number last counts, and it can be used once. While it lives
  unused no other is sent ("Code Exist").
- "Code Expired" is said of the right code only. A wrong one is "Code not Found", and so is a right
  one that was used.
- A key may ask 60 times a minute, and 10 times about one number.
- Wrong codes can be tried without end. In a strict World the fifth burns the code.
- If the account has the check of SIMs (:attr:`Account.sim_check
  <devino_sandbox.Account.sim_check>`), an ``IMSICode`` that is not the number's is "Invalid IMSI
  Code", and no SMS goes. If nobody can tell, it is "Internal Server Error": the other would be a
  false alarm. Without the check the field is ignored.
- What is no JSON, JSV, query or form is HTTP 400; everything else that is refused is HTTP 200.
- ``79990006NNN`` and ``79990007NNN``: GenerateCode and CheckCode answer Code NNN and do nothing, if
  their table has it. So ``79990006006`` is the number with another SIM; no other IMSI is compared.
- The code of ``79990008001`` is 01234, which begins with a zero.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec
from msgspec.structs import replace

from devino_codecs import verification as codec
from devino_codecs.http import Api, ArgumentError, Refusal, answer_of
from devino_codecs.verification import CheckCode, CheckedCode, GenerateCode, SentCode
from devino_core.sim import SimCheck
from devino_sandbox._accounts import Account
from devino_sandbox._admission import plain_number
from devino_sandbox._brought import services_at
from devino_sandbox._http import RawAnswer, RawRequest, json_answer
from devino_sandbox._kept import Kept
from devino_sandbox._messages import Refused
from devino_sandbox._numbers import chosen
from devino_sandbox._questions import Question
from devino_sandbox._rates import Rates
from devino_sandbox._service import Access
from devino_sandbox._sims import Sims
from devino_sandbox._views import shows
from devino_sandbox.services._api import ApiService, Asked, InDemo, answers
from devino_sandbox.services._asked_in_demo import codes

__all__ = ["Code", "Codes", "VerificationLimits", "VerificationService"]

_CHOSEN = {**chosen("79990006", SentCode), **chosen("79990007", CheckedCode)}
_FIXED = {"79990008001": "01234"}
_UNREADABLE: Mapping[str, SentCode | CheckedCode] = {
    "DestinationNumber": SentCode.INVALID_PHONE,
    "IMSICode": SentCode.SIM_MISMATCH,
    "Code": CheckedCode.WRONG,
}


class VerificationLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the manual leaves to the customer's settings, or does not tell."""

    digits: int = 5
    life: timedelta = timedelta(seconds=300)
    per_key: int = 60
    """Requests a minute."""
    per_number: int = 10
    attempts: int = 5
    """Wrong ones that burn a code, in a strict World."""


class Code(msgspec.Struct, kw_only=True, eq=False):
    """A code that went out, as ``GET /_sandbox/codes`` shows it."""

    to: str
    code: str
    state: str = "live"
    """``live``, ``used``, ``burnt`` or ``expired``."""
    attempts: int = 0
    """Wrong codes that were tried while it lived."""
    expires_at: datetime

    def at(self, now: datetime) -> Code:
        """The same code; one whose life is over is expired."""
        if self.state == "live" and now >= self.expires_at:
            self.state = "expired"
        return self


class Codes(Kept[tuple[Account, str], Code]):
    """The last code of each number."""


class VerificationService(ApiService):
    """Two-factor codes on one World."""

    name = "verification"
    apis: ClassVar[Mapping[str, Api]] = {"": codec.API}
    in_demo: ClassVar[InDemo | None] = "service"
    limits: VerificationLimits = VerificationLimits()

    @shows("codes", "the last two-factor code of each number; ?to=NUMBER: of one")
    def _shown(self, to: str | None) -> list[Code]:
        now, book = self.world.clock.now(), self.world.of(Codes)
        return [code.at(now) for code in book.values() if to in (None, code.to)]

    def example(self, access: Access) -> GenerateCode:
        return GenerateCode("79031234567")

    def demo_questions(self) -> Sequence[Question]:
        return codes("2fa", lambda number: self._shown(number)[0].code)

    def perform(self, account: Account, asked: Asked[GenerateCode | CheckCode]) -> object:
        table, number = answer_of(type(asked.request)), plain_number(asked.request.number)
        if number is None:
            return table.INVALID_PHONE
        if isinstance(_CHOSEN.get(number), table):
            return _CHOSEN[number]
        most = {account: self.limits.per_key, (account, number): self.limits.per_number}
        if not self.world.of(Rates).admits(self.name, most, timedelta(minutes=1)):
            return table.LIMIT
        request = replace(asked.request, number=number)
        return super().perform(account, replace(asked, request=request))

    @answers(GenerateCode)
    def generate(self, account: Account, asked: Asked[GenerateCode]) -> SentCode:
        number, limits = asked.request.number, self.limits
        if account.sim_check and asked.request.imsi is not None:
            sim = self.world.of(Sims).compare(number, asked.request.imsi)
            if sim is not SimCheck.SAME:
                return SentCode.SIM_MISMATCH if sim is SimCheck.CHANGED else SentCode.INTERNAL_ERROR
        book, now = self.world.of(Codes), self.world.clock.now()
        last = book.get((account, number))
        if last is not None and last.at(now).state == "live":
            return SentCode.ALREADY_SENT
        drawn = f"{secrets.randbelow(10**limits.digits):0{limits.digits}}"
        code = Code(to=number, code=_FIXED.get(number, drawn), expires_at=now + limits.life)
        self.send_sms(account, asked, number, f"Your code is {code.code}")
        book[account, number] = code
        return SentCode.SENT

    def refused(self, asked: Asked[Any], why: Refused) -> SentCode:
        return SentCode.NOT_SENT

    @answers(CheckCode)
    def check(self, account: Account, asked: Asked[CheckCode]) -> CheckedCode:
        last = self.world.of(Codes).get((account, asked.request.number))
        if last is None or last.at(self.world.clock.now()).state in {"used", "burnt"}:
            return CheckedCode.WRONG
        if asked.request.code != last.code:
            last.attempts += last.state == "live"
            if self.world.strict and last.attempts >= self.limits.attempts:
                last.state = "burnt"
            return CheckedCode.WRONG
        if last.state == "expired":
            return CheckedCode.EXPIRED
        last.state = "used"
        return CheckedCode.VALID

    def unreadable(self, api: Api, error: ArgumentError, http: RawRequest) -> Refusal | RawAnswer:
        code = _UNREADABLE.get(error.path)
        return json_answer(400, {"error": f"{error}"}) if code is None else Refusal(code, code.text)


devino_sandbox_services: Final = services_at(VerificationService)
