"""The REST service: the manual's answers, byte for byte."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import partial
from urllib.parse import urlencode

import aiohttp
import pytest

from devino_core import State
from devino_core.testing import ManualClock
from devino_sandbox import Account, AnswerError, Fault, Sandbox, World
from devino_sandbox.services.rest import RestLimits, RestService
from tests._vectors import VECTORS, Vector, vector_id, vectors
from tests.sandbox._http import LOGIN, PASSWORD, Http

SEND = {"SourceAddress": "DEVINO", "DestinationAddress": "79161234567", "Data": "test"}


def dot_net(reason: str, parameter: str) -> str:
    """An ArgumentException."""
    return f"{reason}\r\nParameter name: {parameter}"


async def test_a_session_is_36_letters_and_digits_in_quotes(http: Http) -> None:
    answer = await http.raw("GET", f"/rest/user/sessionid?login={LOGIN}&password={PASSWORD}")
    assert answer.status == 200
    assert re.fullmatch(rb'"[A-Z0-9]{36}"', answer.body)
    assert answer.headers["Cache-Control"] == "private"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("version", [1, 2])
async def test_the_balance_is_a_bare_number(http: Http, version: int) -> None:
    if version == 1:
        answer = await http.v1("User/Balance", await http.login())
    else:
        answer = await http.v2("User/Balance")
    assert (answer.status, answer.body) == (200, b"20015.3")


async def test_a_send_is_answered_with_its_id_and_charged(http: Http, account: Account) -> None:
    answer = await http.v2("Sms/Send", **SEND)
    assert answer.body == VECTORS["01-018"].data.strip() == b'["579700854169272358"]'
    assert account.balance == Decimal("20013.8")


async def test_each_segment_has_an_id_and_is_charged(http: Http, account: Account) -> None:
    answer = await http.v2("Sms/Send", **SEND | {"Data": "я" * 71})
    assert answer.body == VECTORS["01-019"].data.strip()
    assert account.balance == Decimal("20012.3")


async def test_ids_of_a_bulk_are_grouped_by_number_in_the_order_of_the_request(
    http: Http, world: World
) -> None:
    numbers = ["79160000000", "79001234567"]
    answer = await http.v2(
        "Sms/SendBulk",
        [("DestinationAddresses", number) for number in numbers],
        SourceAddress="DEVINO",
        Data="x" * 200,
    )
    assert answer.body == VECTORS["01-034"].data.strip()
    assert [(m.to, m.ids) for m in world.messages()] == list(
        zip(numbers, [tuple(answer.json[:2]), tuple(answer.json[2:])], strict=True)
    )


def _substituted(vector: Vector, session: str) -> str:
    """The manual's request with credentials that are good here."""
    target = vector.text.removeprefix("https://integrationapi.net")
    for name, value in (("sessionid", session), ("login", LOGIN), ("password", PASSWORD)):
        target = re.sub(rf"(?i)([?&]{name})=[^&]*", rf"\1={value}", target)
    return target


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "vector",
    vectors("rest-v1", "rest-v2", "rest-viber", "incoming-http", direction="request"),
    ids=vector_id,
)
async def test_every_request_of_the_manual_is_carried_out(
    http: Http, vector: Vector, method: str
) -> None:
    answer = await http.raw(method, _substituted(vector, await http.login()))
    assert answer.status == 200, answer.body


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


async def test_version_2_takes_2999_recipients_and_version_1_any_number(http: Http) -> None:
    numbers = [f"7916{n:07}" for n in range(3000)]
    pairs = [("DestinationAddresses", number) for number in numbers]
    answer = await http.v2("Sms/SendBulk", pairs, SourceAddress="DEVINO", Data="test")
    assert (answer.status, answer.json["Code"]) == (400, 2)
    answer = await http.v2("Sms/SendBulk", pairs[1:], SourceAddress="DEVINO", Data="test")
    assert len(answer.json) == 2999
    form = "&".join(f"DestinationAddresses={number}" for number in numbers).encode()
    target = f"/rest/Sms/SendBulk?SessionID={await http.login()}&SourceAddress=DEVINO&Data=test"
    assert len((await http.raw("POST", target, form)).json) == 3000


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


async def test_a_session_ends_after_120_minutes_and_a_fresh_one_works(
    http: Http, clock: ManualClock
) -> None:
    session = await http.login()
    clock.advance(120 * 60 - 1)
    assert (await http.v1("User/Balance", session)).status == 200
    clock.advance(1)
    answer = await http.v1("User/Balance", session)
    assert (answer.status, answer.body) == (401, b'{"Code":4,"Desc":"SessionID expired"}')
    assert (await http.v1("User/Balance", await http.login())).status == 200


@pytest.mark.parametrize(
    ("method", "target", "body", "content_type"),
    [
        ("GET", "/rest/v2/Sms/Send?{all}", None, None),
        ("POST", "/rest/v2/Sms/Send?{all}", b"", None),
        ("PUT", "/rest/v2/Sms/Send", "{all}", None),
        ("DELETE", "/rest/v2/Sms/Send?{all}", None, None),
        ("PROPFIND", "/rest/v2/Sms/Send?{all}", None, None),
        ("GET", "/rest/v2/Sms/Send", "{all}", "application/x-www-form-urlencoded"),
        ("POST", "/rest/v2/Sms/Send", "{all}", "aplication/x-www-form-urlencode"),
        ("POST", "/rest/v2/Sms/Send", "{all}", "text/plain"),
        ("POST", "/rest/v2/Sms/Send?{login}", "{message}", None),
        ("POST", "/rest/v2/Sms/Send?{message}", "{login}", None),
        ("POST", "/REST/V2/SMS/SEND", "{all}", None),
        ("POST", "/Rest/v2/sms/send/", "{all}", None),
        ("POST", "/rest/v2//Sms/Send?", "{all}", None),
        ("POST", "/rest/v2/Sms/SendBulk/?", "{all}", None),
        ("GET", "/rest/v2/Sms/Send?&&{all}&&unknown=1&x", None, None),
        ("GET", "/rest/v2/Sms/Send?{all}&Validity=&sendDate=", None, None),
        ("GET", "/rest/v2/Sms/Send?{all}&VALIDITY=0", None, None),
        ("GET", "/rest/v2/Sms/Send?{all}&sourceAddress=OTHER", None, None),
        ("GET", "/rest/v2/Sms/Send?{all}&validity=10&validity=20", None, None),
    ],
)
async def test_requests_are_read_as_leniently_as_the_platform_does(
    http: Http, method: str, target: str, body: str | bytes | None, content_type: str | None
) -> None:
    login = f"lOgIn={LOGIN}&PASSWORD={PASSWORD}"
    message = "sourceaddress=DEVINO&DESTINATIONADDRESS=79161234567&data=test"
    words = {"login": login, "message": message, "all": f"{login}&{message}"}
    if isinstance(body, str):
        body = body.format(**words).encode()
    answer = await http.raw(
        method,
        target.format(**words),
        body,
        {"Content-Type": content_type} if content_type else None,
    )
    assert (answer.status, answer.body) == (200, b'["579700854169272358"]')
    [stored] = await http.messages()
    assert (stored["to"], stored["sender"], stored["text"]) == ("79161234567", "DEVINO", "test")


@pytest.mark.parametrize(
    "written",
    ["79161234567", "+79161234567", "%2B79161234567", "89161234567", "+7+(916)+123-45-67"],
)
async def test_numbers_are_taken_in_every_notation(http: Http, written: str) -> None:
    target = (
        f"/rest/v2/Sms/Send?Login={LOGIN}&Password={PASSWORD}&SourceAddress=DEVINO&Data=test"
        f"&DestinationAddress={written}"
    )
    assert (await http.raw("GET", target)).status == 200
    assert [m["to"] for m in await http.messages()] == ["79161234567"]


@pytest.mark.parametrize(
    "names",
    [
        ("DestinationAddresses", "DestinationAddresses"),
        ("destinationaddresses", "DESTINATIONADDRESSES"),
        ("DestinationAddresses[0]", "DestinationAddresses[1]"),
        ("DestinationAddresses[]", "DestinationAddresses[]"),
        ("DestinationAddress", "DestinationAddress"),
    ],
)
async def test_lists_are_taken_in_every_notation(http: Http, names: tuple[str, str]) -> None:
    numbers = ("79160000001", "79160000002")
    answer = await http.v2(
        "Sms/SendBulk", zip(names, numbers, strict=True), SourceAddress="DEVINO", Data="test"
    )
    assert answer.status == 200
    assert [m["to"] for m in await http.messages()] == list(numbers)


async def test_a_form_may_hold_utf_8_as_it_is(http: Http) -> None:
    body = f"Login={LOGIN}&Password={PASSWORD}&SourceAddress=DEVINO&Data=Привет, мир"
    await http.raw("POST", "/rest/v2/Sms/Send?DestinationAddress=79161234567", body.encode())
    assert [m["text"] for m in await http.messages()] == ["Привет, мир"]


async def test_the_1c_module_posts_with_a_question_mark(http: Http) -> None:
    form = f"login={LOGIN}&password={PASSWORD}".encode()
    session = (await http.raw("POST", "/rest/User/SessionId?", form)).json
    form = f"sessionId={session}".encode()
    assert (await http.raw("POST", "/rest/User/Balance?", form)).body == b"20015.3"
    [message_id] = await http.send()
    form += f"&messageId={message_id}".encode()
    assert b'"State":-2,' in (await http.raw("POST", "/rest/Sms/State?", form)).body


@pytest.mark.parametrize(
    "written",
    ["2011-01-28T16:00:00", "2011-01-28 16:00:00", "20110128T16:00:00", "2011-0128T16:00"],
)
async def test_send_dates_are_utc_in_every_notation(http: Http, written: str) -> None:
    for resource in ("Sms/Send", "Sms/SendBulk"):
        assert (await http.v2(resource, **SEND, SendDate=written)).status == 200
    assert {m["send_at"] for m in await http.messages()} == {"2011-01-28T16:00:00Z"}


async def test_by_time_zone_dates_are_the_recipients(http: Http) -> None:
    pairs = [("DestinationAddresses", to) for to in ("79161234567", "74232000000")]
    date = {"SendDate": "2011-01-28T16:00:00"}
    await http.v2("Sms/SendByTimeZoneToAddresses", pairs, SourceAddress="D", Data="x", **date)
    await http.v2("Sms/SendByTimeZone", **SEND, **date)
    assert [m["send_at"] for m in await http.messages()] == [
        "2011-01-28T13:00:00Z",
        "2011-01-28T06:00:00Z",
        "2011-01-28T13:00:00Z",
    ]


async def test_a_scheduled_message_waits_in_the_queue_until_then(
    http: Http, clock: ManualClock
) -> None:
    [message_id] = await http.send(SendDate="2011-01-15T12:10:00")
    clock.advance(599)
    assert (await http.state(message_id))["State"] == -2
    assert (await http.messages())[0]["state"] == State.SCHEDULED
    clock.advance(1.2)
    assert (await http.state(message_id))["State"] == -1
    clock.advance(1)
    assert (await http.state(message_id))["State"] == 0


async def test_viber_validity_is_held_to_the_manual_by_a_strict_world(
    http: Http, world: World
) -> None:
    assert (await http.v2("Viber/Send", **SEND, Validity="1441")).status == 200
    world.strict = True
    assert (await http.v2("Viber/Send", **SEND, Validity="1440")).status == 200
    answer = await http.v2("Viber/Send", **SEND, Validity="1441")
    assert (answer.status, answer.json["Code"]) == (400, 2)
    assert answer.json["Desc"].startswith("Validity can not be above 1440 minutes\r\n")


async def test_limits_are_what_the_test_says(world: World) -> None:
    limits = RestLimits(sms_text=3, v2_recipients=1)
    async with (
        Sandbox(world, services=[partial(RestService, limits=limits)], discover=False) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        http = Http(session, sandbox.endpoints)
        assert len(await http.send(Data="abc")) == 1
        answer = await http.v2("Sms/Send", **SEND | {"Data": "abcd"})
        assert "longer than 3 characters" in answer.json["Desc"]
        to = [("DestinationAddresses", f"7916000000{n}") for n in range(2)]
        answer = await http.v2("Sms/SendBulk", to, SourceAddress="DEVINO", Data="abc")
        assert "No more than 1 dest" in answer.json["Desc"]


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("/rest/v2/Sms/Sent", "did you mean /rest/v2/Sms/Send?"),
        ("/rest/sms/sendbluk", "did you mean /rest/Sms/SendBulk?"),
        ("/rest", "no such resource"),
        ("/rest/v2/user/sessionid", "no such resource"),
    ],
)
async def test_an_unknown_path_tells_the_developer_what_there_is(
    http: Http, target: str, hint: str
) -> None:
    answer = await http.raw("GET", target)
    assert answer.status == 404
    assert hint in answer.json["error"]
    assert "/rest/v2/Sms/Send" in answer.json["resources"]
