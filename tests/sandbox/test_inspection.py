"""The inspection API."""

from __future__ import annotations

import json

import aiohttp
import pytest

from devino_core.testing import ManualClock
from devino_sandbox import Account, Drop, Fault, Refused, Sandbox, Submission, Views, World
from tests.sandbox._http import LOGIN, PASSWORD, Http


async def test_the_index_says_what_there_is_and_no_password(http: Http) -> None:
    answer = await http.raw("GET", "/_sandbox")
    assert answer.json["accounts"] == [
        {"login": LOGIN, "balance": "20015.3", "senders": None, "sessions": 0}
    ]
    assert answer.json["time"] == "2011-01-15T12:00:00Z"
    assert PASSWORD.encode() not in answer.body
    for route in answer.json["routes"]:
        method, path = route.split()
        changes = method in ("POST", "PUT")
        if "events" in path:
            continue
        query = "?timeout=0" if "wait" in path else ""
        status = (await http.raw(method, path + query, b"" if changes else None)).status
        assert status in (200, 204, 400, 404, 408), path
        assert (status == 400) == ((changes and "reset" not in path) or "NUMBER" in path), path


async def test_messages_are_shown_with_all_that_is_known(http: Http, clock: ManualClock) -> None:
    [message_id] = await http.send("+79990000042", Data="привет", SendDate="2011-01-15T12:00:30")
    clock.advance(60)
    assert await http.messages("?to=79990000042") == [
        {
            "id": message_id,
            "login": LOGIN,
            "to": "79990000042",
            "sender": "DEVINO",
            "text": "привет",
            "texts": ["привет"],
            "alphabet": "UCS2",
            "units_left": 64,
            "content": None,
            "medium": "SMS",
            "priority": None,
            "ref": None,
            "via": "rest-v2",
            "state": "REJECTED",
            "code": 42,
            "parts": 1,
            "price": "1.5",
            "ids": [message_id],
            "created_at": "2011-01-15T12:00:00Z",
            "send_at": "2011-01-15T12:00:30Z",
            "validity": None,
            "submitted_at": "2011-01-15T12:00:30.200000Z",
            "reported_at": "2011-01-15T12:00:31Z",
            "reason": None,
            "life": [
                {"state": "SCHEDULED", "code": -2, "reason": "", "at": "2011-01-15T12:00:00Z"},
                {"state": "ACCEPTED", "code": -2, "reason": "", "at": "2011-01-15T12:00:30Z"},
                {"state": "ENROUTE", "code": -1, "reason": "", "at": "2011-01-15T12:00:30.200000Z"},
                {
                    "state": "REJECTED",
                    "code": 42,
                    "reason": "REJECTED_BY_SMSC",
                    "at": "2011-01-15T12:00:31Z",
                },
            ],
            "call": 1,
            "resent": None,
            "instead_of": None,
        }
    ]
    assert await http.messages("?to=79990000041") == []


async def test_a_text_that_is_no_unicode_is_shown_too(
    http: Http, world: World, account: Account
) -> None:
    with pytest.raises(Refused):
        world.submit(Submission(account=account, via="x", sender="X", text="\ud800"), ["\ud800"])
    [shown] = await http.messages()
    assert (shown["text"], shown["to"], shown["state"]) == ("\ud800", "\ud800", "REJECTED")


async def test_the_protocol_is_told(http: Http) -> None:
    await http.send()
    form = {"SourceAddress": "DEVINO", "DestinationAddress": "79161234567", "Data": "test"}
    await http.v1("Sms/Send", await http.login(), **form)
    assert [m["via"] for m in await http.messages()] == ["rest-v2", "rest"]


async def test_a_subscriber_can_be_made_to_write(http: Http, world: World) -> None:
    body = json.dumps({"sender": "+7 916 123-45-67", "to": "1234", "text": "да"})
    answer = await http.raw("POST", "/_sandbox/incoming", body.encode())
    assert answer.json == {
        "id": "539187174",
        "login": LOGIN,
        "sender": "79161234567",
        "to": "1234",
        "text": "да",
        "at": "2011-01-15T12:00:00Z",
        "prefix": "",
        "medium": "SMS",
        "in_reply_to": None,
    }
    listed = await http.v2("Sms/In", minDateUTC="2011-01-15", maxDateUTC="2011-01-16")
    assert [m["Data"] for m in listed.json] == ["да"]


async def test_faults_are_ordered_listed_and_cancelled(http: Http, world: World) -> None:
    fault = {"protocol": "rest", "operation": "Sms/Send", "action": {"do": "drop"}}
    await http.raw("POST", "/_sandbox/faults", json.dumps(fault).encode())
    assert world.faults.listing() == [Fault(protocol="rest", operation="Sms/Send", action=Drop())]
    [listed] = (await http.raw("GET", "/_sandbox/faults")).json
    assert listed["action"] == {"do": "drop"}
    assert (await http.raw("DELETE", "/_sandbox/faults")).json == []
    assert not world.faults


async def test_sessions_are_ended(http: Http) -> None:
    session = await http.login()
    await http.raw("DELETE", "/_sandbox/sessions")
    assert (await http.v1("User/Balance", session)).status == 401


async def test_a_driven_clock_is_moved(http: Http) -> None:
    [message_id] = await http.send()
    answer = await http.raw("POST", "/_sandbox/clock", b'{"advance": 1.5}')
    assert answer.json == {"now": "2011-01-15T12:00:01.500000Z", "driven": True}
    assert (await http.state(message_id))["State"] == 0


async def test_a_clock_that_runs_by_itself_is_not_moved(account: Account) -> None:
    async with (
        Sandbox(World([account]), discover=False) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        http = Http(session, sandbox.endpoints)
        assert (await http.raw("GET", "/_sandbox/clock")).json["driven"] is False
        answer = await http.raw("POST", "/_sandbox/clock", b'{"advance": 1.5}')
        assert (answer.status, "error" in answer.json) == (409, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/_sandbox/nothing", "", 404, "Not Found"),
        ("PUT", "/_sandbox/messages", "", 405, "Method Not Allowed"),
        ("POST", "/_sandbox/incoming", "{", 400, "body"),
        ("POST", "/_sandbox/incoming", '{"sender": "79161234567"}', 400, "body: needs `text`"),
        ("POST", "/_sandbox/incoming", '{"sender": "x", "to": "1", "text": ""}', 400, "sender"),
        (
            "POST",
            "/_sandbox/incoming",
            '{"sender": "79161234567", "to": "1", "text": "", "login": "x"}',
            400,
            "login",
        ),
        ("POST", "/_sandbox/faults", '{"action": {"do": "drop"}, "nth": 0}', 400, "from 1"),
        ("POST", "/_sandbox/faults", '{"to": "79161234567"}', 400, "body: needs `action`"),
        ("POST", "/_sandbox/faults", '{"action": {"do": "drop"}, "protocol": "rst"}', 400, "mean"),
        (
            "POST",
            "/_sandbox/faults",
            '{"action": {"do": "error", "code": 99999999999999999999}}',
            400,
            "32 bits",
        ),
        ("GET", "/_sandbox/messages?limit=x", "", 400, "limit: expected a whole number, got a"),
        ("GET", "/_sandbox/messages?limit=0", "", 400, "limit: expected a whole number >= 1"),
        (
            "POST",
            "/_sandbox/incoming",
            '{"sender": "79161234567", "to": "1", "text": 5}',
            400,
            "body: text: expected a text, got a whole number",
        ),
        ("POST", "/_sandbox/incoming", "[]", 400, "body: expected an object, got a list"),
        ("POST", "/_sandbox/clock", '{"advance": -1}', 400, "backwards"),
        ("POST", "/_sandbox/clock", '{"advance": 1e300}', 400, "advance"),
    ],
)
async def test_what_cannot_be_done_is_explained(
    http: Http, method: str, path: str, body: str, status: int, says: str
) -> None:
    answer = await http.raw(method, path, body.encode())
    assert answer.status == status
    assert says in answer.json["error"]
    assert "GET /_sandbox/messages" in answer.json["routes"]


async def test_what_a_service_shows_of_its_own_is_listed_and_shown(
    http: Http, world: World
) -> None:
    names = {"79161234567": "Ivan", "79031234567": "Olga"}

    def shown(to: str | None) -> dict[str, str]:
        return {number: name for number, name in names.items() if to in (None, number)}

    world.of(Views).add("contacts", "who is who; ?to=NUMBER: one", shown)
    assert (await http.raw("GET", "/_sandbox/contacts")).json == names
    one = await http.raw("GET", "/_sandbox/contacts?to=%2B7+916+123-45-67")
    assert one.json == {"79161234567": "Ivan"}
    routes = (await http.raw("GET", "/_sandbox")).json["routes"]
    assert routes["GET /_sandbox/contacts"] == "who is who; ?to=NUMBER: one"
    missing = await http.raw("GET", "/_sandbox/nobody")
    assert (missing.status, missing.json["error"]) == (404, "Not Found")


async def test_a_view_hides_no_route_of_the_sandbox(http: Http, world: World) -> None:
    world.of(Views).add("messages", "not these", lambda to: "hidden")
    assert (await http.raw("GET", "/_sandbox/messages")).json == []


async def test_a_view_that_fails_is_explained_as_every_other_error(
    http: Http, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(to: str | None) -> object:
        raise ZeroDivisionError("a bug")

    world.of(Views).add("broken", "nothing", broken)
    answer = await http.raw("GET", "/_sandbox/broken")
    assert answer.status == 500
    assert answer.json["error"] == "GET /_sandbox/broken failed: ZeroDivisionError: a bug"
    assert "GET /_sandbox/broken" in answer.json["routes"]
    assert "a bug" in caplog.text


async def test_a_view_that_shows_what_is_no_json_is_explained_too(http: Http, world: World) -> None:
    world.of(Views).add("broken", "nothing", lambda to: object())
    answer = await http.raw("GET", "/_sandbox/broken")
    assert (answer.status, "TypeError" in answer.json["error"]) == (500, True)
