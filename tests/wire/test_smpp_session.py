"""How each end of a session enquires and unbinds."""

from __future__ import annotations

from typing import Any

import pytest

from devino_codecs.smpp import (
    Answered,
    Closed,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    NeverSent,
    Reason,
    Role,
    SessionMachine,
    SessionSettings,
    SessionState,
    StateError,
    SubmitSmResp,
    Unanswered,
    Unbind,
    UnbindResp,
    encode,
)
from tests.wire._smpp_session import SUBMIT, esme, smsc, submitted, taken, written


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
    assert session.state is SessionState.UNBINDING
    events = session.handle_deadline(120.0)
    assert events == [Unanswered("in flight", Reason.TIMEOUT), Closed(Reason.LINK_DEAD)]
    assert session.deadline() is None


def test_the_peers_enquiry_is_answered_in_any_state() -> None:
    for session in (SessionMachine[Any](Role.SMSC, 0.0), esme(), smsc(SessionState.BOUND_RX)):
        assert session.receive(encode(EnquireLink(), 7), 0.0) == []
        assert written(session) == [EnquireLinkResp(sequence_number=7)]


def test_without_a_bind_in_time_the_session_closes() -> None:
    session: SessionMachine[Any] = SessionMachine(
        Role.SMSC, 5.0, SessionSettings(bind_timeout=10.0)
    )
    assert session.deadline() == 15.0
    assert session.handle_deadline(14.0) == []
    assert session.handle_deadline(15.0) == [Closed(Reason.NOT_BOUND)]
    bound = smsc(bind_timeout=10.0, enquire_after=None)
    bound.handle_deadline(10.0)
    assert bound.state is SessionState.BOUND_TRX
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
    assert session.state is SessionState.CLOSED
    assert open_


def test_requests_of_the_peer_are_taken_while_unbinding() -> None:
    session = esme()
    session.unbind(0.0)
    [pdu] = taken(session, encode(DeliverSm(), 8), 1.0)
    assert session.reply(pdu, DeliverSmResp())
    assert [type(pdu) for pdu in written(session)] == [Unbind, DeliverSmResp]


def test_an_unbind_without_an_answer_ends_too() -> None:
    session = esme(response_timeout=30.0)
    session.unbind(1.0)
    session.data_to_send()
    assert session.handle_deadline(31.0) == [Closed(Reason.TIMEOUT)]


def test_an_open_session_just_closes() -> None:
    session: SessionMachine[Any] = SessionMachine(Role.ESME, 0.0)
    session.unbind(0.0)
    assert session.handle_deadline(0.0) == [Closed(Reason.UNBOUND)]
    assert session.data_to_send() == b""


def test_the_peers_unbind_is_answered_when_the_window_is_empty() -> None:
    session = esme(window=1)
    [number] = submitted(session, "written")
    session.send(SUBMIT, 0.0, "waiting")
    assert session.receive(encode(Unbind(), 3), 1.0) == [
        NeverSent("waiting", Reason.PEER_UNBOUND),
    ]
    assert written(session) == []
    answer = SubmitSmResp(message_id="1", sequence_number=number)
    assert session.receive(encode(answer), 2.0) == [
        Answered("written", answer),
        Closed(Reason.PEER_UNBOUND),
    ]
    assert written(session) == [UnbindResp(sequence_number=3)]


def test_the_peers_unbind_is_answered_after_two_seconds_whatever_is_in_the_window() -> None:
    session = esme()
    submitted(session, "written")
    session.receive(encode(Unbind(), 3), 1.0)
    assert session.deadline() == 3.0
    assert session.handle_deadline(2.9) == []
    assert session.handle_deadline(3.0) == [
        Unanswered("written", Reason.PEER_UNBOUND),
        Closed(Reason.PEER_UNBOUND),
    ]
    assert written(session) == [UnbindResp(sequence_number=3)]


def test_the_peers_unbind_waits_longer_for_its_own_requests_than_for_ours() -> None:
    session = esme()
    submitted(session, "written")
    [delivery] = taken(session, encode(DeliverSm(), 2) + encode(Unbind(), 3), 1.0)
    assert session.handle_deadline(3.0) == []
    assert written(session) == []
    session.reply(delivery, DeliverSmResp())
    assert session.handle_deadline(3.0) == [
        Unanswered("written", Reason.PEER_UNBOUND),
        Closed(Reason.PEER_UNBOUND),
    ]
    assert written(session) == [
        DeliverSmResp(sequence_number=2),
        UnbindResp(sequence_number=3),
    ]


def test_answers_in_the_same_read_after_an_unbind_still_count() -> None:
    session = esme()
    [number] = submitted(session, "one")
    answer = SubmitSmResp(message_id="1", sequence_number=number)
    events = session.receive(encode(Unbind(), 3) + encode(answer), 1.0)
    assert events == [Answered("one", answer), Closed(Reason.PEER_UNBOUND)]


def test_an_unbind_is_answered_after_the_requests_before_it() -> None:
    session = smsc()
    first, second = taken(session, encode(SUBMIT, 2) + encode(SUBMIT, 3) + encode(Unbind(), 4), 1.0)
    assert session.data_to_send() == b""
    session.reply(first, SubmitSmResp(message_id="a"))
    assert session.state is SessionState.UNBINDING
    session.reply(second, SubmitSmResp(message_id="b"))
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
