"""The inspection API as tests of any language use it: filters, paging, waiting, states, events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from devino_core import State
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    Drop,
    Fault,
    MessageView,
    Refused,
    Sandbox,
    StoredMessage,
    Submission,
    World,
)
from devino_sandbox.services.inspection import InspectionService
from tests._quick import bound
from tests.sandbox._http import PASSWORD, Answer, Http

BASE = "/_sandbox"


def submit(world: World, *to: str, **fields: object) -> list[StoredMessage]:
    [account] = world.accounts.values()
    usual: dict[str, object] = {"account": account, "via": "rest", "sender": "X", "text": "hi"}
    return world.submit(Submission(**usual | fields), to or ["79161234567"])  # type: ignore[arg-type]


def refused(world: World) -> StoredMessage:
    with pytest.raises(Refused):
        submit(world, "79161234567", sender="Кириллица")
    return world.snapshot()[-1]


async def get(http: Http, path: str) -> Answer:
    return await http.raw("GET", BASE + path)


async def ids(http: Http, query: str) -> list[str]:
    answer = await get(http, f"/messages?{query}")
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.json]


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("to=%2B7+916+123-45-67", [0]),
            ("text=ORDER", [1]),
            ("sender=shop", [1]),
            ("state=DELIVERED", [0]),
            ("state=rejected", [2]),
            ("via=smpp", [2]),
            ("q=6160", [1, 2]),
            ("q=order", [1]),
            ("q=SHO", [1]),
            ("q=SHO&via=smpp", []),
            ("", [0, 1, 2]),
        ],
    )
    async def test_they_choose_messages(
        self, http: Http, world: World, clock: ManualClock, query: str, found: list[int]
    ) -> None:
        sent = submit(world)
        clock.advance(5)
        sent += submit(world, "79261600000", sender="SHOP", text="Your order is ready")
        world.refuse(
            Submission(account=next(iter(world.accounts.values())), via="smpp", sender="", text=""),
            ["79261600001"],
            "for a test",
        )
        sent += [world.snapshot()[-1]]
        assert await ids(http, query) == [sent[number].handle for number in found]

    @pytest.mark.parametrize(
        ("path", "says"),
        [
            ("/messages?two=1", "'two' here: did you mean 'to'?"),
            ("/messages?xyz=1", "there are to, text"),
            ("/messages?to=1&to=2", "to: is given twice"),
            ("/messages?limit=0", "limit"),
            ("/messages?limit=1001", "limit"),
            ("/messages?limit=x", "limit"),
            ("/messages?state=DELIVRED", "did you mean 'DELIVERED'?"),
            ("/messages/wait?count=0", "count"),
            ("/messages/wait?timeout=1e9", "timeout"),
            ("/calls?failed=perhaps", "failed"),
            ("/health?now=1", "there are none"),
            ("/codes?limit=1", "there are to"),
        ],
    )
    async def test_what_is_not_known_is_an_error(self, http: Http, path: str, says: str) -> None:
        answer = await get(http, path)
        assert answer.status == 400
        assert says in answer.json["error"]


class TestPaging:
    async def test_a_page_holds_the_latest_and_the_next_one_those_before(
        self, http: Http, world: World
    ) -> None:
        sent = [one.handle for one in submit(world, *[f"7916123456{n}" for n in range(7)])]
        sent.insert(0, "")
        first = await get(http, "/messages?limit=3")
        assert first.headers["x-total"] == "7"
        assert [one["id"] for one in first.json] == sent[-3:]
        assert await ids(http, f"limit=3&before={sent[-3]}") == sent[-6:-3]
        assert await ids(http, f"limit=3&before={sent[-6]}") == sent[-7:-6]
        assert await ids(http, f"limit=3&before={sent[1]}") == []
        assert (await get(http, "/messages?before=1")).status == 404

    async def test_refused_messages_have_their_places(self, http: Http, world: World) -> None:
        sent = [refused(world), *submit(world), refused(world), refused(world), *submit(world)]
        handles = [one.handle for one in sent]
        assert len(set(handles)) == 5
        assert await ids(http, "") == handles
        for place, handle in enumerate(handles):
            assert await ids(http, f"before={handle}") == handles[:place]
            assert (await get(http, f"/messages/{handle}")).json["id"] == handle

    async def test_it_is_quick_with_a_hundred_thousand(self, http: Http, world: World) -> None:
        [account] = world.accounts.values()
        account.balance *= 10**9
        for number in range(100):
            texts = f"Your order {number} is ready"
            submit(world, *[f"79{number:02}{n:07}" for n in range(1000)], text=texts)
        for query in ("", "limit=100&text=order+7", "q=79161", "state=ENROUTE"):
            took = []
            # The first time may meet with the garbage collector.
            for _ in range(5):
                began = time.process_time()
                assert (await get(http, f"/messages?{query}")).status == 200
                took.append(time.process_time() - began)
            assert min(took) < bound(), query


class TestOne:
    async def test_it_is_found_by_each_of_its_ids(self, http: Http, world: World) -> None:
        [message] = submit(world, text="long " * 60)
        assert len(message.ids) == 2
        for given in message.ids:
            found = (await get(http, f"/messages/{given}")).json
            assert found["id"] == message.handle
        assert found["price"] == "3.0"
        assert "".join(found["texts"]) == "long " * 60
        assert (found["alphabet"], found["parts"]) == ("GSM7", 2)

    @pytest.mark.parametrize("given", ["1", "x", "1-1", "-", "579700854169272358-9", "9" * 40])
    async def test_another_is_not(self, http: Http, world: World, given: str) -> None:
        refused(world)
        assert (await get(http, f"/messages/{given}")).status == 404

    async def test_it_is_forgotten(self, http: Http, world: World, clock: ManualClock) -> None:
        told: list[StoredMessage] = []
        first, second = submit(world, "79161234567", "79161234568")
        world.subscribe(changed=told.append)
        assert (await http.raw("DELETE", f"{BASE}/messages/{first.handle}")).status == 204
        clock.advance(60)
        world.advance()
        assert set(told) == {second}
        assert await ids(http, "") == [second.handle]
        assert (await http.raw("DELETE", f"{BASE}/messages/{first.handle}")).status == 404
        assert (await http.raw("DELETE", f"{BASE}/messages")).status == 204
        assert await ids(http, "") == []

    async def test_it_names_what_went_in_its_place(
        self, http: Http, world: World, account: Account
    ) -> None:
        instead = Submission(account=account, via="rest", sender="X", text="by SMS")
        [message] = submit(world, fallback=instead)
        world.force(message, State.UNDELIVERABLE)
        first, second = (await get(http, "/messages")).json
        assert (first["resent"], first["instead_of"]) == (second["id"], None)
        assert (second["resent"], second["instead_of"]) == (None, first["id"])


class TestStates:
    async def force(self, http: Http, message: StoredMessage, state: str) -> Answer:
        path = f"{BASE}/messages/{message.handle}/state"
        return await http.raw("POST", path, json.dumps({"state": state}).encode())

    @pytest.mark.parametrize("state", ["DELIVERED", "UNDELIVERABLE", "EXPIRED", "READ", "ENROUTE"])
    async def test_a_message_gets_there_and_stays(
        self, http: Http, world: World, clock: ManualClock, state: str
    ) -> None:
        told: list[State] = []
        [message] = submit(world)
        world.subscribe(changed=lambda one: told.append(one.state))
        shown = (await self.force(http, message, state)).json
        assert (shown["state"], shown["life"][-1]["state"]) == (state, state)
        assert told == [State[state]]
        clock.advance(3600)
        world.advance()
        assert MessageView.of(message).state is State[state]

    async def test_also_from_where_it_has_ended(
        self, http: Http, world: World, clock: ManualClock
    ) -> None:
        [message] = submit(world)
        clock.advance(60)
        world.advance()
        assert (await self.force(http, message, "READ")).status == 200
        states = [one.state for one in MessageView.of(message).life]
        assert states == [State.ACCEPTED, State.ENROUTE, State.DELIVERED, State.READ]

    async def test_what_was_refused_has_no_other_state(self, http: Http, world: World) -> None:
        assert (await self.force(http, refused(world), "READ")).status == 409
        [message] = submit(world)
        assert (await self.force(http, message, "SCHEDULED")).status == 409
        assert (await self.force(http, message, "SENT")).status == 400


class TestWaiting:
    @pytest.fixture
    def awaited(self, world: World, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
        """Set as soon as somebody waits for messages."""
        awaited, subscribe = asyncio.Event(), world.subscribe

        def noticed(**callbacks: Any) -> Any:
            if "forgotten" in callbacks:
                awaited.set()
            return subscribe(**callbacks)

        monkeypatch.setattr(world, "subscribe", noticed)
        return awaited

    async def test_what_fits_already_is_given_at_once(self, http: Http, world: World) -> None:
        [message] = submit(world)
        answer = await get(http, "/messages/wait?to=79161234567&timeout=0")
        assert (answer.status, [one["id"] for one in answer.json]) == (200, [message.handle])

    async def test_it_ends_when_enough_fit(
        self, http: Http, world: World, clock: ManualClock, awaited: asyncio.Event
    ) -> None:
        waiting = asyncio.create_task(
            get(http, "/messages/wait?state=DELIVERED&count=2&timeout=60")
        )
        await awaited.wait()
        submit(world, "79161234567", "79161234568")
        assert not waiting.done()
        clock.advance(5)
        world.advance()
        answer = await waiting
        assert (answer.status, len(answer.json)) == (200, 2)

    async def test_it_says_so_when_none_came(self, http: Http, world: World) -> None:
        submit(world)
        answer = await get(http, "/messages/wait?count=2&timeout=0.01")
        assert answer.status == 408
        assert "1 of 2" in answer.json["error"]

    async def test_it_ends_with_the_sandbox(self, world: World, awaited: asyncio.Event) -> None:
        async with Sandbox(world, discover=False) as sandbox, aiohttp.ClientSession() as session:
            url = sandbox.endpoints["inspect"] + "/messages/wait?timeout=300"
            waiting = asyncio.create_task(session.get(url))
            await awaited.wait()
        with pytest.raises(aiohttp.ClientError):
            await waiting


class TestIncoming:
    async def test_they_are_listed_and_chosen(self, http: Http, world: World) -> None:
        for number in range(5):
            world.receive(sender=f"7916123456{number}", to="1234", text=f"{number}")
        answer = await get(http, "/incoming?limit=2")
        assert answer.headers["x-total"] == "5"
        assert [one["text"] for one in answer.json] == ["3", "4"]
        older = await get(http, f"/incoming?limit=2&before={answer.json[0]['id']}")
        assert [one["text"] for one in older.json] == ["1", "2"]
        [one] = (await get(http, "/incoming?sender=%2B79161234561")).json
        assert (one["text"], one["to"]) == ("1", "1234")
        assert (await get(http, "/incoming?to=4321")).json == []


class TestReset:
    async def test_everything_is_as_at_the_start(
        self, http: Http, world: World, account: Account, clock: ManualClock
    ) -> None:
        session = await http.login()
        balance = account.balance
        fresh = (await get(http, "")).json
        await http.send()
        world.receive(sender="79161234567", to="1234", text="hi")
        world.faults.add(Fault(protocol="rest", action=Drop()))
        await http.raw("POST", "/GenerateCode", b"DestinationNumber=79161234567", {"X-ApiKey": "k"})
        headers = {"Content-Type": "application/json"}
        assert (await http.raw("POST", f"{BASE}/reset", b"", headers)).status == 204
        for path in ("/messages", "/incoming", "/faults", "/calls", "/callbacks", "/codes"):
            assert (await get(http, path)).json == [], path
        assert account.balance == balance
        assert (await get(http, "")).json | {"time": ""} == fresh | {"time": ""}
        # Who is logged in stays so, and an old id never means a new message.
        assert (await http.v1("User/Balance", session)).status == 200
        [after] = await http.send()
        assert after == "579700854169272359"

    async def test_a_form_of_another_page_resets_nothing(self, http: Http, world: World) -> None:
        submit(world)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await http.raw("POST", f"{BASE}/reset", b"", headers)).status == 415
        assert len(await ids(http, "")) == 1


class TestCalls:
    async def test_they_are_chosen_and_shown(self, http: Http, world: World) -> None:
        [message_id] = await http.send()
        await http.raw("GET", f"/rest/v2/User/Balance?login=demo&password={PASSWORD}x")
        lines = (await get(http, "/calls")).json
        assert [one["outcome"] for one in lines] == ["200", "401 code 4"]
        assert "request" not in lines[0]
        for query, found in {
            "failed=true": [2],
            "outcome=200": [1],
            "protocol=smpp": [],
            f"message={message_id}": [1],
            "call_id=x": [],
            "limit=1": [2],
            "before=2": [1],
        }.items():
            answer = await get(http, f"/calls?{query}")
            assert [one["id"] for one in answer.json] == found, query
        one = (await get(http, "/calls/1")).json
        assert one["request"]["head"].startswith("POST /rest/v2/Sms/Send")
        assert one["messages"] == [message_id]
        assert (await get(http, f"/messages/{message_id}")).json["call"] == 1
        for missing in ("3", "x", "-1"):
            assert (await get(http, f"/calls/{missing}")).status == 404


class TestFaults:
    async def test_one_is_cancelled_by_its_number(self, http: Http, world: World) -> None:
        body = json.dumps({"protocol": "rest", "action": {"do": "drop"}}).encode()
        await http.raw("POST", f"{BASE}/faults", body)
        first, second = (await http.raw("POST", f"{BASE}/faults", body)).json
        left = await http.raw("DELETE", f"{BASE}/faults/{first['id']}")
        assert left.json == [second]
        assert (await http.raw("DELETE", f"{BASE}/faults/{first['id']}")).status == 404


class TestFacts:
    async def test_health_names_every_service(self, http: Http, sandbox: Sandbox) -> None:
        answer = await get(http, "/health")
        assert answer.status == 200
        assert answer.json["status"] == "ok"
        assert answer.json["services"] == {service.name: "ok" for service in sandbox.services}

    async def test_metrics_can_be_read_by_prometheus(self, http: Http, world: World) -> None:
        submit(world)
        await http.v2("User/Balance")
        answer = await get(http, "/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        lines = answer.body.decode().splitlines()
        assert 'devino_sandbox_messages{state="ACCEPTED"} 1' in lines
        assert 'devino_sandbox_calls_total{protocol="rest-v2",failed="false"} 1' in lines

    async def test_endpoints_are_told_under_the_host_that_was_asked(self, http: Http) -> None:
        headers = {"Host": "localhost:9000"}
        shown = (await http.raw("GET", BASE, headers=headers)).json["endpoints"]
        port = http.endpoints["smpp"].rpartition(":")[2]
        assert shown["rest"] == "http://localhost:9000/rest"
        assert shown["smpp"] == f"localhost:{port}"
        nothing = await http.raw("GET", "/nothing", headers=headers)
        assert nothing.json["endpoints"] == shown

    async def test_the_description_tells_each_route_and_its_types(self, http: Http) -> None:
        described = (await get(http, "/openapi.json")).json
        told = {
            f"{method.upper()} {path}"
            for path, methods in described["paths"].items()
            for method in methods
        }
        assert told == {f"{row.method} {BASE}{row.path}" for row in InspectionService(World()).rows}
        names = {one["name"] for one in described["paths"][f"{BASE}/messages"]["get"]["parameters"]}
        assert names == {"to", "text", "sender", "state", "via", "q", "limit", "before"}
        schemas = described["components"]["schemas"]
        assert set(schemas["MessageView"]["required"]) == set(MessageView.__struct_fields__)
        for reference in _references(described):
            assert reference.removeprefix("#/components/schemas/") in schemas


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


class Stream:
    """Server-Sent Events, one by one."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> dict[str, Any]:
        event: dict[str, Any] = {}
        async with asyncio.timeout(10):
            while True:
                line = (await self._response.content.readline()).decode().rstrip("\n")
                if not line and "data" in event:
                    return event | {"data": json.loads(event["data"])}
                name, colon, value = line.partition(": ")
                if colon and name in ("id", "event", "data"):
                    event[name] = value


@asynccontextmanager
async def listening(http: Http, last: str = "") -> AsyncIterator[Stream]:
    headers = {"Last-Event-ID": last} if last else {}
    async with http.session.get(http.root + f"{BASE}/events", headers=headers) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        # What comes first says that it listens.
        assert (await response.content.readline()).startswith(b"retry:")
        yield Stream(response)


class TestEvents:
    async def test_what_happens_is_told(self, http: Http, world: World, clock: ManualClock) -> None:
        async with listening(http) as stream:
            [message_id] = await http.send()
            message, call = await stream.next(), await stream.next()
            assert (message["event"], message["data"]["id"]) == ("message", message_id)
            assert (call["event"], call["data"]["operation"]) == ("call", "Sms/Send")
            clock.advance(0.5)
            world.advance()
            state = await stream.next()
            assert (state["event"], state["data"]["state"]) == ("state", "ENROUTE")
            world.receive(sender="79161234567", to="1234", text="hi")
            assert (await stream.next())["data"]["text"] == "hi"
            world.delete_all()
            assert (await stream.next())["data"] == {"refresh": True}

    async def test_many_at_once_are_folded(self, http: Http, world: World) -> None:
        async with listening(http) as stream:
            submit(world, *[f"7916{number:07}" for number in range(500)])
            kinds = [(await stream.next())["event"] for _ in range(20)]
            assert kinds == ["message"] * 19 + ["refresh"]
            [last] = submit(world)
            assert (await stream.next())["data"]["id"] == last.handle

    async def test_who_comes_back_hears_what_was_missed(self, http: Http, world: World) -> None:
        async with listening(http) as stream:
            submit(world)
            seen = await stream.next()
        [missed] = submit(world)
        async with listening(http, seen["id"]) as stream:
            assert (await stream.next())["data"]["id"] == missed.handle

    @pytest.mark.parametrize("last", ["x", "x-1", "00000000-0", "-"])
    async def test_who_has_missed_too_much_is_told_to_look_again(
        self, http: Http, world: World, last: str
    ) -> None:
        async with listening(http, last) as stream:
            assert (await stream.next())["event"] == "refresh"


class TestPagesOfOthers:
    """The table of the routes, each as a page of another site would ask for it."""

    ROWS = tuple([(row.method, row.path) for row in InspectionService(World()).rows])
    FOREIGN = (
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    )

    @pytest.mark.parametrize("headers", FOREIGN)
    @pytest.mark.parametrize(("method", "path"), ROWS)
    async def test_no_route_answers_them(
        self, http: Http, method: str, path: str, headers: dict[str, str]
    ) -> None:
        path = path.replace("{id}", "1").replace("{number}", "79161234567")
        answer = await http.raw(method, BASE + path, b"", headers)
        assert (answer.status, list(answer.json)) == (403, ["error"])

    @pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", ""])
    @pytest.mark.parametrize(
        ("method", "path"), [row for row in ROWS if row[0] not in ("GET", "DELETE")]
    )
    async def test_a_body_must_be_declared_as_json(
        self, http: Http, method: str, path: str, declared: str
    ) -> None:
        path = path.replace("{id}", "1").replace("{number}", "79161234567")
        answer = await http.raw(method, BASE + path, b"{}", {"Content-Type": declared})
        assert answer.status == 415
