"""Reading REST requests: what the platform accepts, and what it refuses."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from devino_codecs import rest
from tests.wire import _rest

SESSION = rest.Session("Z5CYSZEKDL1DPICU37WEHQVOYKP0T1GSLHX1")
LOGIN = rest.Login("jo", "a+b==13%!")
SEND = rest.SendSms("DEVINO", "79161002030", "test")
SENT = "SourceAddress=DEVINO&DestinationAddress=79161002030&Data=test"
WITH_SESSION = f"SessionID={SESSION.id}"
BULK = rest.SendSmsBulk("DEVINO", ("79161002030", "79161002031"), "test")


def decode(path: str, query: str = "", body: bytes = b"", **kw: bool) -> rest.Request[object]:
    request: rest.Request[object] = _rest.decode(path, query, body, **kw)[0]
    return request


@pytest.mark.parametrize(
    "path",
    [
        "/rest/Sms/Send",
        "/rest/sms/send",
        "/REST/SMS/SEND",
        "/rest/Sms/Send/",
        "/rest/Sms/Send?",
        "/rest//Sms//Send",
        "/Sms/Send",
    ],
)
def test_a_path_passes_in_any_case_with_any_slashes(path: str) -> None:
    assert _rest.decode(path, f"{WITH_SESSION}&{SENT}") == (SEND, SESSION)


@pytest.mark.parametrize("path", ["/rest/v2/Sms/Send", "/rest/v2//Sms/Send", "/Rest/V2/sms/send/"])
def test_version_2_takes_login_and_password(path: str) -> None:
    body = urlencode({"login": LOGIN.login, "PASSWORD": LOGIN.password}) + "&" + SENT
    assert _rest.decode(path, b"", body.encode()) == (SEND, LOGIN)


def test_a_session_is_asked_for_with_login_and_password() -> None:
    assert _rest.decode("/rest/User/SessionId?", "Login=test&Password=1") == (
        rest.GetSession(),
        rest.Login("test", "1"),
    )


def test_query_and_body_are_one() -> None:
    query, body = "SessionId=s&destinationAddress=79161002030", b"SourceAddress=DEVINO&data=test"
    assert _rest.decode("/rest/Sms/Send", query, body) == (SEND, rest.Session("s"))
    assert _rest.decode(f"/rest/Sms/Send?{query}", b"", body) == (SEND, rest.Session("s"))


def test_the_first_value_that_is_not_empty_counts_and_the_query_comes_first() -> None:
    query = f"{WITH_SESSION}&data=&DATA=test&Data=other&sourceAddress=DEVINO"
    body = b"SourceAddress=OTHER&DestinationAddress=79161002030&data=third"
    assert decode("/rest/Sms/Send", query, body) == SEND


@pytest.mark.parametrize(
    "extra",
    [
        "&Validity=&SendDate=",
        "&validity=0",
        "&Validity=%20&SendDate=+",
        "&Unknown=1&&=&%",
        "&Data[0]x=9&Data[a]=9&Data[0000000000]=9&]=1&[]=2&[0]=3",
        "&%ff=1&\udcff=1",
    ],
)
def test_empty_and_unknown_arguments_are_absent(extra: str) -> None:
    assert decode("/rest/Sms/Send", f"{WITH_SESSION}&{SENT}{extra}") == SEND


@pytest.mark.parametrize(
    "numbers",
    [
        "DestinationAddresses=79161002030&DestinationAddresses=79161002031",
        "destinationaddresses[]=79161002030&destinationaddresses[]=79161002031",
        "DestinationAddresses[0]=79161002030&DestinationAddresses[1]=79161002031",
        "DestinationAddresses%5B1%5D=79161002031&DestinationAddresses%5B0%5D=79161002030",
        "DestinationAddress=79161002030&DestinationAddress=79161002031",
        "DestinationAddresses=+79161002030&&DestinationAddresses=%2079161002031%20",
        "DestinationAddresses=79161002030&DestinationAddresses=&DestinationAddresses=79161002031",
    ],
)
def test_a_list_may_be_repeated_or_indexed(numbers: str) -> None:
    query = f"{WITH_SESSION}&SourceAddress=DEVINO&Data=test&{numbers}"
    assert decode("/rest/Sms/SendBulk", query) == BULK


def test_an_index_puts_ten_after_nine() -> None:
    numbers = [f"7916100{n:04}" for n in range(12)]
    indexed = "&".join(f"DestinationAddresses[{n}]={numbers[n]}" for n in (10, 11, *range(10)))
    query = f"{WITH_SESSION}&SourceAddress=DEVINO&Data=test&{indexed}"
    request = decode("/rest/Sms/SendBulk", query)
    assert request == rest.SendSmsBulk("DEVINO", tuple(numbers), "test")


def test_a_line_of_numbers_is_split_only_when_asked() -> None:
    query = (
        f"{WITH_SESSION}&SourceAddress=DEVINO&Data=a,b"
        "&DestinationAddresses=79161002030;+79161002031,,%2B7916&DestinationAddresses=1"
    )
    whole = ("79161002030; 79161002031,,+7916", "1")
    apart = ("79161002030", "79161002031", "+7916", "1")
    assert decode("/rest/Sms/SendBulk", query) == rest.SendSmsBulk("DEVINO", whole, "a,b")
    assert decode("/rest/Sms/SendBulk", query, split_lists=True) == rest.SendSmsBulk(
        "DEVINO", apart, "a,b"
    )


def test_a_line_of_nothing_but_separators_is_a_missing_list() -> None:
    query = f"{WITH_SESSION}&SourceAddress=DEVINO&Data=a&DestinationAddresses=;,"
    with pytest.raises(rest.MissingArgumentError) as caught:
        decode("/rest/Sms/SendBulk", query, split_lists=True)
    assert caught.value.path == "DestinationAddresses"


@pytest.mark.parametrize("name", ["Optional", "Optionals", "optionals[0]"])
def test_singular_and_plural_stand_for_each_other(name: str) -> None:
    one = f"{WITH_SESSION}&{SENT}&{name}=1"
    assert decode("/rest/Viber/Send", one) == rest.SendViber(
        "DEVINO", "79161002030", "test", optional="1"
    )
    assert decode("/rest/Viber/SendBulk", one) == rest.SendViberBulk(
        "DEVINO", ("79161002030",), "test", optionals=("1",)
    )


def test_a_body_may_be_raw_utf8() -> None:
    body = f"{WITH_SESSION}&SourceAddress=DEVINO&DestinationAddress=+79161002030&Data=Привет, мир"
    request = rest.SendSms("DEVINO", "79161002030", "Привет, мир")
    assert decode("/rest/Sms/Send", "", body.encode()) == request
    assert decode("/rest/Sms/Send", body) == request


def test_a_percent_sign_that_escapes_nothing_stands_for_itself() -> None:
    query = f"{WITH_SESSION}&SourceAddress=DEVINO&DestinationAddress=79161002030&Data="
    request = decode("/rest/Sms/Send", query + "100%+%d0%9f%zz%4")
    assert request == rest.SendSms("DEVINO", "79161002030", "100% П%zz%4")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2011-01-28T16:00:00", "2011-01-28T16:00"),
        ("2011-01-28 16:00:00", "2011-01-28T16:00"),
        ("2011-01-28%2016:00", "2011-01-28T16:00"),
        ("20110128T16:00:00", "2011-01-28T16:00"),
        ("20110128T160000", "2011-01-28T16:00"),
        ("2010-0601T19:14:00", "2010-06-01T19:14"),
        ("2011-01-28T16:00:00.1234567", "2011-01-28T16:00:00.123456"),
        ("2011-01-28", "2011-01-28T00:00"),
        ("+2011-01-28t16:00:00+", "2011-01-28T16:00"),
    ],
)
def test_dates_come_in_several_forms(text: str, moment: str) -> None:
    clock = datetime.fromisoformat(moment)
    query = f"{WITH_SESSION}&{SENT}&sendDate={text}"
    assert decode("/rest/Sms/SendByTimeZone", query) == rest.SendSmsByTimeZone(
        "DEVINO", "79161002030", "test", send_date=clock
    )
    assert decode("/rest/Sms/Send", query) == rest.SendSms(
        "DEVINO", "79161002030", "test", send_date=clock.replace(tzinfo=UTC)
    )


@pytest.mark.parametrize("zone", ["Z", "%2B00:00", "%2b0000", "-00:00"])
def test_an_instant_may_name_its_zone(zone: str) -> None:
    query = f"{WITH_SESSION}&{SENT}&sendDate=2011-01-28T16:00:00{zone}"
    request = decode("/rest/Sms/Send", query)
    assert isinstance(request, rest.SendSms)
    assert request.send_date == datetime(2011, 1, 28, 16, tzinfo=UTC)


def test_an_offset_is_taken_into_account() -> None:
    query = f"{WITH_SESSION}&{SENT}&sendDate=2011-01-28T16:00:00%2B03:30"
    request = decode("/rest/Sms/Send", query)
    assert isinstance(request, rest.SendSms)
    assert request.send_date == datetime(2011, 1, 28, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/rest/Sms/Sned", "/rest/sms/send"),
        ("/rest/v2/Sms/Status", "/rest/v2/sms/stat"),
        ("/rest/v2/user/sessionid", "version 2 has no sessions"),
        ("/", "no resource"),
        ("/rest/" + "x" * 100_000, "no resource"),
    ],
)
def test_an_unknown_path_is_an_error_of_its_own(path: str, hint: str) -> None:
    with pytest.raises(rest.UnknownResourceError) as caught:
        decode(path)
    assert hint in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("path", "query", "argument"),
    [
        ("/rest/Sms/Send", SENT, "SessionID"),
        ("/rest/Sms/State", "messageId=1", "sessionId"),
        ("/rest/v2/Sms/State", "messageId=1&password=1", "Login"),
        ("/rest/v2/Sms/State", "messageId=1&login=1&Password=", "Password"),
        ("/rest/user/sessionid", "login=test", "password"),
        ("/rest/Sms/State", WITH_SESSION, "messageId"),
        ("/rest/Sms/State", f"{WITH_SESSION}&messageid=+", "messageId"),
        ("/rest/Sms/Send", f"{WITH_SESSION}&Data=test&SourceAddress=D", "DestinationAddress"),
        ("/rest/Sms/SendBulk", f"{WITH_SESSION}&Data=x&SourceAddress=D", "DestinationAddresses"),
        ("/rest/Sms/Send", f"{WITH_SESSION}&{SENT.replace('=test', '=')}", "Data"),
        ("/rest/Sms/In", f"{WITH_SESSION}&minDateUTC=2011-01-01", "maxDateUTC"),
        ("/rest/Sms/Statistics", f"{WITH_SESSION}&endDateTime=2011-01-01", "startDateTime"),
    ],
)
def test_a_missing_argument_is_named_as_in_the_manual(path: str, query: str, argument: str) -> None:
    with pytest.raises(rest.MissingArgumentError) as caught:
        decode(path, query)
    assert caught.value.path == argument


@pytest.mark.parametrize(
    ("extra", "argument"),
    [
        ("Validity=ten", "Validity"),
        ("Validity=-1", "Validity"),
        ("Validity=1.5", "Validity"),
        ("Validity=2147483648", "Validity"),
        ("Validity=" + "9" * 10_000, "Validity"),
        ("Validity=%D9%A3", "Validity"),
        ("SendDate=tomorrow", "SendDate"),
        ("SendDate=2011-13-01", "SendDate"),
        ("SendDate=2011-01-28T25:00:00", "SendDate"),
        ("SendDate=0001-01-01T00:00:00%2B14:00", "SendDate"),
        ("SendDate=2011-01-28T16:00:00%2B99:99", "SendDate"),
        ("SendDate=%ff", "SendDate"),
    ],
)
def test_a_malformed_argument_is_named_with_its_request(extra: str, argument: str) -> None:
    with pytest.raises(rest.InvalidArgumentError) as caught:
        decode("/rest/Sms/Send", f"{WITH_SESSION}&{SENT}&{extra}")
    assert caught.value.path == argument
    assert caught.value.request is rest.SendSms


@pytest.mark.parametrize("zone", ["", "Z", "%2B07:00"])
def test_the_recipients_clock_has_no_zone_and_one_that_is_given_is_dropped(zone: str) -> None:
    given = f"{WITH_SESSION}&{SENT}&SendDate=2011-01-28T16:00:00{zone}"
    request = decode("/rest/Sms/SendByTimeZone", given)
    assert isinstance(request, rest.SendSmsByTimeZone)
    assert request.send_date == datetime.fromisoformat("2011-01-28T16:00:00")


def test_a_text_that_is_not_utf8_is_malformed() -> None:
    body = f"{WITH_SESSION}&{SENT}".encode().replace(b"=test", b"=\xcf\xf0\xe8")
    with pytest.raises(rest.InvalidArgumentError) as caught:
        decode("/rest/Sms/Send", "", body)
    assert caught.value.path == "Data"


def test_an_id_holds_no_blank() -> None:
    with pytest.raises(rest.InvalidArgumentError) as caught:
        decode("/rest/Sms/State", f"{WITH_SESSION}&messageId=1%0A2")
    assert caught.value.path == "messageId"
