"""How the REST service says no: the manual's answers, byte for byte."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from devino_sandbox import Account, AnswerError, Fault, World
from tests._vectors import VECTORS
from tests.sandbox._http import LOGIN, PASSWORD, Http

SEND = {"SourceAddress": "DEVINO", "DestinationAddress": "79161234567", "Data": "test"}


def dot_net(reason: str, parameter: str) -> str:
    """An ArgumentException."""
    return f"{reason}\r\nParameter name: {parameter}"


# What the manual prints, and what brings it about. Its argument errors are printed with a blank
# where .NET has CR LF.
@pytest.mark.parametrize(
    ("printed", "status", "target"),
    [
        ("01-008", 401, "/rest/user/sessionid?login=demo&password=wrong"),
        ("01-008", 401, "/rest/user/sessionid?login=nobody&password=canary-7b1e"),
        ("02-006", 401, "/rest/v2/User/Balance?Login=demo&Password=wrong"),
        ("01-014", 401, "/rest/User/Balance?SessionID=Z5CYSZEKDL1DPICU37WEHQVOYKP0T1GSLHX1"),
        ("02-043", 400, "/rest/v2/Sms/State?{v2}"),
        ("02-043", 400, "/rest/v2/Sms/State?{v2}&messageId="),
        ("02-083", 400, "/rest/v2/Viber/State?{v2}"),
        ("11-006", 500, "/rest/v2/Sms/In?{v2}&minDateUTC=2011-01-01T00:00:00"),
        ("11-006", 500, "/rest/Sms/In?sessionId={session}&minDateUTC=2011-01-01&maxDateUTC=x"),
        (
            "02-055",
            400,
            "/rest/v2/Sms/Statistics?{v2}&startDateTime=2010-01-01&endDateTime=2010-04-01T00:00:01",
        ),
        ("02-013", 400, "/rest/v2/Sms/Send?{v2}&SourceAddress=TwelveLetter&{to}&Data=x"),
        ("02-013", 400, "/rest/v2/Sms/Send?{v2}&SourceAddress=%D0%AF&{to}&Data=x"),
        ("02-013", 400, "/rest/v2/Sms/Send?{v2}&SourceAddress=1234567890123456&{to}&Data=x"),
        ("01-021", 400, "/rest/Sms/Send?SessionId={session}&SourceAddress=%00&{to}&Data=x"),
        ("02-061", 400, "/rest/v2/Viber/Send?{v2}&SourceAddress=X&DestinationAddress=12&Data=x"),
        (
            "02-067",
            400,
            "/rest/v2/Viber/SendBulk?{v2}&SourceAddress=X&Data=x&{to}&DestinationAddresses=abc",
        ),
    ],
)
async def test_what_the_manual_prints_as_an_error_is_what_is_answered(
    http: Http, printed: str, status: int, target: str
) -> None:
    target = target.format(
        session=await http.login(),
        v2=f"Login={LOGIN}&Password={PASSWORD}",
        to="DestinationAddress=79161234567",
    )
    answer = await http.raw("GET", target)
    assert answer.status == status
    assert answer.body.replace(rb"\r\n", b" ") == VECTORS[printed].data.strip()
    assert answer.headers["Cache-Control"] == "private"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_argument_errors_are_in_the_words_of_dot_net(http: Http) -> None:
    answer = await http.v2("Sms/State")
    assert answer.body == (
        rb'{"Code":1,"Desc":"MessageID can not be null or empty\r\nParameter name: messageId"}'
    )


@pytest.mark.parametrize(
    ("resource", "form", "code", "description"),
    [
        (
            "Sms/Send",
            SEND | {"DestinationAddress": "123"},
            6,
            "Invalid destination address",
        ),
        (
            "Sms/Send",
            SEND | {"Data": "я" * 2001},
            2,
            dot_net("Data can not be longer than 2000 characters", "data"),
        ),
        (
            "Sms/Send",
            # .NET counts the two halves of a pair.
            SEND | {"Data": "😀" * 1001},
            2,
            dot_net("Data can not be longer than 2000 characters", "data"),
        ),
        (
            "Viber/Send",
            SEND | {"Data": "я" * 1001},
            2,
            dot_net("Data can not be longer than 1000 characters", "data"),
        ),
        (
            "Sms/Send",
            SEND | {"Data": ""},
            1,
            dot_net("Data can not be null or empty", "data"),
        ),
        (
            "Sms/Send",
            SEND | {"SendDate": "tomorrow"},
            2,
            dot_net("SendDate is invalid: not a date, expected yyyy-MM-ddTHH:mm:ss", "sendDate"),
        ),
        (
            "Sms/Send",
            SEND | {"Validity": "-1"},
            2,
            dot_net("Validity is invalid: expected a whole number of minutes", "validity"),
        ),
        ("Viber/Send", SEND | {"SourceAddress": ""}, 1, "error-subject-not-specified"),
        ("Viber/Send", SEND | {"DestinationAddress": ""}, 1, "error-address-not-specified"),
        (
            "Viber/SendBulk",
            SEND | {"DestinationAddress": ""},
            1,
            "error-address-not-specified",
        ),
        ("Viber/Send", SEND | {"Data": ""}, 1, "error-content-not-specified"),
        ("Viber/Send", SEND | {"SourceAddress": "ЯЯЯ"}, 1, "error-subject-format"),
        ("Viber/Send", SEND | {"SourceAddress": "1" * 12}, 1, "error-subject-format"),
        (
            "Viber/Send",
            SEND | {"Validity": "soon"},
            1,
            "error-validity-period-seconds-format",
        ),
        (
            "Sms/In",
            {"minDateUTC": "2011-01-02", "maxDateUTC": "2011-01-02"},
            2,
            dot_net("maxDateUTC must be later than minDateUTC", "maxDateUtc"),
        ),
        (
            "Sms/In",
            {"minDateUTC": "2010-01-14", "maxDateUTC": "2011-01-02"},
            2,
            dot_net("minDateUTC can not be more than a year ago", "minDateUtc"),
        ),
        (
            "Sms/Statistics",
            {"startDateTime": "2011-01-02", "endDateTime": "2011-01-01"},
            2,
            dot_net("endDateTime must not be before startDateTime", "endDateTime"),
        ),
    ],
)
async def test_what_is_refused_beyond_the_manuals_examples(
    http: Http, resource: str, form: dict[str, str], code: int, description: str
) -> None:
    answer = await http.v2(resource, **form)
    assert answer.status == 400
    expected = json.dumps(
        {"Code": code, "Desc": description}, ensure_ascii=False, separators=(",", ":")
    )
    assert answer.body.decode() == expected


async def test_dates_that_aspnet_binds_are_its_own_error(http: Http) -> None:
    answer = await http.v2("Sms/In", maxDateUTC="2011-01-11T00:00:00")
    expected = VECTORS["11-006"].data.strip().replace(b"'maxDateUtc'", b"'minDateUtc'")
    assert (answer.status, answer.body) == (500, expected)
    answer = await http.v2("Sms/Statistics", endDateTime="2011-01-11T00:00:00")
    assert answer.status == 500
    assert b"parameter 'startDateTime' of" in answer.body
    assert b"ActionResult Statistics(System.String, DateTime, DateTime)" in answer.body


async def test_too_little_balance_is_code_5_and_costs_nothing(http: Http, account: Account) -> None:
    account.balance = Decimal("2.9")
    answer = await http.v2(
        "Sms/SendBulk",
        [("DestinationAddresses", f"7916000000{n}") for n in range(2)],
        SourceAddress="DEVINO",
        Data="test",
    )
    assert (answer.status, answer.body) == (403, b'{"Code":5,"Desc":"Not enough credits"}')
    assert account.balance == Decimal("2.9")
    assert {(m["state"], m["reason"]) for m in await http.messages()} == {
        ("REJECTED", "not enough credits: 3.0 needed, 2.9 left")
    }


async def test_only_approved_senders_may_send_where_they_are_restricted(
    http: Http, account: Account
) -> None:
    account.senders = frozenset({"DEVINO"})
    assert (await http.v2("Sms/Send", **SEND)).status == 200
    answer = await http.v2("Sms/Send", **SEND | {"SourceAddress": "OTHER"})
    assert (answer.status, answer.body) == (400, VECTORS["01-021"].data.strip())
    answer = await http.v2("Viber/Send", **SEND | {"SourceAddress": "OTHER"})
    assert (answer.status, answer.json["Desc"]) == (400, "error-subject-unknown")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Data": ""}, "Data can not be null or empty"),
        ({"SourceAddress": ""}, "SourceAddress can not be null or empty"),
        ({"DestinationAddress": " "}, "DestinationAddress can not be null or empty"),
        ({"Validity": "soon"}, "Validity is invalid: expected a whole number of minutes"),
        ({"Password": ""}, "Password can not be null or empty"),
        ({"Password": "wr0ng"}, "Invalid user login or password"),
    ],
)
async def test_a_send_that_is_refused_at_the_door_is_on_record(
    http: Http, changed: dict[str, str], reason: str
) -> None:
    form = {"Login": LOGIN, "Password": PASSWORD, **SEND, **changed}
    answer = await http.raw("POST", "/Rest//V2/Sms/Send", urlencode(form).encode())
    assert answer.status in (400, 401)
    [shown] = await http.messages()
    assert (shown["to"], shown["sender"], shown["text"], shown["via"]) == (
        form["DestinationAddress"].strip(),
        form["SourceAddress"],
        form["Data"],
        "rest-v2",
    )
    assert (shown["state"], shown["reason"], shown["medium"]) == ("REJECTED", reason, "SMS")
    assert (shown["ids"], shown["parts"]) == ([], 0)


async def test_every_recipient_of_a_bulk_that_is_refused_at_the_door_is_on_record(
    http: Http,
) -> None:
    form = "sourceaddress=A&destinationaddresses[1]=79160000002&DestinationAddresses[0]=7x&Data="
    await http.raw("POST", f"/rest/Viber/SendBulk?SessionID=ended&{form}x")
    await http.raw("POST", f"/rest/Viber/SendBulk?SessionID=ended&{form}%FF")
    await http.raw("GET", "/rest/Sms/State?SessionID=ended&MessageId=1")
    await http.raw("GET", "/rest/Sms/State")
    shown = await http.messages()
    assert {(m["sender"], m["medium"], m["via"]) for m in shown} == {("A", "VIBER", "rest")}
    assert {(m["to"], m["text"], m["reason"][:10]) for m in shown} == {
        ("79160000002", "x", "SessionID "),
        ("7x", "x", "SessionID "),
        ("79160000002", "\ufffd", "Data is in"),
        ("7x", "\ufffd", "Data is in"),
    }


@pytest.mark.parametrize("bad", ["12", "+0161234567", "seven", "7916123456789012"])
async def test_one_wrong_number_of_many_refuses_all(http: Http, account: Account, bad: str) -> None:
    before = account.balance
    answer = await http.v2(
        "Sms/SendBulk",
        [("DestinationAddresses", number) for number in ("79160000000", bad, "79160000001")],
        SourceAddress="DEVINO",
        Data="test",
    )
    assert answer.json == {"Code": 6, "Desc": "Invalid destination address"}
    assert account.balance == before
    recorded = await http.messages()
    assert len(recorded) == 3
    assert all(m["state"] == "REJECTED" and m["reason"] and not m["ids"] for m in recorded)


@pytest.mark.parametrize(
    ("code", "status", "meaning"),
    [
        (1, 400, "Argument cannot be null or empty"),
        (2, 400, "Invalid argument"),
        (3, 400, "Invalid session id"),
        (4, 401, "Unauthorized access"),
        (5, 403, "Not enough credits"),
        (6, 400, "Invalid operation"),
        (7, 403, "Forbidden"),
        (8, 500, "Gateway error"),
        (9, 500, "Internal server error"),
    ],
)
async def test_every_code_of_the_table_can_be_ordered(
    http: Http, world: World, code: int, status: int, meaning: str
) -> None:
    world.faults.add(Fault(operation="sms/send", action=AnswerError(code)))
    answer = await http.v2("Sms/Send", **SEND)
    assert answer.status == status
    assert answer.body.decode() == f'{{"Code":{code},"Desc":"{meaning}"}}'
    assert not list(world.messages())


async def test_a_failure_of_the_sandbox_itself_is_code_9(
    http: Http, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(medium: object, to: str) -> object:
        raise RuntimeError("a fate that cannot be told")

    world.fate_of = broken  # type: ignore[assignment]
    answer = await http.v2("Sms/Send", **SEND)
    assert (answer.status, answer.body) == (500, b'{"Code":9,"Desc":"Internal server error"}')
    assert "a fate that cannot be told" in caplog.text
    assert PASSWORD not in caplog.text
