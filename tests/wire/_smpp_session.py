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
    Session,
    SessionSettings,
    State,
    SubmitSm,
    decode,
    encode,
)

SUBMIT = SubmitSm(destination_addr="79001234567", short_message=b"Hello")
BINDS = {
    State.BOUND_TX: (BindTransmitter, BindTransmitterResp),
    State.BOUND_RX: (BindReceiver, BindReceiverResp),
    State.BOUND_TRX: (BindTransceiver, BindTransceiverResp),
}


def written(session: Session[Any]) -> list[Any]:
    """The PDUs that a session has to send."""
    return [decode(frame) for frame in Framer().feed(session.data_to_send())]


def taken(session: Session[Any], octets: bytes, now: float = 0.0) -> list[Any]:
    """The requests that these octets bring a session's owner, and nothing else."""
    pdus = []
    for event in session.receive(octets, now):
        assert isinstance(event, Received)
        pdus.append(event.pdu)
    return pdus


def esme(state: State = State.BOUND_TRX, **settings: Any) -> Session[Any]:
    """A client, bound at time 0."""
    session: Session[Any] = Session(Role.ESME, 0.0, SessionSettings(**settings))
    bind, answer = BINDS[state]
    session.send(bind(), 0.0, "bind")
    [sent] = written(session)
    events = session.receive(encode(answer(), sent.sequence_number), 0.0)
    assert events == [Answered("bind", answer(sequence_number=sent.sequence_number))]
    assert session.state is state
    session.handle_deadline(0.0)  # the bind's own deadline is forgotten
    return session


def smsc(state: State = State.BOUND_TRX, **settings: Any) -> Session[Any]:
    """A centre, bound at time 0."""
    session: Session[Any] = Session(Role.SMSC, 0.0, SessionSettings(**settings))
    bind, answer = BINDS[state]
    [event] = session.receive(encode(bind(), 1), 0.0)
    assert isinstance(event, Received)
    assert session.reply(event.pdu, answer())
    assert written(session) == [answer(sequence_number=1)]
    assert session.state is state
    return session


def submitted(session: Session[Any], *contexts: str, now: float = 0.0) -> list[int]:
    """Requests sent and written; their numbers."""
    numbers = [session.send(SUBMIT, now, context) for context in contexts]
    session.data_to_send()
    return numbers
