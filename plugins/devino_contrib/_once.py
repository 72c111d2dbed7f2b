"""What is asked for twice is sent once: the outbox's database remembers by ref what was sent."""

from __future__ import annotations

import json
import zlib

from devino_core import Message, OutcomeUnknown, Receipt
from devino_core.outbox import Outbox, RefTaken
from devino_core.remembered import Fact, Remembered

__all__ = ["Once"]


class Once:
    """It works while the outbox is open. What it knows it forgets after the outbox's retention."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def begin(self, message: Message) -> Receipt | None:
        """Take the message for this run; or give the receipt of the run that has sent it.

        Raises OutcomeUnknown if another run has taken it and told nothing since: it may be sending
        still, or it died, so nobody knows. Raises RefTaken if the ref is that of another message.
        """
        ref = message.ref
        if await self._add(_begun(ref), _likeness(message)):
            return None
        now = self._outbox.now()
        begun, sent = await self._memory.seen(_begun(ref), _sent(ref), now=now)
        if begun is not None and begun.value != _likeness(message):
            raise RefTaken(ref)
        if sent is None or sent.value is None:
            raise OutcomeUnknown(
                f"an earlier run may have sent {ref!r}: it began, and did not tell what came of it"
            )
        return Receipt.from_dict(json.loads(sent.value))

    async def finish(self, receipt: Receipt) -> None:
        """It was sent, and this came of it."""
        await self._add(_sent(receipt.ref), json.dumps(receipt.to_dict()))

    async def give_up(self, ref: str) -> None:
        """It was not sent, and another run may send it."""
        await self._memory.forget(_begun(ref))

    @property
    def _memory(self) -> Remembered:
        return self._outbox.remembered

    async def _add(self, key: str, value: str) -> bool:
        now = self._outbox.now()
        fact = Fact(now + self._outbox.settings.kept_for, value)
        return await self._memory.add(key, fact, now=now)


def _begun(ref: str) -> str:
    return f"task begun {ref}"


def _sent(ref: str) -> str:
    return f"task sent {ref}"


def _likeness(message: Message) -> str:
    """Differs where messages do, but for one in 65536: it tells too little to guess a code by."""
    written = json.dumps(message.to_dict(), sort_keys=True).encode()
    return f"{zlib.crc32(written) & 0xFFFF:04x}"
