"""Who may send which PDU when: SMPP 3.4, table 2-1, and how a session goes from state to state."""

from __future__ import annotations

from enum import Enum

from ._pdus import (
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    CancelSm,
    DataSm,
    DeliverSm,
    EnquireLink,
    Outbind,
    Pdu,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
    Unbind,
    response_type,
)

__all__ = ["BOUND", "BOUND_BY", "Role", "State", "may_issue", "takes"]


class Role(Enum):
    """Which end of a session."""

    ESME = "esme"
    """The client: binds."""
    SMSC = "smsc"
    """The message centre."""

    @property
    def peer(self) -> Role:
        return Role.SMSC if self is Role.ESME else Role.ESME


class State(Enum):
    """SMPP 3.4, 2.2, and UNBINDING between an ``unbind`` and its answer."""

    OPEN = "open"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBINDING = "unbinding"
    CLOSED = "closed"


BOUND = (State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX)

BOUND_BY: dict[type[Pdu], State] = {
    BindTransmitterResp: State.BOUND_TX,
    BindReceiverResp: State.BOUND_RX,
    BindTransceiverResp: State.BOUND_TRX,
}
"""The state that an answer with status 0 brings about, at both ends."""

_OPEN = (State.OPEN,)
_TX = (State.BOUND_TX, State.BOUND_TRX)
_RX = (State.BOUND_RX, State.BOUND_TRX)
_ESME = (Role.ESME,)
_SMSC = (Role.SMSC,)
_BOTH = (Role.ESME, Role.SMSC)

_REQUESTS: dict[type[Pdu], tuple[tuple[State, ...], tuple[Role, ...]]] = {
    BindTransmitter: (_OPEN, _ESME),
    BindReceiver: (_OPEN, _ESME),
    BindTransceiver: (_OPEN, _ESME),
    Outbind: (_OPEN, _SMSC),
    Unbind: (BOUND, _BOTH),
    SubmitSm: (_TX, _ESME),
    SubmitMulti: (_TX, _ESME),
    DataSm: (BOUND, _BOTH),
    DeliverSm: (_RX, _SMSC),
    QuerySm: (_TX, _ESME),
    CancelSm: (_TX, _ESME),
    ReplaceSm: (_TX, _ESME),
    # The table asks for a bound session; centres are asked before that too, and answer.
    EnquireLink: ((State.OPEN, *BOUND), _BOTH),
    AlertNotification: (_RX, _SMSC),
}

_TOLERATED: dict[tuple[Role, State], tuple[type[Pdu], ...]] = {
    # The manual (3.3) has every deliver_sm answered with status 0, whatever it comes over; a
    # refusal would have the centre send it again, or give it up.
    (Role.ESME, State.BOUND_TX): (DeliverSm,),
}
"""What an end takes though its peer may not issue it."""


def may_issue(role: Role, state: State) -> dict[type[Pdu], type[Pdu] | None]:
    """The requests that this end may send in this state, and what answers each, if anything."""
    return {
        pdu: response_type(pdu.command_id)
        for pdu, (states, roles) in _REQUESTS.items()
        if state in states and role in roles
    }


def takes(role: Role, state: State) -> dict[type[Pdu], type[Pdu] | None]:
    """The requests that this end takes in this state, and what answers each, if anything."""
    tolerated = _TOLERATED.get((role, state), ())
    return may_issue(role.peer, state) | {pdu: response_type(pdu.command_id) for pdu in tolerated}
