"""The code tables of chapters 1 and 2."""

import json

import pytest

from devino_codecs import rest
from devino_codecs.rest import ErrorCode, ErrorText, SmsStateCode, ViberResultCode, ViberStateCode
from tests._vectors import vectors
from tests.wire import _rest

pytestmark = pytest.mark.pythons


def test_error_codes_travel_under_the_http_status_of_the_table() -> None:
    assert {int(code): code.http_status for code in ErrorCode} == {
        1: 400,
        2: 400,
        3: 400,
        4: 401,
        5: 403,
        6: 400,
        7: 403,
        8: 500,
        9: 500,
    }


def test_an_error_code_that_the_manual_lacks_travels_as_a_server_error() -> None:
    refusal = rest.Refusal(77, "new")
    assert rest.V1.encode_answer(rest.GetBalance, refusal).status == 500


def test_sms_states_are_those_of_the_table_and_one_older() -> None:
    assert {int(state) for state in SmsStateCode} == {
        *(-98, -97, -2, -1, 0, 10, 11, 41, 42, 46, 47, 48, 69, 99, 255)
    }


def test_viber_states_are_those_of_the_table() -> None:
    assert [int(state) for state in ViberStateCode] == list(range(9))


@pytest.mark.parametrize("table", [ErrorCode, SmsStateCode, ViberStateCode, ViberResultCode])
def test_every_code_has_an_english_meaning(table: type[ErrorCode]) -> None:
    meanings = [code.meaning for code in table]
    assert all(meaning and meaning.isascii() for meaning in meanings)
    assert len(set(meanings)) == len(meanings)


def test_state_texts_are_russian_and_say_whether_they_were_seen() -> None:
    for state in (*SmsStateCode, *ViberStateCode):
        assert state.text
        assert not state.text.isascii()
    seen = {state for state in (*SmsStateCode, *ViberStateCode) if state.attested}
    assert {state.text for state in seen} == {
        "Доставлено",
        "Недопустимый адрес получателя",
        "Неизвестный",
    }


def test_known_error_texts_name_their_code() -> None:
    assert str(ErrorText.SESSION_EXPIRED) == "SessionID expired"
    assert ErrorText.SESSION_EXPIRED.code is ErrorCode.UNAUTHORIZED
    refusal = rest.Refusal(ErrorText.SESSION_EXPIRED.code, ErrorText.SESSION_EXPIRED)
    assert _rest.written(rest.GetBalance, refusal) == b'{"Code":4,"Desc":"SessionID expired"}'


def test_the_error_texts_are_those_of_the_manual() -> None:
    answers = vectors("rest-v1", "rest-v2", "incoming-http", direction="response")
    said = [json.loads(vector.data) for vector in answers]
    printed = {(e["Code"], " ".join(e["Desc"].split())) for e in said if "Code" in str(e)}
    known = {(int(text.code), " ".join(text.split())) for text in ErrorText}
    # The manual's other text is a Viber result code. Ours is a text that a public client looks for.
    assert printed - known == {(1, "error-address-format")}
    assert known - printed == {(6, "Invalid destination address")}


def test_a_viber_refusal_is_found_by_its_description() -> None:
    body = b'{"Code":1,"Desc":"error-address-format"}'
    refusal = _rest.read(rest.SendViber, 400, body)
    assert isinstance(refusal, rest.Refusal)
    assert ViberResultCode(refusal.description) is ViberResultCode.ADDRESS_FORMAT
    assert refusal.code is ErrorCode.ARGUMENT_EMPTY
