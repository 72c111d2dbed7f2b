"""Requests: the answer of each, and how to encode one before its number is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import EncodeError
from devino_codecs.smpp import (
    AlertNotification,
    Answered,
    GenericNack,
    Outbind,
    Pdu,
    RequestPdu,
    StateError,
    SubmitSm,
    SubmitSmResp,
    answer_type,
    decode,
    encode,
    encode_request,
)
from devino_codecs.smpp._pdus import PDU_TYPES
from tests.wire._smpp_session import SUBMIT, esme, smsc, written
from tests.wire._smpp_values import CLASSES, pdus_of, quick, uint32

REQUESTS = [of for of in CLASSES if issubclass(of, RequestPdu)]
RESPONSE = 0x80000000


@pytest.mark.parametrize("request_", REQUESTS)
def test_the_answer_of_a_request_has_its_id_with_the_highest_bit_set(
    request_: type[RequestPdu[Pdu]],
) -> None:
    assert answer_type(request_).command_id == request_.command_id | RESPONSE


def test_all_but_answers_and_notices_are_requests() -> None:
    others = {Outbind, AlertNotification, GenericNack}
    others |= {of for command_id, of in PDU_TYPES.items() if command_id & RESPONSE}
    assert set(CLASSES) - set(REQUESTS) == others


@quick()
@given(st.sampled_from(REQUESTS).flatmap(pdus_of), uint32)
def test_an_encoded_request_needs_nothing_but_its_number(
    request_: RequestPdu[Pdu], number: int
) -> None:
    encoded = encode_request(request_)
    assert encoded.kind is type(request_)
    assert encode(encoded, number) == encode(request_, number)
    assert encode(encoded) == encode(request_, 0)
    assert encoded.pdu == decode(encode(request_, 0))


def test_a_request_that_does_not_fit_is_not_encoded() -> None:
    with pytest.raises(EncodeError) as caught:
        encode_request(SubmitSm(source_addr="a" * 21))
    assert caught.value.path == "source_addr"
    for number in (-1, 1 << 32):
        with pytest.raises(EncodeError, match="32 bits"):
            encode(encode_request(SUBMIT), number)


def test_an_encoded_request_is_sent_as_often_as_one_likes() -> None:
    session, encoded = esme(), encode_request(SUBMIT)
    numbers = [session.send(encoded, 0.0, context) for context in ("one", "two")]
    assert [(pdu.sequence_number, pdu.destination_addr) for pdu in written(session)] == [
        (number, SUBMIT.destination_addr) for number in numbers
    ]
    answer = SubmitSmResp(message_id="17", sequence_number=numbers[1])
    assert session.receive(encode(answer), 1.0) == [Answered("two", answer)]


def test_an_encoded_request_is_refused_where_the_request_is() -> None:
    session = smsc()
    with pytest.raises(StateError, match="SMSC may not send SubmitSm"):
        session.send(encode_request(SUBMIT), 0.0, "one")
    assert session.data_to_send() == b""
