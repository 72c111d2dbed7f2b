"""The REST service: the manual's answers, byte for byte."""

from __future__ import annotations

import re
from decimal import Decimal

import aiohttp
import pytest

from devino_core import State
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World
from devino_sandbox.services.rest import RestLimits, RestService
from tests._vectors import VECTORS, Vector, vector_id, vectors
from tests.sandbox._http import LOGIN, PASSWORD, Http

SEND = {"SourceAddress": "DEVINO", "DestinationAddress": "79161234567", "Data": "test"}


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
    class Strait(RestService):
        limits = RestLimits(sms_text=3, v2_recipients=1)

    async with (
        Sandbox(world, services=[Strait], discover=False) as sandbox,
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


async def test_what_a_client_hands_through_is_shown(http: Http) -> None:
    viber = {"SourceAddress": "DEVINO", "Data": "a"}
    await http.v2("Viber/Send", DestinationAddress="79161234567", Optional="x", **viber)
    await http.v2("Viber/SendBulk", DestinationAddresses="79161234567", Optionals="y", **viber)
    await http.v2("Viber/Send", DestinationAddress="79161234567", **viber)
    shown = [one["content"] for one in await http.messages()]
    assert shown == [{"optional": "x"}, {"optionals": ["y"]}, None]


async def test_the_recipients_clock_may_come_with_a_zone_which_is_dropped(http: Http) -> None:
    answer = await http.v2(
        "Sms/SendByTimeZone",
        SourceAddress="DEVINO",
        DestinationAddress="74232000000",
        Data="a",
        SendDate="2030-01-02T09:00:00Z",
    )
    assert answer.status == 200
    assert (await http.messages())[0]["send_at"] == "2030-01-01T23:00:00Z"
