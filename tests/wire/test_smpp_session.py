"""How each end of a session binds, unbinds and stands what it is sent."""

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
    Broken,
    Closed,
    CommandStatus,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Late,
    NeverSent,
    Outbind,
    Pdu,
    Reason,
    Received,
    Refused,
    Role,
    Session,
    SessionSettings,
    SmeAddress,
    State,
    StateError,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    Unanswered,
    Unbind,
    UnbindResp,
    UnknownPdu,
    Unmatched,
    encode,
)
from tests.wire._smpp_session import BINDS, SUBMIT, esme, smsc, submitted, written
from tests.wire._smpp_values import CLASSES


@pytest.mark.parametrize("state", BINDS)
def test_a_bind_answered_with_status_0_makes_both_ends_bound(state: State) -> None:
    assert esme(state).state is state
    assert smsc(state).state is state


def test_a_refused_bind_leaves_the_session_open_for_another() -> None:
    session: Session[str] = Session(Role.ESME, 0.0)
    session.send(BindTransceiver(), 0.0, "first")
    with pytest.raises(StateError):
        session.send(BindTransceiver(), 0.0, "second while the first is in flight")
    refusal = BindTransceiverResp(command_status=CommandStatus.ESME_RBINDFAIL, sequence_number=1)
    session.data_to_send()
    assert session.receive(encode(refusal), 0.0) == [Answered("first", refusal)]
    assert session.state is State.OPEN
    session.send(BindTransceiver(), 0.0, "third")
    assert written(session) == [BindTransceiver(sequence_number=2)]


def test_a_late_answer_to_a_bind_counts_for_the_peer_is_bound_by_it() -> None:
    session: Session[str] = Session(Role.ESME, 0.0)
    number = session.send(BindTransceiver(), 0.0, "bind")
    session.data_to_send()
    assert session.cancel(number, 1.0) == Unanswered("bind", Reason.CANCELLED)
    answer = BindTransceiverResp(sequence_number=number)
    assert session.receive(encode(answer), 2.0) == [Late("bind", answer)]
    assert session.state is State.BOUND_TRX


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
# What a client takes beyond it: the platform has every deliver_sm answered with status 0.
TOLERATED = {("T", "DeliverSm", Role.ESME)}
LETTERS = {"O": State.OPEN, "T": State.BOUND_TX, "R": State.BOUND_RX, "X": State.BOUND_TRX}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("letter", LETTERS)
def test_only_what_the_table_allows_is_sent_and_taken(role: Role, letter: str) -> None:
    def fresh() -> Session[Any]:
        if letter == "O":
            return Session(role, 0.0)
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


def test_what_is_out_of_place_is_answered_so() -> None:
    session: Session[Any] = Session(Role.SMSC, 0.0)
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
def test_a_delivery_to_a_transmitter_is_the_owners_to_answer(pdu: Pdu) -> None:
    session = esme(State.BOUND_TX)
    [event] = session.receive(encode(pdu, 9), 0.0)
    assert isinstance(event, Received)
    assert session.peer_requests == 1
    assert session.data_to_send() == b""
    answer = DeliverSmResp() if isinstance(pdu, DeliverSm) else DataSmResp()
    session.reply(event.pdu, answer)
    assert written(session) == [replace(answer, sequence_number=9)]


def test_a_centre_delivers_to_no_transmitter() -> None:
    session = smsc(State.BOUND_TX)
    with pytest.raises(StateError, match="may not send DeliverSm in state bound_tx"):
        session.send(DeliverSm(), 0.0, None)


def test_enquire_link_goes_only_after_the_silence_asked_for() -> None:
    session = esme(enquire_after=60.0)
    assert session.deadline() == 60.0
    session.receive(encode(DeliverSm(), 1), 30.0)
    session.data_to_send()
    assert session.handle_deadline(60.0) == []
    assert session.data_to_send() == b""
    assert session.deadline() == 90.0
    session.handle_deadline(90.0)
    [enquiry] = written(session)
    assert isinstance(enquiry, EnquireLink)
    assert session.receive(encode(EnquireLinkResp(), enquiry.sequence_number), 91.0) == []
    session.handle_deadline(120.0)
    assert session.deadline() == 151.0


def test_an_answered_enquiry_brings_the_next_one_forward() -> None:
    session = esme(enquire_after=20.0, response_timeout=100.0)
    session.handle_deadline(20.0)
    [enquiry] = written(session)
    assert session.deadline() == 120.0
    session.receive(encode(EnquireLinkResp(), enquiry.sequence_number), 21.0)
    assert session.deadline() == 41.0


def test_what_this_end_sends_does_not_put_the_enquiry_off() -> None:
    session = esme(enquire_after=60.0, response_timeout=100.0)
    submitted(session, "one", now=59.0)
    session.handle_deadline(60.0)
    assert [type(pdu) for pdu in written(session)] == [EnquireLink]


def test_an_enquiry_without_an_answer_unbinds() -> None:
    session = esme(enquire_after=60.0, response_timeout=30.0)
    session.handle_deadline(60.0)
    session.data_to_send()
    submitted(session, "in flight", now=70.0)
    session.handle_deadline(90.0)
    assert [type(pdu) for pdu in written(session)] == [Unbind]
    assert session.state is State.UNBINDING
    events = session.handle_deadline(120.0)
    assert events == [Unanswered("in flight", Reason.TIMEOUT), Closed(Reason.LINK_DEAD)]
    assert session.deadline() is None


def test_the_peers_enquiry_is_answered_in_any_state() -> None:
    for session in (Session[Any](Role.SMSC, 0.0), esme(), smsc(State.BOUND_RX)):
        assert session.receive(encode(EnquireLink(), 7), 0.0) == []
        assert written(session) == [EnquireLinkResp(sequence_number=7)]


def test_without_a_bind_in_time_the_session_closes() -> None:
    session: Session[Any] = Session(Role.SMSC, 5.0, SessionSettings(bind_timeout=10.0))
    assert session.deadline() == 15.0
    assert session.handle_deadline(14.0) == []
    assert session.handle_deadline(15.0) == [Closed(Reason.NOT_BOUND)]
    bound = smsc(bind_timeout=10.0, enquire_after=None)
    bound.handle_deadline(10.0)
    assert bound.state is State.BOUND_TRX
    assert bound.deadline() is None


def test_unbinding_in_mid_window_lets_answers_come_and_ends_the_rest() -> None:
    session = esme(window=2)
    answered, open_ = submitted(session, "answered", "open")
    session.send(SUBMIT, 0.0, "waiting")
    session.unbind(1.0)
    assert session.deadline() == float("-inf")
    assert session.handle_deadline(1.0) == [NeverSent("waiting", Reason.UNBOUND)]
    [unbind] = written(session)
    with pytest.raises(StateError):
        session.send(SUBMIT, 1.0, "too late")
    answer = SubmitSmResp(message_id="1", sequence_number=answered)
    assert session.receive(encode(answer), 2.0) == [Answered("answered", answer)]
    events = session.receive(encode(UnbindResp(), unbind.sequence_number), 2.0)
    assert events == [Unanswered("open", Reason.UNBOUND), Closed(Reason.UNBOUND)]
    assert session.state is State.CLOSED
    assert open_


def test_requests_of_the_peer_are_taken_while_unbinding() -> None:
    session = esme()
    session.unbind(0.0)
    [event] = session.receive(encode(DeliverSm(), 8), 1.0)
    assert session.reply(event.pdu, DeliverSmResp())
    assert [type(pdu) for pdu in written(session)] == [Unbind, DeliverSmResp]


def test_an_unbind_without_an_answer_ends_too() -> None:
    session = esme(response_timeout=30.0)
    session.unbind(1.0)
    session.data_to_send()
    assert session.handle_deadline(31.0) == [Closed(Reason.TIMEOUT)]


def test_an_open_session_just_closes() -> None:
    session: Session[Any] = Session(Role.ESME, 0.0)
    session.unbind(0.0)
    assert session.handle_deadline(0.0) == [Closed(Reason.UNBOUND)]
    assert session.data_to_send() == b""


def test_the_peers_unbind_is_answered_and_ends_everything() -> None:
    session = esme(window=1)
    submitted(session, "written")
    session.send(SUBMIT, 0.0, "waiting")
    assert session.receive(encode(Unbind(), 3), 1.0) == [
        NeverSent("waiting", Reason.PEER_UNBOUND),
        Unanswered("written", Reason.PEER_UNBOUND),
        Closed(Reason.PEER_UNBOUND),
    ]
    assert written(session) == [UnbindResp(sequence_number=3)]


def test_answers_in_the_same_read_after_an_unbind_still_count() -> None:
    session = esme()
    [number] = submitted(session, "one")
    answer = SubmitSmResp(message_id="1", sequence_number=number)
    events = session.receive(encode(Unbind(), 3) + encode(answer), 1.0)
    assert events == [Answered("one", answer), Closed(Reason.PEER_UNBOUND)]


def test_an_unbind_is_answered_after_the_requests_before_it() -> None:
    session = smsc()
    first, second = session.receive(
        encode(SUBMIT, 2) + encode(SUBMIT, 3) + encode(Unbind(), 4), 1.0
    )
    assert session.data_to_send() == b""
    session.reply(first.pdu, SubmitSmResp(message_id="a"))
    assert session.state is State.UNBINDING
    session.reply(second.pdu, SubmitSmResp(message_id="b"))
    assert [pdu.sequence_number for pdu in written(session)] == [2, 3, 4]
    assert session.handle_deadline(1.0) == [Closed(Reason.PEER_UNBOUND)]


def test_an_owner_that_never_replies_does_not_hold_the_unbind_for_ever() -> None:
    session = smsc(response_timeout=30.0)
    session.receive(encode(SUBMIT, 2) + encode(Unbind(), 4), 1.0)
    assert session.handle_deadline(31.0) == [Closed(Reason.PEER_UNBOUND)]
    assert written(session) == [UnbindResp(sequence_number=4)]


def test_both_ends_may_unbind_at_once() -> None:
    session = esme()
    session.unbind(0.0)
    [unbind] = written(session)
    assert session.receive(encode(Unbind(), 77), 0.0) == []
    assert written(session) == [UnbindResp(sequence_number=77)]
    events = session.receive(encode(UnbindResp(), unbind.sequence_number), 0.0)
    assert events == [Closed(Reason.UNBOUND)]


@pytest.mark.parametrize(
    ("way", "reason"), [("eof", Reason.PEER_CLOSED), ("abort", Reason.ABORTED)]
)
def test_the_connections_end_ends_everything_and_writes_nothing_more(
    way: str, reason: Reason
) -> None:
    session = esme(window=2)
    submitted(session, "written")
    session.send(SUBMIT, 0.0, "corked")
    session.send(SUBMIT, 0.0, "waiting")
    assert getattr(session, way)() == [
        Unanswered("written", reason),
        NeverSent("corked", reason),
        NeverSent("waiting", reason),
        Closed(reason),
    ]
    assert getattr(session, way)() == []
    assert session.data_to_send() == b""
    assert session.deadline() is None
    assert session.receive(encode(EnquireLink(), 1), 1.0) == []
    with pytest.raises(StateError):
        session.send(SUBMIT, 1.0, "after the end")


def test_a_peer_that_closes_instead_of_answering_an_unbind_has_answered_it() -> None:
    session = esme()
    session.unbind(0.0)
    session.data_to_send()
    assert session.eof() == [Closed(Reason.UNBOUND)]


def broken(pdu: Pdu, number: int) -> bytes:
    """The PDU with two octets too many."""
    octets = encode(pdu, number) + b"\0\0"
    return len(octets).to_bytes(4, "big") + octets[4:]


def test_a_broken_body_is_answered_and_survived() -> None:
    session = smsc()
    too_long = encode(SubmitSm(source_addr="x" * 20, destination_addr="7900"), 5)
    too_long = too_long.replace(b"x" * 20, b"x" * 25)
    too_long = len(too_long).to_bytes(4, "big") + too_long[4:]
    events = session.receive(too_long + encode(SUBMIT, 6), 0.0)
    assert [type(event) for event in events] == [Broken, Received]
    assert events[0].error.path == "source_addr"
    assert events[0].octets == too_long
    assert written(session) == [SubmitSmResp(command_status=0x0A, sequence_number=5)]
    assert "xxx" not in repr(events[0])


@pytest.mark.parametrize("state", BINDS)
def test_a_broken_delivery_is_answered_as_the_settings_say_and_never_with_a_nack(
    state: State,
) -> None:
    session = esme(state, unreadable_delivery_status=0, generic_nack=False)
    for pdu, answer in ((DeliverSm(), DeliverSmResp), (DataSm(), DataSmResp)):
        [event] = session.receive(broken(pdu, 9), 0.0)
        assert isinstance(event, Broken)
        assert written(session) == [answer(sequence_number=9)]
    session = esme()
    session.receive(broken(DeliverSm(), 9), 0.0)
    assert written(session) == [DeliverSmResp(command_status=0xC0, sequence_number=9)]


def test_an_answer_that_cannot_be_read_leaves_its_request_open() -> None:
    session = esme()
    [number] = submitted(session, "one")
    first, second = session.receive(broken(SubmitSmResp(message_id="1"), number), 0.0)
    assert isinstance(first, Broken)
    assert second == Unanswered("one", Reason.BROKEN_ANSWER)


def test_a_refusal_whose_body_cannot_be_read_is_still_a_refusal() -> None:
    session = esme()
    [number] = submitted(session, "one")
    octets = broken(SubmitSmResp(message_id="1", command_status=0x58), number)
    _, answered = session.receive(octets, 0.0)
    assert answered == Answered("one", SubmitSmResp(command_status=0x58, sequence_number=number))


def test_a_broken_answer_to_the_sessions_own_requests_will_do() -> None:
    session = esme(enquire_after=60.0)
    session.handle_deadline(60.0)
    [enquiry] = written(session)
    session.receive(broken(EnquireLinkResp(), enquiry.sequence_number), 61.0)
    session.handle_deadline(120.9)
    assert session.data_to_send() == b""
    session.unbind(121.0)
    [unbind] = written(session)
    events = session.receive(broken(UnbindResp(), unbind.sequence_number), 121.0)
    assert events[-1] == Closed(Reason.UNBOUND)


def test_a_broken_answer_to_nothing_is_only_told() -> None:
    session = esme()
    [number] = submitted(session, "one")
    session.cancel(number, 0.0)
    for wrong in (broken(SubmitSmResp(message_id="1"), number), broken(SubmitSmResp(), 999)):
        [event] = session.receive(wrong, 0.0)
        assert isinstance(event, Broken)
        assert event.command_status is None


def test_a_broken_request_before_the_bind_is_answered_as_out_of_place() -> None:
    session: Session[Any] = Session(Role.SMSC, 0.0)
    session.receive(broken(SUBMIT, 9), 0.0)
    assert written(session) == [SubmitSmResp(command_status=4, sequence_number=9)]


def test_a_broken_notice_is_told_and_not_answered() -> None:
    session = esme()
    [event] = session.receive(broken(AlertNotification(), 9), 0.0)
    assert isinstance(event, Broken)
    assert event.command_status is None
    assert session.data_to_send() == b""


UNKNOWN = bytes.fromhex("00000010 00000110 00000000 00000009")


def test_an_unknown_command_is_answered_with_a_nack_where_that_is_allowed() -> None:
    session = esme()
    [event] = session.receive(UNKNOWN, 0.0)
    assert isinstance(event, Refused)
    assert isinstance(event.pdu, UnknownPdu)
    assert written(session) == [GenericNack(command_status=3, sequence_number=9)]
    session = esme(generic_nack=False)
    [event] = session.receive(UNKNOWN, 0.0)
    assert event.command_status is None
    assert session.data_to_send() == b""


def test_an_unknown_answer_matches_nothing() -> None:
    session = esme()
    [event] = session.receive(UNKNOWN[:4] + b"\x80" + UNKNOWN[5:], 0.0)
    assert isinstance(event, Unmatched)
    assert session.data_to_send() == b""


def test_lost_framing_ends_the_session_after_the_pdus_before() -> None:
    session = esme()
    [number] = submitted(session, "one")
    submitted(session, "two")
    answer = SubmitSmResp(message_id="1", sequence_number=number)
    wrong = bytes.fromhex("ffffffff 00000005 00000000 00000042")
    assert session.receive(encode(answer) + wrong, 0.0) == [
        Answered("one", answer),
        Unanswered("two", Reason.FRAMING_LOST),
        Closed(Reason.FRAMING_LOST),
    ]
    assert written(session) == [GenericNack(command_status=2, sequence_number=0x42)]
    session = esme(generic_nack=False)
    session.receive(wrong, 0.0)
    assert session.data_to_send() == b""


def test_notices_have_no_answer() -> None:
    session = smsc()
    session.notify(AlertNotification(source_addr="7900"))
    [notice] = written(session)
    assert esme().receive(encode(notice), 0.0) == [Received(notice)]
    with pytest.raises(StateError):
        session.notify(Outbind())
    with pytest.raises(StateError):
        session.notify(SUBMIT)
    Session[Any](Role.SMSC, 0.0).notify(Outbind(system_id="centre"))
