"""The platform's numbers of states, which REST and SOAP, receipts and the inspection API share."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from typing import TypeVar

from devino_codecs.http import CodedInt
from devino_codecs.rest import SmsStateCode, ViberStateCode
from devino_core import Medium, State
from devino_sandbox._fates import Step
from devino_sandbox._messages import StoredMessage

__all__ = ["by_state", "code_of", "sms_code", "step_code", "viber_code"]

C = TypeVar("C", bound=CodedInt)

# What a table that lacks a state says instead.
_NEAREST: Mapping[State, State] = {
    State.SCHEDULED: State.ACCEPTED,
    State.READ: State.DELIVERED,
    State.CLICKED: State.DELIVERED,
    State.BOUNCED: State.UNDELIVERABLE,
    State.REJECTED: State.UNDELIVERABLE,
    State.DELETED: State.UNKNOWN,
}


def by_state(table: type[C]) -> Mapping[State, C]:
    """The usual row of a table for each state.

    It is the row that has the state's name, else the first that means the state, else that of the
    nearest state.
    """

    def row(state: State) -> C:
        rows = [code for code in table if code.means == state]
        named = [code for code in rows if code.name == state]
        return (named or rows or [row(_NEAREST[state])])[0]

    return {state: row(state) for state in State}


_SMS = by_state(SmsStateCode)
# "An error", not one that the recipient's phone was told of.
_VIBER = {**by_state(ViberStateCode), State.REJECTED: ViberStateCode.ERROR}


def sms_code(step: Step, table: type[IntEnum] | None = None) -> int:
    """The number of an SMS's state. If ``table`` lacks it: the usual one of that state."""
    return _code(step, SmsStateCode, _SMS[step.state], table)


def viber_code(step: Step, table: type[IntEnum] | None = None) -> int:
    """The number of a Viber message's state, likewise."""
    return _code(step, ViberStateCode, _VIBER[step.state], table)


def code_of(message: StoredMessage) -> int | None:
    """The number of where a message is; None for a medium without one, and for a refused one."""
    return (
        None if message.reason is not None else step_code(message.submission.medium, message.step)
    )


def step_code(medium: Medium, step: Step) -> int | None:
    """The number of where a message of this medium is; None for one without numbers."""
    if medium is Medium.SMS:
        return sms_code(step)
    return viber_code(step) if medium is Medium.VIBER else None


def _code(step: Step, names: type[IntEnum], usual: int, table: type[IntEnum] | None) -> int:
    reason = step.reason
    if not reason:
        return int(usual)
    is_number = reason.removeprefix("-").isdecimal()
    number = int(reason) if is_number else int(names.__members__.get(reason, usual))
    return number if table is None or number in _numbers(table) else int(usual)


@cache
def _numbers(table: type[IntEnum]) -> frozenset[int]:
    return frozenset([int(code) for code in table])
