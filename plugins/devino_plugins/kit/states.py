"""What the platform's codes of states mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from devino_codecs.http import Coded
from devino_core import State, Status

__all__ = ["resent", "state_of"]

_STATES = {state.name: state for state in State}


def state_of(code: object, *, otherwise: State = State.UNKNOWN) -> State:
    """The state that a code means; ``otherwise`` for one that its table lacks, or gives none."""
    return _STATES.get(code.means, otherwise) if isinstance(code, Coded) else otherwise


def resent(viber: Status, sms: Sequence[Status]) -> Status:
    """What became of a Viber message that the platform may have resent by SMS.

    Where it did, the SMS decides, under the Viber message's id; the price is that of both.
    """
    if not sms:
        return viber
    status = Status.combined(sms)
    prices = [each.price for each in (viber, status) if each.price is not None]
    return msgspec.structs.replace(
        status, id=viber.id, price=sum(prices, Decimal(0)) if prices else None
    )
