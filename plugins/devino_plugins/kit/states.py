"""What the platform's codes of states mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, timezone

import msgspec

from devino_codecs.http import Coded
from devino_core import Medium, Message, ProtocolViolation, State, Status
from devino_core.clock import Clock
from devino_core.dispatch import failed_status

__all__ = ["accepted", "resent", "state_of", "unread"]

_STATES = {state.name: state for state in State}


def state_of(code: object, *, otherwise: State = State.UNKNOWN) -> State:
    """The state that a code means; ``otherwise`` for one that its table lacks, or gives none."""
    return _STATES.get(code.means, otherwise) if isinstance(code, Coded) else otherwise


def unread(message_id: str | None, medium: Medium, why: str) -> Status:
    """The status of a message about which the platform gave nothing that can be read."""
    error = ProtocolViolation(f"the platform's answer {why}", changes=False)
    return failed_status(message_id, error, medium=medium)


def resent(viber: Status, sms: Sequence[Status]) -> Status:
    """What became of a Viber message that the platform may have resent by SMS.

    Where it did, both are legs of one message: see :meth:`Status.of_legs
    <devino_core.Status.of_legs>`. The id is the Viber message's.
    """
    if not sms:
        return viber
    return msgspec.structs.replace(Status.of_legs([viber, Status.combined(sms)]), id=viber.id)


def accepted(message: Message, clock: Clock) -> Status:
    """The status of a message that the platform took: SCHEDULED for later, else ACCEPTED."""
    at = message.send_at
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=_WESTERNMOST)
    return (_SCHEDULED if at is not None and at > clock.now() else _ACCEPTED)[message.medium]


_WESTERNMOST = timezone(-timedelta(hours=12))
"""Where a time of the recipient's clock comes last: who is past it there is past it anywhere."""
_SCHEDULED = {medium: Status(state=State.SCHEDULED, medium=medium) for medium in Medium}
_ACCEPTED = {medium: Status(state=State.ACCEPTED, medium=medium) for medium in Medium}
