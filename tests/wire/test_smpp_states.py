"""How each end of a session binds, and what it sends and takes in each state."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from devino_codecs.smpp import (
    AlertNotification,
    Answered,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    CommandStatus,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    GenericNack,
    Late,
    Outbind,
    Pdu,
    Reason,
    Received,
    Refused,
    Role,
    SessionMachine,
    SessionState,
    SmeAddress,
    StateError,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    Unanswered,
    Unbind,
    encode,
)
from tests.wire._smpp_session import BINDS, SUBMIT, esme, smsc, written
from tests.wire._smpp_values import CLASSES


@pytest.mark.parametrize("state", BINDS)
def test_a_bind_answered_with_status_0_makes_both_ends_bound(state: SessionState) -> None:
    assert esme(state).state is state
    assert smsc(state).state is state


def test_a_refused_bind_leaves_the_session_open_for_another() -> None:
    session: SessionMachine[str] = SessionMachine(Role.ESME, 0.0)
    session.send(BindTransceiver(), 0.0, "first")
    with pytest.raises(StateError):
        session.send(BindTransceiver(), 0.0, "second while the first is in flight")
    refusal = BindTransceiverResp(command_status=CommandStatus.ESME_RBINDFAIL, sequence_number=1)
    session.data_to_send()
    assert session.receive(encode(refusal), 0.0) == [Answered("first", refusal)]
    assert session.state is SessionState.OPEN
    session.send(BindTransceiver(), 0.0, "third")
    assert written(session) == [BindTransceiver(sequence_number=2)]


def test_a_late_answer_to_a_bind_counts_for_the_peer_is_bound_by_it() -> None:
    session: SessionMachine[str] = SessionMachine(Role.ESME, 0.0)
    number = session.send(BindTransceiver(), 0.0, "bind")
    session.data_to_send()
    assert session.cancel(number, 1.0) == Unanswered("bind", Reason.CANCELLED)
    answer = BindTransceiverResp(sequence_number=number)
    assert session.receive(encode(answer), 2.0) == [Late("bind", answer)]
    assert session.state is SessionState.BOUND_TRX


# Table 2-1 of the specification: request, states, who sends it.
TABLE = {
    "BindTransmitter": ("O", "E"),
    "BindReceiver": ("O", "E"),
    "BindTransceiver": ("O", "E"),
    "SubmitSm": ("T X", "E"),
    "SubmitMulti": ("T X", "E"),
    "DataSm": ("T R X", "E S"),
    "DeliverSm": ("R X", "S"),
    "QuerySm": ("T X", "E"),
    "CancelSm": ("T X", "E"),
    "ReplaceSm": ("T X", "E"),
    "EnquireLink": ("O T R X", "E S"),
}
# A client takes it too: the platform wants an answer with status 0 to every deliver_sm.
TOLERATED = {("T", "DeliverSm", Role.ESME)}
LETTERS = {
    "O": SessionState.OPEN,
    "T": SessionState.BOUND_TX,
    "R": SessionState.BOUND_RX,
    "X": SessionState.BOUND_TRX,
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("letter", LETTERS)
def test_only_what_the_table_allows_is_sent_and_taken(role: Role, letter: str) -> None:
    def fresh() -> SessionMachine[Any]:
        if letter == "O":
            return SessionMachine(role, 0.0)
        return (esme if role is Role.ESME else smsc)(LETTERS[letter])

    mine, theirs = ("E", "S") if role is Role.ESME else ("S", "E")
    for of in CLASSES:
        states, roles = TABLE.get(of.__name__, ("", ""))
        pdu = SubmitMulti(dest_address=(SmeAddress(),)) if of is SubmitMulti else of()
        session = fresh()
        if letter in states.split() and mine in roles.split():
            session.send(pdu, 0.0, None)
        else:
            with pytest.raises(StateError):
                session.send(pdu, 0.0, None)
        if of.__name__.endswith("Resp") or of in (Unbind, EnquireLink, GenericNack):
            continue
        session = fresh()
        [event] = session.receive(encode(pdu), 0.0)
        notice = (letter, role) in {
            ("O", Role.ESME) if of is Outbind else None,
            *([("R", Role.ESME), ("X", Role.ESME)] if of is AlertNotification else []),
        }
        allowed = letter in states.split() and theirs in roles.split()
        allowed |= (letter, of.__name__, role) in TOLERATED
        assert isinstance(event, Received if allowed or notice else Refused)


def test_a_request_out_of_place_is_answered_as_such() -> None:
    session: SessionMachine[Any] = SessionMachine(Role.SMSC, 0.0)
    [event] = session.receive(encode(SUBMIT, 5), 0.0)
    assert event == Refused(
        SubmitSm(destination_addr="79001234567", short_message=b"Hello", sequence_number=5),
        CommandStatus.ESME_RINVBNDSTS,
    )
    assert written(session) == [SubmitSmResp(command_status=4, sequence_number=5)]
    session = smsc()
    session.receive(encode(BindReceiver(), 6), 0.0)
    assert written(session) == [BindReceiverResp(command_status=5, sequence_number=6)]


@pytest.mark.parametrize("pdu", [DeliverSm(short_message=b"Hi"), DataSm()])
def test_the_owner_answers_a_delivery_to_a_transmitter(pdu: Pdu) -> None:
    session = esme(SessionState.BOUND_TX)
    [event] = session.receive(encode(pdu, 9), 0.0)
    assert isinstance(event, Received)
    assert session.peer_requests == 1
    assert session.data_to_send() == b""
    answer = DeliverSmResp() if isinstance(pdu, DeliverSm) else DataSmResp()
    session.reply(event.pdu, answer)
    assert written(session) == [replace(answer, sequence_number=9)]


def test_a_centre_delivers_to_no_transmitter() -> None:
    session = smsc(SessionState.BOUND_TX)
    with pytest.raises(StateError, match="may not send DeliverSm in state bound_tx"):
        session.send(DeliverSm(), 0.0, None)


def test_notices_have_no_answer() -> None:
    session = smsc()
    session.notify(AlertNotification(source_addr="7900"))
    [notice] = written(session)
    assert esme().receive(encode(notice), 0.0) == [Received(notice)]
    with pytest.raises(StateError):
        session.notify(Outbind())
    with pytest.raises(StateError):
        session.notify(SUBMIT)
    SessionMachine[Any](Role.SMSC, 0.0).notify(Outbind(system_id="centre"))
