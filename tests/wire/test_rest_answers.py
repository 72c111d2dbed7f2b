"""REST answers: what is read, what is written, what is refused."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from devino_codecs import rest
from devino_codecs.http import Unread
from tests.wire import _rest

pytestmark = pytest.mark.pythons

NINE_ELEVEN = datetime(2011, 1, 3, 9, 11, 51, 213000, tzinfo=UTC)
DELIVERED = rest.SmsState(
    rest.SmsStateCode.DELIVERED,
    NINE_ELEVEN,
    NINE_ELEVEN,
    NINE_ELEVEN,
    NINE_ELEVEN,
    "Доставлено",
    Decimal("1.10"),
)
DELIVERED_JSON = (
    r'{"State":0,"CreationDateUtc":"\/Date(1294045911213)\/",'
    r'"SubmittedDateUtc":"\/Date(1294045911213)\/","ReportedDateUtc":"\/Date(1294045911213)\/",'
    r'"TimeStampUtc":"\/Date(1294045911213)\/","StateDescription":"Доставлено","Price":1.10}'
)
RESENT = rest.ViberState(
    rest.ViberStateCode.UNDELIVERED,
    description="Не доставлено",
    resent_sms=(rest.ResentSms(rest.SmsStateCode.QUEUED, description="В очереди", id="42"),),
)
RESENT_JSON = (
    '{"State":4,"CreationDateUtc":null,"SubmittedDateUtc":null,"ReportedDateUtc":null,'
    r'"TimeStampUtc":"\/Date(-62135596800000)\/","StateDescription":"Не доставлено","Price":null,'
    '"ResentSms":[{"State":-2,"CreationDateUtc":null,"SubmittedDateUtc":null,'
    r'"ReportedDateUtc":null,"TimeStampUtc":"\/Date(-62135596800000)\/",'
    '"StateDescription":"В очереди","Price":null,"Id":"42"}]}'
)
INCOMING_JSON = (
    r'[{"Data":"\"/Date(1)/\"\n","SourceAddress":"7","DestinationAddress":"8","ID":5,'
    r'"CreatedDateUtc":"\/Date(1294045911213)\/"}]'
)
STATISTICS_JSON = (
    '{"Sent":1,"Delivered":2,"Errors":3,"InProcess":4,"Expired":5,"Rejected":6,"Total":7,'
    '"TotalWithErrors":8,"DeliveryRatio":28.57}'
)


def read(request: type[rest.Request[object]], body: str, http_status: int = 200) -> object:
    return _rest.read(request, http_status, body.encode())


@pytest.mark.parametrize(
    ("request_", "answer", "body"),
    [
        (rest.GetSession, rest.Session("A_1"), '"A_1"'),
        (rest.GetBalance, Decimal("20015.30"), "20015.30"),
        (rest.GetBalance, Decimal("-0.5"), "-0.5"),
        (rest.GetBalance, Decimal("123456789012345678901.23456789"), None),
        (rest.SendSms, (), "[]"),
        (rest.SendSms, ("1", "SAR-GW01+7916-2-1"), '["1","SAR-GW01+7916-2-1"]'),
        (rest.GetSmsState, DELIVERED, DELIVERED_JSON),
        (rest.GetViberState, RESENT, RESENT_JSON),
        (rest.GetIncoming, (), "[]"),
        (
            rest.GetIncoming,
            (rest.IncomingSms('"/Date(1)/"\n', "7", "8", 5, NINE_ELEVEN),),
            INCOMING_JSON,
        ),
        (
            rest.GetStatistics,
            rest.Statistics(1, 2, 3, 4, 5, 6, 7, 8, Decimal("28.57")),
            STATISTICS_JSON,
        ),
        (
            rest.GetBalance,
            rest.Refusal(rest.ErrorCode.ARGUMENT_EMPTY, rest.ErrorText.MESSAGE_ID_EMPTY, 200),
            r'{"Code":1,"Desc":"MessageID can not be null or empty\r\nParameter name: messageId"}',
        ),
    ],
)
def test_an_answer_goes_there_and_back_byte_for_byte(
    request_: type[rest.Request[object]], answer: object, body: str | None
) -> None:
    written = _rest.written(request_, answer)
    assert written.decode() == (str(answer) if body is None else body)
    assert _rest.read(request_, 200, written) == answer


def test_keys_come_in_any_case_and_order_and_some_are_unknown() -> None:
    given = json.loads(DELIVERED_JSON, parse_float=Decimal)
    turned = {"New": [1], **{key.upper(): given[key] for key in reversed(given)}}
    body = json.dumps(turned, default=float, indent=1)
    assert read(rest.GetSmsState, f"\ufeff {body}\r\n") == DELIVERED


def test_keys_that_are_missing_are_unset_but_the_state_must_be_there() -> None:
    assert read(rest.GetViberState, '{"State":"2"}') == rest.ViberState(
        rest.ViberStateCode.DELIVERED
    )
    with pytest.raises(rest.DecodeError, match="nothing") as caught:
        read(rest.GetSmsState, '{"StateDescription":"?"}')
    assert caught.value.path == "State"


def test_ids_come_as_strings_or_numbers() -> None:
    assert read(rest.SendSms, '["GW0261BBD6B3",579700854169272358]') == (
        "GW0261BBD6B3",
        "579700854169272358",
    )
    state = read(rest.GetViberState, '{"State":4,"ResentSms":[{"State":0,"Id":7}]}')
    assert isinstance(state, rest.ViberState)
    assert state.resent_sms == (rest.ResentSms(rest.SmsStateCode.DELIVERED, id="7"),)


def test_codes_that_the_manual_lacks_stay_numbers() -> None:
    state = read(rest.GetSmsState, '{"State":12345}')
    assert state == rest.SmsState(12345)
    assert json.loads(_rest.written(rest.GetSmsState, rest.SmsState(12345)))["State"] == 12345


def test_the_older_number_of_deleted_is_known_and_stays_as_it_came() -> None:
    state = read(rest.GetSmsState, '{"State":-97}')
    assert isinstance(state, rest.SmsState)
    assert (state.state, int(state.state)) == (rest.SmsStateCode.DELETED_OLD, -97)
    assert _rest.written(rest.GetSmsState, state).startswith(b'{"State":-97,')


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"Code":"4","Desc":"SessionID expired"}', (4, "SessionID expired")),
        ('{"desc":"x","code":77}', (77, "x")),
        ('{"Code":9,"Desc":null}', (9, "")),
        ('{"Code":9}', (9, "")),
    ],
)
@pytest.mark.parametrize("http_status", [200, 400, 500])
def test_a_refusal_is_a_value_whatever_its_http_status(
    body: str, error: tuple[int, str], http_status: int
) -> None:
    for operation in rest.V2.operations:
        assert read(operation.request, body, http_status) == rest.Refusal(*error, http_status)


def test_an_offset_does_not_move_the_instant() -> None:
    for text in (r"\/Date(1294045911213+0300)\/", "/Date(1294045911213-0000)/"):
        state = read(rest.GetSmsState, f'{{"State":0,"ReportedDateUtc":"{text}"}}')
        assert isinstance(state, rest.SmsState)
        assert state.reported == NINE_ELEVEN
        assert state.reported is not None
        assert state.reported.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", [r"\/Date(-62135596800000)\/", "/Date(-62135596800000+0300)/"])
def test_the_minimum_date_means_that_there_is_none(text: str) -> None:
    body = f'{{"State":0,"CreationDateUtc":"{text}","TimeStampUtc":"{text}"}}'
    assert read(rest.GetSmsState, body) == rest.SmsState(rest.SmsStateCode.DELIVERED)


def test_dates_are_written_in_whole_milliseconds_of_utc() -> None:
    moscow = timezone(timedelta(hours=3))
    late = datetime(2011, 1, 3, 12, 11, 51, 213999, tzinfo=moscow)
    written = _rest.written(rest.GetSmsState, rest.SmsState(rest.SmsStateCode.SENT, creation=late))
    assert rb'"CreationDateUtc":"\/Date(1294045911213)\/"' in written


@pytest.mark.parametrize(
    ("http_status", "body", "reason"),
    [
        (200, "", "HTTP 200 with an empty body"),
        (401, " \n", "HTTP 401 with an empty body"),
        (502, "<html><body>Bad Gateway</body></html>", "HTTP 502 with a page of HTML or XML"),
        (400, '{Code: 4, Desc: "x"}', "HTTP 400 with no JSON"),
        (404, '{"Message":"No HTTP resource was found"}', "HTTP 404, but an object in place"),
        (500, '["579700854169272358"]', "HTTP 500, but an array in place"),
        (302, "true", "HTTP 302, but a boolean in place"),
        (200, "[" * 100_000, "nested too deeply"),
        (200, '{"Code":' + "[" * 100_000, "nested too deeply"),
        (200, '{"Code":1.5,"Desc":""}', "Code: expected a whole number, got a number"),
        (200, '{"Code":4,"Desc":5}', "Desc: expected a string, got a number"),
        (200, '{"Code":99999999999999999999}', "Code: a number out of range"),
        (200, '{"Code":"٤"}', "Code: expected a whole number"),
    ],
)
def test_a_body_that_is_not_an_answer_says_why(http_status: int, body: str, reason: str) -> None:
    for operation in rest.V2.operations:
        with pytest.raises(rest.DecodeError) as caught:
            read(operation.request, body, http_status)
        assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("request_", "body", "reason"),
    [
        (rest.GetSession, '""', "expected a session id"),
        (rest.GetSession, "5", "expected a session id, got a number"),
        (rest.GetBalance, '"20015.3.1"', "expected a number"),
        (rest.GetBalance, "true", "expected a number, got a boolean"),
        (rest.GetBalance, "NaN", "HTTP 200 with no JSON"),
        (rest.GetBalance, "Infinity", "HTTP 200 with no JSON"),
        (rest.GetBalance, "1e400", "a number out of range"),
        (rest.GetBalance, "0e999999999", "a number out of range"),
        (rest.GetBalance, "1e99999999999999999999", "a number out of range"),
        (rest.GetBalance, "9" * 41, "a number out of range"),
        (rest.GetBalance, "9" * 100_000, "HTTP 200 with no JSON: "),
        (rest.SendSms, '["1",1.5]', "[1]: expected a string or a whole number"),
        (rest.SendSms, '["1",["2"]]', "[1]: expected a string or a whole number, got an array"),
        (rest.SendSms, '{"1":2}', "expected an array, got an object"),
        (rest.SendSms, '["1"', "HTTP 200 with no JSON"),
        (rest.GetSmsState, "[]", "expected an object, got an array"),
        (rest.GetSmsState, '{"State":true}', "State: expected a whole number, got a boolean"),
        (rest.GetIncoming, '{"ID":1}', "expected an array, got an object"),
        (rest.GetStatistics, '{"Sent":1}', "Delivered: expected a whole number, got nothing"),
    ],
)
def test_a_malformed_answer_names_the_place(
    request_: type[rest.Request[object]], body: str, reason: str
) -> None:
    with pytest.raises(rest.DecodeError) as caught:
        read(request_, body)
    assert str(caught.value).startswith(reason)


def test_an_item_that_cannot_be_read_takes_nothing_beside_it() -> None:
    state = read(rest.GetViberState, '{"State":0,"ResentSms":[{"Id":1},{"Id":2,"State":0}]}')
    assert isinstance(state, rest.ViberState)
    assert state.resent_sms == (
        Unread("expected a whole number, got nothing", "State"),
        rest.ResentSms(rest.SmsStateCode.DELIVERED, id="2"),
    )
    state = read(rest.GetViberState, '{"State":0,"ResentSms":{}}')
    assert isinstance(state, rest.ViberState)
    assert state.resent_sms == Unread("expected an array, got an object")
    found = rest.V2.decode_answer(rest.GetIncoming, rest.HttpAnswer(200, b'[{"ID":1},7]'))
    assert not isinstance(found, rest.Refusal)
    first, last = found
    assert isinstance(first, rest.IncomingSms)
    assert last == Unread("expected an object, got a number")


@pytest.mark.parametrize(
    "milliseconds",
    [
        "",
        "-",
        "1.5",
        "1e3",
        "٣",
        "253402300800000",
        "-62135596800001",
        "9" * 5000,
        "1+03:00",
        "--1",
    ],
)
def test_a_date_beyond_the_calendar_is_none(milliseconds: str) -> None:
    state = read(rest.GetSmsState, f'{{"State":0,"CreationDateUtc":"/Date({milliseconds})/"}}')
    assert state == rest.SmsState(rest.SmsStateCode.DELIVERED)


@pytest.mark.parametrize("odd", ["true", '"soon"', "[1]", '{"a":1}', '"1.1.1"', '"2012-13-45"'])
@pytest.mark.parametrize(
    "key", ["CreationDateUtc", "SubmittedDateUtc", "ReportedDateUtc", "TimeStampUtc", "Price"]
)
def test_a_side_field_that_cannot_be_read_does_not_hide_the_state(key: str, odd: str) -> None:
    state = read(rest.GetSmsState, f'{{"{key}":{odd},"State":0,"StateDescription":"Доставлено"}}')
    assert state == rest.SmsState(rest.SmsStateCode.DELIVERED, description="Доставлено")


@pytest.mark.parametrize(
    ("said", "price"),
    [("1.1", "1.1"), ('"1.10"', "1.10"), ('"1,1"', "1.1"), ('"1.1E0"', "1.1"), ("2", "2")],
)
def test_a_number_may_come_as_a_string_with_a_comma_or_an_exponent(said: str, price: str) -> None:
    state = read(rest.GetSmsState, f'{{"State":"0","Price":{said}}}')
    assert isinstance(state, rest.SmsState)
    assert (state.state, state.price) == (0, Decimal(price))
    assert read(rest.GetBalance, said) == Decimal(price)


def test_a_whole_number_may_come_with_a_fraction_of_nothing() -> None:
    assert read(rest.GetSmsState, '{"State":0.0}') == rest.SmsState(rest.SmsStateCode.DELIVERED)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2011-01-03T09:11:51.213", NINE_ELEVEN),
        ("2011-01-03T09:11:51.213Z", NINE_ELEVEN),
        ("2011-01-03T12:11:51.213+03:00", NINE_ELEVEN),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00+03:00", None),
        ("", None),
    ],
)
def test_a_date_may_come_as_newer_serialisers_write_it(said: str, at: datetime | None) -> None:
    state = read(rest.GetSmsState, f'{{"State":0,"ReportedDateUtc":"{said}"}}')
    assert state == rest.SmsState(rest.SmsStateCode.DELIVERED, reported=at)


def entry(text: str, **more: str) -> str:
    said = {"Data": f'"{text}"', "SourceAddress": '"7"', "DestinationAddress": '"8"', "ID": "5"}
    said["CreatedDateUtc"] = r'"\/Date(1294045911213)\/"'
    return "{" + ",".join(f'"{key}":{value}' for key, value in (said | more).items()) + "}"


BROKEN_TEXTS = {
    "half an emoji": (rb"\ud83d", "\ufffd"),
    "its other half": (rb"\uDE00!", "\ufffd!"),
    "the halves the wrong way round": (rb"\ude00\ud83d", "\ufffd\ufffd"),
    "a byte that is no UTF-8": (b"a\xff", "a\ufffd"),
    "a control character": (b"a\x0bb", "a\ufffdb"),
    "a line break": (b"a\nb", "a\ufffdb"),
    "an emoji beside it": (rb"\ud83d\ude00\ud83d", "\U0001f600\ufffd"),
    "what only looks like one": (rb"\\ud83d\x0b".replace(rb"\x0b", b"\x0b"), "\\ud83d\ufffd"),
}


@pytest.mark.parametrize(("said", "text"), BROKEN_TEXTS.values(), ids=BROKEN_TEXTS)
def test_a_broken_text_does_not_hide_the_other_sms(said: bytes, text: str) -> None:
    body = f"[{entry('good')},{entry('PUT HERE')}]".encode().replace(b"PUT HERE", said)
    found = rest.V2.decode_answer(rest.GetIncoming, rest.HttpAnswer(200, body))
    assert not isinstance(found, rest.Refusal)
    assert [isinstance(sms, rest.IncomingSms) and sms.data for sms in found] == ["good", text]


@pytest.mark.parametrize("missing", ["ID", "CreatedDateUtc"])
@pytest.mark.parametrize("said", ["null", '""', '"odd"', "{}"])
def test_an_sms_without_an_id_or_a_date_does_not_hide_the_others(missing: str, said: str) -> None:
    found = read(rest.GetIncoming, f"[null,{entry('a', **{missing: said})},{entry('b')}]")
    assert isinstance(found, tuple)
    nothing, odd, good = found
    assert nothing is None
    assert (odd.data, odd.id if missing == "ID" else odd.created) == ("a", None)
    assert (good.data, good.id, good.created) == ("b", 5, NINE_ELEVEN)


def test_ids_that_were_not_given_keep_their_place() -> None:
    assert read(rest.SendSmsBulk, '["5755",null,"",5758]') == ("5755", None, None, "5758")


def test_a_ratio_that_net_cannot_count_does_not_hide_the_statistics() -> None:
    counts = dict.fromkeys(
        ("Sent", "Delivered", "Errors", "InProcess", "Expired", "Rejected", "Total",
         "TotalWithErrors"), 0,
    )  # fmt: skip
    found = read(rest.GetStatistics, json.dumps(counts | {"DeliveryRatio": "NaN"}))
    assert found == rest.Statistics(0, 0, 0, 0, 0, 0, 0, 0, None)


untyped: Any = rest
"""The same classes, for values that a type checker would refuse."""


@pytest.mark.parametrize(
    ("request_", "answer", "reason"),
    [
        (rest.GetSession, rest.Session(""), "an empty id"),
        (rest.GetBalance, Decimal("NaN"), "out of range"),
        (rest.GetBalance, Decimal("Infinity"), "out of range"),
        (rest.GetBalance, Decimal("1e50"), "out of range"),
        (rest.SendSms, ("1", ""), r"\[1\]: an empty id"),
        (rest.SendSms, ("1", 2), r"\[1\]: expected str, got int"),
        (rest.SendSms, ("\ud800",), r"\[0\]: .*surrogates"),
        (rest.GetBalance, 20015.3, "expected Decimal, got float"),
        (rest.GetSmsState, untyped.SmsState("0"), "State: expected int, got str"),
        (rest.GetSmsState, rest.SmsState(True), "State: expected int, got bool"),
        (rest.GetSmsState, rest.SmsState(2**63), "State: a number out of range"),
        (rest.GetSmsState, untyped.SmsState(0, price=1.1), "Price: expected Decimal, got float"),
        (
            rest.GetSmsState,
            rest.SmsState(0, datetime.fromisoformat("2011-01-03")),
            "CreationDateUtc: a naive",
        ),
        (
            rest.GetSmsState,
            rest.SmsState(0, reported=datetime(1, 1, 1, tzinfo=UTC)),
            "ReportedDateUtc: .*unset",
        ),
        (
            rest.GetSmsState,
            untyped.SmsState(0, timestamp="now"),
            "TimeStampUtc: expected datetime, got str",
        ),
        (
            rest.GetIncoming,
            untyped.IncomingSms("", "", "", 1, None),
            "expected tuple, got IncomingSms",
        ),
        (
            rest.GetIncoming,
            (untyped.IncomingSms("", "", "", 1, "now"),),
            r"\[0\].CreatedDateUtc: expected datetime, got str",
        ),
        (
            rest.GetViberState,
            untyped.ViberState(0, resent_sms=(DELIVERED,)),
            r"ResentSms\[0\]: expected ResentSms",
        ),
        (rest.GetViberState, untyped.ViberState(0, resent_sms=None), "ResentSms: expected tuple"),
        (rest.GetBalance, untyped.Refusal("4", "x"), "Code: expected int"),
    ],
)
def test_an_unwritable_value_is_refused_with_its_key(
    request_: type[rest.Request[object]], answer: object, reason: str
) -> None:
    with pytest.raises(rest.EncodeError, match=reason):
        _rest.written(request_, answer)


def test_only_request_types_have_answers() -> None:
    with pytest.raises(TypeError, match="no request type"):
        _rest.read(rest.SendToOne, 200, b"[]")
