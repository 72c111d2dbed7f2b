"""Who may send which PDU when (SMPP 3.4, table 2-1), and how a session changes its state."""

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
)

__all__ = ["BOUND", "BOUND_BY", "Role", "SessionState", "may_issue", "takes"]


class Role(Enum):
    """Which end of a session."""

    ESME = "esme"
    """The client: binds."""
    SMSC = "smsc"
    """The message centre."""

    @property
    def peer(self) -> Role:
        return Role.SMSC if self is Role.ESME else Role.ESME


class SessionState(Enum):
    """The states of SMPP 3.4, 2.2, and UNBINDING, which lies between ``unbind`` and its answer."""

    OPEN = "open"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBINDING = "unbinding"
    CLOSED = "closed"


BOUND = (SessionState.BOUND_TX, SessionState.BOUND_RX, SessionState.BOUND_TRX)

BOUND_BY: dict[type[Pdu], SessionState] = {
    BindTransmitterResp: SessionState.BOUND_TX,
    BindReceiverResp: SessionState.BOUND_RX,
    BindTransceiverResp: SessionState.BOUND_TRX,
}
"""The state of both ends after an answer with status 0."""

_OPEN = (SessionState.OPEN,)
_TX = (SessionState.BOUND_TX, SessionState.BOUND_TRX)
_RX = (SessionState.BOUND_RX, SessionState.BOUND_TRX)
_ESME = (Role.ESME,)
_SMSC = (Role.SMSC,)
_BOTH = (Role.ESME, Role.SMSC)

_REQUESTS: dict[type[Pdu], tuple[tuple[SessionState, ...], tuple[Role, ...]]] = {
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
    # The table wants a bound session. But clients ask before they bind, and centres answer.
    EnquireLink: ((SessionState.OPEN, *BOUND), _BOTH),
    AlertNotification: (_RX, _SMSC),
}

_TOLERATED: dict[tuple[Role, SessionState], tuple[type[Pdu], ...]] = {
    # The manual (3.3) wants every deliver_sm answered with status 0, whatever session it comes
    # over. If it is refused, the centre sends it again or gives it up.
    (Role.ESME, SessionState.BOUND_TX): (DeliverSm,),
}
"""What an end takes although its peer may not issue it."""


def may_issue(role: Role, state: SessionState) -> frozenset[type[Pdu]]:
    """The requests and notices that this end may send in this state."""
    return frozenset(
        pdu for pdu, (states, roles) in _REQUESTS.items() if state in states and role in roles
    )


def takes(role: Role, state: SessionState) -> frozenset[type[Pdu]]:
    """The requests and notices that this end takes in this state."""
    return may_issue(role.peer, state).union(_TOLERATED.get((role, state), ()))
