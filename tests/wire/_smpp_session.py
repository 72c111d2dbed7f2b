"""Bound sessions of either role, for tests."""

from __future__ import annotations

from typing import Any

from devino_codecs.smpp import (
    Answered,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    Framer,
    Received,
    Role,
    SessionMachine,
    SessionSettings,
    SessionState,
    SubmitSm,
    decode,
    encode,
)

SUBMIT = SubmitSm(destination_addr="79001234567", short_message=b"Hello")
BINDS = {
    SessionState.BOUND_TX: (BindTransmitter, BindTransmitterResp),
    SessionState.BOUND_RX: (BindReceiver, BindReceiverResp),
    SessionState.BOUND_TRX: (BindTransceiver, BindTransceiverResp),
}


def written(session: SessionMachine[Any]) -> list[Any]:
    """The PDUs that a session has ready to send."""
    return [decode(frame) for frame in Framer().feed(session.data_to_send())]


def taken(session: SessionMachine[Any], octets: bytes, now: float = 0.0) -> list[Any]:
    """The requests that a session's owner gets from these octets, and nothing else."""
    pdus = []
    for event in session.receive(octets, now):
        assert isinstance(event, Received)
        pdus.append(event.pdu)
    return pdus


def esme(state: SessionState = SessionState.BOUND_TRX, **settings: Any) -> SessionMachine[Any]:
    """A client, bound at time 0."""
    session: SessionMachine[Any] = SessionMachine(Role.ESME, 0.0, SessionSettings(**settings))
    bind, answer = BINDS[state]
    session.send(bind(), 0.0, "bind")
    [sent] = written(session)
    events = session.receive(encode(answer(), sent.sequence_number), 0.0)
    assert events == [Answered("bind", answer(sequence_number=sent.sequence_number))]
    assert session.state is state
    session.handle_deadline(0.0)  # Forget the deadline of the bind.
    return session


def smsc(state: SessionState = SessionState.BOUND_TRX, **settings: Any) -> SessionMachine[Any]:
    """A centre, bound at time 0."""
    session: SessionMachine[Any] = SessionMachine(Role.SMSC, 0.0, SessionSettings(**settings))
    bind, answer = BINDS[state]
    [event] = session.receive(encode(bind(), 1), 0.0)
    assert isinstance(event, Received)
    assert session.reply(event.pdu, answer())
    assert written(session) == [answer(sequence_number=1)]
    assert session.state is state
    return session


def submitted(session: SessionMachine[Any], *contexts: str, now: float = 0.0) -> list[int]:
    """Send requests and write them. Gives their numbers."""
    numbers = [session.send(SUBMIT, now, context) for context in contexts]
    session.data_to_send()
    return numbers
