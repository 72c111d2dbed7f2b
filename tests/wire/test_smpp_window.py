"""How the requests of a session wait, are answered, time out and are cancelled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import EncodeError
from devino_codecs.smpp import (
    Answered,
    Closed,
    CommandStatus,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Late,
    NeverSent,
    QuerySm,
    QuerySmResp,
    Reason,
    Role,
    SessionSettings,
    StateError,
    SubmitSm,
    SubmitSmResp,
    Unanswered,
    Unbind,
    UnbindResp,
    Unmatched,
    encode,
)
from tests.wire._smpp_session import SUBMIT, esme, smsc, submitted, taken, written
from tests.wire._smpp_values import pdus, quick


def test_answers_in_any_order_find_their_requests() -> None:
    session = esme()
    one, two, three = submitted(session, "one", "two", "three")
    stream = b"".join(
        encode(SubmitSmResp(message_id=f"id{number}"), number) for number in (three, one, two)
    )
    events: list[Any] = session.receive(stream, 1.0)
    assert [(event.context, event.answer.message_id) for event in events] == [
        ("three", f"id{three}"),
        ("one", f"id{one}"),
        ("two", f"id{two}"),
    ]
    assert session.in_flight == 0


def test_a_refusal_is_an_answer_too() -> None:
    session = esme()
    [number] = submitted(session, "one")
    refusal = SubmitSmResp(command_status=CommandStatus.ESME_RTHROTTLED, sequence_number=number)
    assert session.receive(encode(refusal), 1.0) == [Answered("one", refusal)]


def test_a_generic_nack_answers_the_request_of_its_number() -> None:
    session = esme()
    [number] = submitted(session, "one")
    nack = GenericNack(command_status=3, sequence_number=number)
    assert session.receive(encode(nack), 1.0) == [Answered("one", nack)]
    assert session.receive(encode(nack), 1.0) == [Unmatched(nack)]


def test_a_second_answer_and_one_of_a_foreign_number_match_nothing() -> None:
    session = esme()
    [number] = submitted(session, "one")
    answer = SubmitSmResp(message_id="1", sequence_number=number)
    session.receive(encode(answer), 1.0)
    assert session.receive(encode(answer), 1.0) == [Unmatched(answer)]
    assert session.receive(encode(answer, 999), 1.0) == [
        Unmatched(SubmitSmResp(message_id="1", sequence_number=999))
    ]


def test_an_answer_of_another_kind_matches_nothing_and_the_request_stays() -> None:
    session = esme()
    [number] = submitted(session, "one")
    wrong = QuerySmResp(sequence_number=number)
    assert session.receive(encode(wrong), 1.0) == [Unmatched(wrong)]
    right = SubmitSmResp(message_id="1", sequence_number=number)
    assert session.receive(encode(right), 1.0) == [Answered("one", right)]


def test_an_answer_to_a_request_not_yet_written_matches_nothing() -> None:
    session = esme()
    number = session.send(SUBMIT, 0.0, "one")
    answer = SubmitSmResp(message_id="1", sequence_number=number)
    assert session.receive(encode(answer), 0.0) == [Unmatched(answer)]
    nack = GenericNack(sequence_number=number)
    assert session.receive(encode(nack), 0.0) == [Unmatched(nack)]
    session.data_to_send()
    assert session.receive(encode(answer), 0.0) == [Answered("one", answer)]


def test_requests_beyond_the_window_wait_and_go_as_answers_come() -> None:
    session = esme(window=2)
    numbers = [session.send(SUBMIT, 0.0, index) for index in range(5)]
    assert (session.in_flight, session.waiting) == (2, 3)
    assert [pdu.sequence_number for pdu in written(session)] == numbers[:2]
    session.receive(encode(SubmitSmResp(message_id="x"), numbers[1]), 0.0)
    assert [pdu.sequence_number for pdu in written(session)] == [numbers[2]]
    assert (session.in_flight, session.waiting) == (2, 2)


def test_requests_that_one_read_sets_free_are_written_in_one_piece() -> None:
    session = esme(window=2)
    numbers = [session.send(SUBMIT, 0.0, index) for index in range(4)]
    session.data_to_send()
    answers = [encode(SubmitSmResp(message_id="x"), number) for number in numbers[:2]]
    session.receive(b"".join(answers), 0.0)
    assert session.data_to_send() == encode(SUBMIT, numbers[2]) + encode(SUBMIT, numbers[3])
    assert session.data_to_send() == b""


def test_a_request_without_an_answer_times_out_and_its_late_answer_is_told() -> None:
    session = esme(response_timeout=30.0)
    [number] = submitted(session, "one", now=10.0)
    assert session.deadline() == 40.0
    assert session.handle_deadline(39.9) == []
    assert session.handle_deadline(40.0) == [Unanswered("one", Reason.TIMEOUT)]
    assert session.in_flight == 0
    answer = SubmitSmResp(message_id="1", sequence_number=number)
    assert session.receive(encode(answer), 41.0) == [Late("one", answer)]
    assert session.receive(encode(answer), 41.0) == [Unmatched(answer)]


def test_a_timeout_of_its_own_counts_for_a_request() -> None:
    session = esme(response_timeout=30.0)
    submitted(session, "patient")
    session.send(SUBMIT, 0.0, "hasty", timeout=5.0)
    session.data_to_send()
    assert session.deadline() == 5.0
    assert session.handle_deadline(5.0) == [Unanswered("hasty", Reason.TIMEOUT)]
    assert session.deadline() == 30.0


def test_a_timeout_makes_room_for_waiting_requests() -> None:
    session = esme(window=1, response_timeout=30.0)
    first, second = session.send(SUBMIT, 0.0, "one"), session.send(SUBMIT, 0.0, "two")
    session.data_to_send()
    assert session.handle_deadline(30.0) == [Unanswered("one", Reason.TIMEOUT)]
    assert [pdu.sequence_number for pdu in written(session)] == [second]
    assert first != second
    assert session.deadline() == 60.0


def test_a_request_that_was_never_written_times_out_as_never_sent() -> None:
    session = esme(response_timeout=30.0)
    session.send(SUBMIT, 0.0, "one")
    assert session.handle_deadline(30.0) == [NeverSent("one", Reason.TIMEOUT)]
    assert SUBMIT.destination_addr.encode() not in session.data_to_send()


def test_cancelling_tells_whether_the_request_was_written() -> None:
    session = esme(window=2)
    [sent] = submitted(session, "sent")
    corked = session.send(SUBMIT, 0.0, "corked")
    waiting = session.send(SUBMIT, 0.0, "waiting")
    assert session.cancel(waiting, 0.0) == NeverSent("waiting", Reason.CANCELLED)
    assert session.cancel(corked, 0.0) == NeverSent("corked", Reason.CANCELLED)
    assert session.cancel(sent, 0.0) == Unanswered("sent", Reason.CANCELLED)
    for number in (sent, corked, waiting, 999):
        assert session.cancel(number, 0.0) is None
    assert session.data_to_send() == b""
    answer = SubmitSmResp(message_id="1", sequence_number=sent)
    assert session.receive(encode(answer), 1.0) == [Late("sent", answer)]
    assert session.in_flight == 0


def test_a_cancelled_request_keeps_its_room_until_it_times_out_and_has_no_other_outcome() -> None:
    session = esme(window=1, response_timeout=30.0)
    [sent] = submitted(session, "sent")
    session.cancel(sent, 0.0)
    following = session.send(SUBMIT, 1.0, "following")
    assert session.data_to_send() == b""
    assert session.handle_deadline(30.0) == []
    assert [pdu.sequence_number for pdu in written(session)] == [following]
    answer = SubmitSmResp(message_id="1", sequence_number=sent)
    assert session.receive(encode(answer), 31.0) == [Late("sent", answer)]


def test_cancelling_an_unwritten_request_makes_room_at_once() -> None:
    session = esme(window=1)
    first, second = session.send(SUBMIT, 0.0, "one"), session.send(SUBMIT, 0.0, "two")
    session.cancel(first, 0.0)
    assert [pdu.sequence_number for pdu in written(session)] == [second]


def test_a_pause_holds_requests_back_and_nothing_else() -> None:
    session = esme()
    session.pause(1.0)
    number = session.send(SUBMIT, 0.0, "one")
    session.receive(encode(EnquireLink(), 9), 0.5)
    assert written(session) == [EnquireLinkResp(sequence_number=9)]
    deadline = session.deadline()
    assert deadline is not None
    assert deadline <= 1.0
    session.handle_deadline(1.0)
    assert [pdu.sequence_number for pdu in written(session)] == [number]
    assert session.deadline() == 31.0


def test_a_request_made_in_a_pause_goes_at_its_end() -> None:
    session = esme(enquire_after=None)
    session.pause(5.0)
    assert session.handle_deadline(1.0) == []
    number = session.send(SUBMIT, 2.0, "one")
    assert session.deadline() == 5.0
    session.handle_deadline(5.0)
    assert [pdu.sequence_number for pdu in written(session)] == [number]


def test_a_request_that_cannot_be_encoded_is_not_sent() -> None:
    session = esme()
    with pytest.raises(EncodeError):
        session.send(SubmitSm(source_addr="x" * 30), 0.0, "one")
    assert (session.in_flight, session.data_to_send()) == (0, b"")


def test_each_request_of_the_peer_gets_one_answer_of_its_kind() -> None:
    session = smsc()
    [pdu] = taken(session, encode(SUBMIT, 5))
    assert session.peer_requests == 1
    for wrong in (QuerySmResp(), SUBMIT, GenericNack()):
        with pytest.raises(StateError):
            session.reply(pdu, wrong)
    assert session.reply(pdu, SubmitSmResp(message_id="1", sequence_number=99))
    assert written(session) == [SubmitSmResp(message_id="1", sequence_number=5)]
    with pytest.raises(StateError):
        session.reply(pdu, SubmitSmResp(message_id="1"))
    [pdu] = taken(session, encode(QuerySm(), 6))
    session.eof()
    assert session.reply(pdu, QuerySmResp()) is False


def test_a_second_reply_is_refused_while_others_are_owed() -> None:
    session = smsc()
    first, second = taken(session, b"".join(encode(SUBMIT, number) for number in (5, 6)))
    session.reply(first, SubmitSmResp(message_id="1"))
    with pytest.raises(StateError):
        session.reply(first, SubmitSmResp(message_id="1"))
    assert session.peer_requests == 1
    session.reply(second, SubmitSmResp(message_id="2"))
    assert [pdu.sequence_number for pdu in written(session)] == [5, 6]


def test_requests_of_one_number_are_answered_each() -> None:
    session = smsc()
    pdus = taken(session, encode(SUBMIT, 5) * 2)
    for pdu in pdus:
        session.reply(pdu, SubmitSmResp())
    with pytest.raises(StateError):
        session.reply(pdus[0], SubmitSmResp())
    assert (session.peer_requests, len(written(session))) == (0, 2)


def test_a_request_that_is_forgotten_is_owed_no_answer() -> None:
    session = smsc()
    one, two = taken(session, encode(SUBMIT, 5) + encode(SUBMIT, 6))
    session.forget(one)
    with pytest.raises(StateError):
        session.forget(one)
    with pytest.raises(StateError):
        session.reply(one, SubmitSmResp())
    assert session.receive(encode(Unbind(), 7), 0.0) == []
    session.forget(two)
    assert written(session) == [UnbindResp(sequence_number=7)]
    assert session.handle_deadline(0.0) == [Closed(Reason.PEER_UNBOUND)]
    session.forget(two)  # After the end, no answer is owed.


@pytest.mark.parametrize("timeout", [float("nan"), float("inf"), 0, -1.0])
def test_a_timeout_that_would_hang_is_refused_and_nothing_is_sent(timeout: float) -> None:
    session = esme()
    with pytest.raises(ValueError, match="timeout"):
        session.send(SUBMIT, 0.0, "one", timeout=timeout)
    assert (session.in_flight, session.data_to_send()) == (0, b"")


def test_a_reply_that_cannot_be_encoded_can_be_made_again() -> None:
    session = smsc()
    [pdu] = taken(session, encode(SUBMIT, 5))
    with pytest.raises(EncodeError):
        session.reply(pdu, SubmitSmResp(message_id="x" * 65))
    assert session.reply(pdu, SubmitSmResp(message_id="x"))


def test_numbers_come_round_to_1() -> None:
    session = esme()
    session._window._number = 0x7FFFFFFF - 1
    numbers = submitted(session, "last", "first")
    assert numbers == [0x7FFFFFFF, 1]


@pytest.mark.parametrize(
    "settings",
    [{"window": 0}, {"response_timeout": 0}, {"response_timeout": float("inf")},
     {"enquire_after": -1.0}, {"bind_timeout": 0.0}],
)  # fmt: skip
def test_settings_that_would_hang_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SessionSettings(**settings)


@given(
    st.lists(pdus.map(encode) | st.binary(max_size=40), max_size=8).map(b"".join),
    st.sampled_from([esme, smsc]),
)
@quick(60)
def test_nothing_that_is_received_raises(octets: bytes, fresh: Any) -> None:
    session = fresh()
    submitted(session, "one") if session.role is Role.ESME else None
    outcomes = [*session.receive(octets, 0.0), *session.eof()]
    assert sum(isinstance(event, Closed) for event in outcomes) == 1
    if session.role is Role.ESME:
        ends = (Answered, Unanswered, NeverSent)
        assert sum(isinstance(event, ends) for event in outcomes) == 1


def test_late_requests_are_remembered_within_bounds() -> None:
    session = esme(window=3000, response_timeout=1.0, enquire_after=None)
    submitted(session, *map(str, range(3000)))
    assert len(session.handle_deadline(1.0)) == 3000
    assert len(session._window._late) == 1000
