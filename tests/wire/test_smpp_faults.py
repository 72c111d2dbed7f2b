"""How a session survives PDUs that it cannot read or does not know."""

from __future__ import annotations

from typing import Any

import pytest

from devino_codecs.smpp import (
    AlertNotification,
    Answered,
    Broken,
    Closed,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Late,
    Pdu,
    Reason,
    Received,
    Refused,
    Role,
    SessionMachine,
    SessionState,
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


def broken(pdu: Pdu, number: int) -> bytes:
    """The PDU with two octets too many."""
    octets = encode(pdu, number) + b"\1\1"
    return len(octets).to_bytes(4, "big") + octets[4:]


def test_a_broken_body_is_answered_and_survived() -> None:
    session = smsc()
    too_long = encode(SubmitSm(source_addr="x" * 20, destination_addr="7900"), 5)
    too_long = too_long.replace(b"x" * 20, b"x" * 25)
    too_long = len(too_long).to_bytes(4, "big") + too_long[4:]
    events: list[Any] = session.receive(too_long + encode(SUBMIT, 6), 0.0)
    assert [type(event) for event in events] == [Broken, Received]
    assert events[0].error.path == "source_addr"
    assert events[0].octets == too_long
    assert written(session) == [SubmitSmResp(command_status=0x0A, sequence_number=5)]
    assert "xxx" not in repr(events[0])


@pytest.mark.parametrize("state", BINDS)
def test_a_broken_delivery_is_received_or_refused_as_the_settings_say(
    state: SessionState,
) -> None:
    session = esme(state, salvage_deliveries=True, generic_nack=False)
    for pdu, answer in ((DeliverSm(), DeliverSmResp), (DataSm(), DataSmResp)):
        first, received = session.receive(broken(pdu, 9), 0.0)
        assert isinstance(first, Broken)
        assert isinstance(received, Received)
        assert received.pdu.defect is not None
        assert written(session) == []
        session.reply(received.pdu, answer())
        assert written(session) == [answer(sequence_number=9)]
    session = esme()
    session.receive(broken(DeliverSm(), 9), 0.0)
    assert written(session) == [DeliverSmResp(command_status=0xC0, sequence_number=9)]


@pytest.mark.parametrize("status", [0, 0x58])
def test_an_answer_whose_body_cannot_be_read_has_its_status_and_ends_its_request(
    status: int,
) -> None:
    session = esme()
    [number] = submitted(session, "one")
    octets = broken(SubmitSmResp(message_id="1", command_status=status), number)
    first, answered = session.receive(octets, 0.0)
    assert isinstance(first, Broken)
    assert isinstance(answered, Answered)
    assert answered.context == "one"
    assert isinstance(answered.answer, SubmitSmResp)
    assert (answered.answer.command_status, answered.answer.message_id) == (status, "1")
    assert answered.answer.defect is not None


def test_a_broken_answer_to_the_sessions_own_request_is_enough() -> None:
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


def test_a_broken_answer_is_late_or_unmatched_like_any_other() -> None:
    session = esme()
    [number] = submitted(session, "one")
    session.cancel(number, 0.0)
    _, late = session.receive(broken(SubmitSmResp(message_id="1"), number), 0.0)
    assert isinstance(late, Late)
    assert (late.context, late.answer.message_id) == ("one", "1")  # type: ignore[attr-defined]
    _, unmatched = session.receive(broken(SubmitSmResp(), 999), 0.0)
    assert isinstance(unmatched, Unmatched)


def test_a_broken_enquiry_or_unbind_is_answered_as_a_sound_one() -> None:
    session = esme()
    session.receive(broken(EnquireLink(), 7) + broken(Unbind(), 8), 0.0)
    assert written(session) == [
        EnquireLinkResp(sequence_number=7),
        UnbindResp(sequence_number=8),
    ]


def test_a_broken_request_before_the_bind_is_answered_as_out_of_place() -> None:
    session: SessionMachine[Any] = SessionMachine(Role.SMSC, 0.0)
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
    assert isinstance(event, Refused)
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
