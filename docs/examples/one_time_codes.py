"""One-time codes with a text of your own: each is good once, and for a short time."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from devino_core import AsyncClient, Message, Secret
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.phone import normalize
from devino_core.remembered import Fact, Limit, Limits, Remembered

LIFE = timedelta(minutes=5)


class OneTimeCodes:
    """``remembered`` is the memory that all processes of yours share, or ``Seen()`` for one."""

    def __init__(
        self,
        client: AsyncClient,
        remembered: Remembered,
        *,
        key: Secret,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._remembered = remembered
        self._limits = Limits(remembered, clock)
        self._key = key
        self._clock = clock

    async def send(self, number: str) -> None:
        """Send a new code. An older one is no longer good. Raises Throttled for too many."""
        number = normalize(number)
        often = (Limit(f"resent {number}", 1, 60), Limit(f"sent {number}", 5, 3600))
        async with self._limits.counted(often, "too many codes for this number"):
            code = f"{secrets.randbelow(10**6):06}"
            now = self._clock.now()
            fact = Fact(now + LIFE, self._digest(number, code))
            await self._remembered.forget(f"code {number}")
            await self._remembered.add(f"code {number}", fact, now=now)
            await self._limits.clear(_guesses(number))
            text = f"{code} is your code for shop.example. Tell it to nobody."
            # What comes later than the code is good for need not come at all.
            receipt = await self._client.send(Message(number, text, validity=LIFE))
            if receipt.error is not None:
                raise receipt.error

    async def check(self, number: str, typed: str) -> bool:
        """Whether this is the code. It is used up then. Raises Throttled for too many guesses."""
        number = normalize(number)
        why = "too many guesses: ask for a new code"
        async with self._limits.counted([_guesses(number)], why):
            now = self._clock.now()
            [fact] = await self._remembered.seen(f"code {number}", now=now)
            digest = self._digest(number, typed.strip())
            if fact is None or not hmac.compare_digest(fact.value or "", digest):
                return False
            # Of two who type it at once, one is first.
            return await self._remembered.add(f"used {digest}", Fact(fact.until), now=now)

    def _digest(self, number: str, code: str) -> str:
        # Who reads the memory learns no code: there are only a million of them, so a key is needed.
        said = f"{number} {code}".encode()
        return hmac.new(self._key.reveal().encode(), said, hashlib.sha256).hexdigest()


def _guesses(number: str) -> Limit:
    return Limit(f"guessed {number}", 5, LIFE.total_seconds())
