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

import re
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from shlex import quote
from typing import ClassVar

import msgspec

from devino_codecs import verification as codec
from devino_codecs.http import Api, ArgumentError, Refusal, answer_of
from devino_codecs.verification import CheckCode, CheckedCode, GenerateCode, SentCode
from devino_core import hookimpl, phone
from devino_core.sim import SimUnavailable
from devino_sandbox._accounts import Account
from devino_sandbox._http import HttpAnswer, HttpRequest, json_answer
from devino_sandbox._latest import Latest
from devino_sandbox._messages import Refused, Submission
from devino_sandbox._service import Access
from devino_sandbox._sims import Sims
from devino_sandbox._views import Views
from devino_sandbox._world import World
from devino_sandbox.services._api import ApiService, Asked, answers

__all__ = ["Code", "Codes", "VerificationLimits", "VerificationService", "devino_sandbox_services"]

_MINUTE = timedelta(minutes=1)
_CHOSEN: Mapping[str, SentCode | CheckedCode] = {
    **{f"79990006{code.value:03}": code for code in SentCode},
    **{f"79990007{code.value:03}": code for code in CheckedCode},
}
_WITH_ZERO, _ZERO = "79990008001", "01234"
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
    """A code that went out."""

    to: str
    code: str
    expires_at: datetime
    attempts: int = 0
    """Wrong codes that were tried while it lived."""
    ended: str = ""
    """``used`` or ``burnt``."""

    def state(self, now: datetime) -> str:
        """``live``, ``used``, ``burnt`` or ``expired``."""
        return self.ended or ("live" if now < self.expires_at else "expired")


class CodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A code as ``GET /_sandbox/codes`` shows it (:mod:`devino_sandbox.services.inspection`)."""

    to: str
    code: str
    state: str
    attempts: int
    expires_at: datetime

    @classmethod
    def of(cls, code: Code, now: datetime) -> CodeView:
        return cls(
            to=code.to,
            code=code.code,
            state=code.state(now),
            attempts=code.attempts,
            expires_at=code.expires_at,
        )


class Codes:
    """The last code of each number, and who asked how often of late."""

    def __init__(self, world: World) -> None:
        self.last: Latest[tuple[Account, str], Code] = Latest(world.keep)
        self._world = world
        self._times: Latest[object, deque[datetime]] = Latest(world.keep)

    def admits(self, key: object, per_minute: int) -> bool:
        """Count one more of this key, unless that were too many in a minute."""
        times, now = self._times.get(key, deque(maxlen=per_minute)), self._world.clock.now()
        if len(times) == per_minute and now - times[0] < _MINUTE:
            return False
        times.append(now)
        self._times[key] = times
        return True


class VerificationService(ApiService):
    """Two-factor codes on one World."""

    name = "verification"
    apis: ClassVar[Mapping[str, Api]] = {"": codec.API}

    def __init__(self, world: World, limits: VerificationLimits | None = None) -> None:
        super().__init__(world)
        self._limits = limits or VerificationLimits()
        self._codes = world.of(Codes)
        about = "the last two-factor code of each number; ?to=NUMBER: of one"
        world.of(Views).add("codes", about, self._shown)

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"verification": base_url}

    def _shown(self, to: str | None) -> list[CodeView]:
        now = self.world.clock.now()
        return [CodeView.of(c, now) for c in self._codes.last.values() if to in (None, c.to)]

    def usage(self, access: Access) -> Sequence[str]:
        header, url = quote(f"X-ApiKey: {access.api_key}"), access.endpoints["verification"]
        return [f"curl -H {header} -d DestinationNumber=79031234567 {url}/GenerateCode"]

    def perform(self, account: Account, asked: Asked[GenerateCode | CheckCode]) -> object:
        table, number = answer_of(type(asked.request)), _number(asked.request)
        if not number:
            return table.INVALID_PHONE
        if isinstance(_CHOSEN.get(number), table):
            return _CHOSEN[number]
        admits, limits = self._codes.admits, self._limits
        if admits(account, limits.per_key) and admits((account, number), limits.per_number):
            return super().perform(account, asked)
        return table.LIMIT

    @answers(GenerateCode)
    def generate(self, account: Account, asked: Asked[GenerateCode]) -> SentCode:
        number, now = _number(asked.request), self.world.clock.now()
        if account.sim_check and asked.request.imsi is not None:
            try:
                if not self.world.of(Sims).compare(number, asked.request.imsi):
                    return SentCode.SIM_MISMATCH
            except SimUnavailable:
                return SentCode.INTERNAL_ERROR
        last = self._codes.last.get((account, number))
        if last is not None and last.state(now) == "live":
            return SentCode.ALREADY_SENT
        digits = self._limits.digits
        code = _ZERO if number == _WITH_ZERO else f"{secrets.randbelow(10**digits):0{digits}}"
        text = f"Your code is {code}"
        sms = Submission(account=account, via=asked.via, sender=account.sender, text=text)
        try:
            self.world.submit(sms, [number])
        except Refused:
            return SentCode.NOT_SENT
        expires_at = now + self._limits.life
        self._codes.last[account, number] = Code(to=number, code=code, expires_at=expires_at)
        return SentCode.SENT

    @answers(CheckCode)
    def check(self, account: Account, asked: Asked[CheckCode]) -> CheckedCode:
        last = self._codes.last.get((account, _number(asked.request)))
        if last is None or last.ended:
            return CheckedCode.WRONG
        is_live = last.state(self.world.clock.now()) == "live"
        if asked.request.code == last.code:
            last.ended = "used" if is_live else ""
            return CheckedCode.VALID if is_live else CheckedCode.EXPIRED
        last.attempts += is_live
        if self.world.strict and last.attempts >= self._limits.attempts:
            last.ended = "burnt"
        return CheckedCode.WRONG

    def unreadable(self, api: Api, error: ArgumentError, http: HttpRequest) -> Refusal | HttpAnswer:
        code = _UNREADABLE.get(error.path)
        return json_answer(400, {"error": f"{error}"}) if code is None else Refusal(code, code.text)


def _number(request: GenerateCode | CheckCode) -> str:
    """In the form in which messages have it; "" if it is none: digits, a ``+`` before at most."""
    try:
        said = request.number
        return phone.normalize(said) if re.fullmatch(r"\+?[0-9]+", said) else ""
    except ValueError:
        return ""


@hookimpl
def devino_sandbox_services(world: World) -> list[VerificationService]:
    return [VerificationService(world)]
