"""Who tells the IMSI of a number, why not, and what a check says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

import msgspec

from devino_core._secret import Secret
from devino_core.errors import Unavailable

from ._records import SimCheck

__all__ = ["OnError", "SimSource", "SimUnavailable", "SimVerdict", "WhyNot"]

WhyNot: TypeAlias = Literal["operator", "absent", "failure"]
"""Why nobody can tell: the operator has no such answer, the subscriber is away, or it failed."""

OnError: TypeAlias = Literal["send", "refuse", "retry"]
"""What to do then: send unchecked, do not send, or raise, so that the caller asks again later."""

_TEXTS: Mapping[WhyNot, str] = {
    "operator": "the operator cannot tell the IMSI of this number",
    "absent": "the subscriber is not in the network now",
    "failure": "the operator's equipment has failed",
}


class SimUnavailable(Unavailable):
    """The IMSI cannot be told now. Nothing has changed."""

    def __init__(self, reason: WhyNot, description: str = "") -> None:
        super().__init__(description or _TEXTS[reason])
        self.reason: WhyNot = reason


class SimSource(Protocol):
    """Tells the IMSI of a number."""

    async def imsi(self, number: str, /) -> Secret:
        """The value for a number such as ``79031234567``; a hash of it serves as well.

        Raises SimUnavailable if nobody can tell.
        """
        ...


class SimVerdict(msgspec.Struct, frozen=True):
    """What a check says. It is true if the message may go."""

    check: SimCheck
    send: bool
    """The message may go."""
    reason: WhyNot | None = None
    """Of UNCHECKED: why."""

    def __bool__(self) -> bool:
        return self.send
