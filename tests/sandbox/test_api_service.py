"""A service over a table: what the frame does, so that a service is one marked method a row."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, ClassVar

import aiohttp
import msgspec
import pytest

from devino_codecs.http import (
    PHONE,
    Api,
    CodedStr,
    Envelope,
    Login,
    Operation,
    Refusal,
    Request,
    Session,
    Verdict,
    arguments,
    by_status,
    either,
    header,
)
from devino_core import Secret
from devino_sandbox import (
    Access,
    Account,
    AnswerError,
    AnswerHttp,
    ApiService,
    Asked,
    Drop,
    DropAnswer,
    Fault,
    RawAnswer,
    Sandbox,
    World,
    answers,
    shows,
)
from tests.sandbox._http import LOGIN, PASSWORD, Answer, Http

KEY = "canary-k3y"


class Sent(msgspec.Struct, frozen=True):
    id: str


class Send(Request[Sent], frozen=True, kw_only=True):
    to: Annotated[str, PHONE]
    copies: tuple[Annotated[str, PHONE], ...] = ()
    text: str


class Rider(msgspec.Struct, frozen=True):
    number: Annotated[str, PHONE]


class Cancel(Request[None], frozen=True):
    id: str


class Fly(Request[int], frozen=True):
    height: int
    riders: tuple[Rider, ...] = ()


class Code(CodedStr):
    WRONG = "wrong", "That is not how to ask", Verdict.REFUSED
    STRANGER = "stranger", "Nobody has this key", Verdict.LOGIN
    POOR = "poor", "The balance is too low", Verdict.FUNDS
    BROKEN = "broken", "", Verdict.FAILED, "It is our fault"


ROWS = (
    Operation(Send, "POST", "messages"),
    Operation(Cancel, "DELETE", "messages/{id}"),
)
WORDS = Api(
    name="pigeon",
    auth=header("X-Api-Key"),
    operations=ROWS,
    codes=Code,
    envelope=Envelope("code", "description"),
)
BARE = Api(
    name="pigeon-bare",
    auth=either(
        header("X-Api-Key"),
        arguments(Login, "login", "password"),
        arguments(Session, "session"),
    ),
    operations=(*ROWS, Operation(Fly, "POST", "fly")),
    refusal=by_status("error"),
)


class Book:
    def __init__(self, world: World) -> None:
        self.cancelled: list[str] = []


class Cancelling(ApiService):
    """Rows that another service has, too."""

    @answers(Cancel)
    def cancel(self, account: Account, asked: Asked[Cancel]) -> Refusal | None:
        self.world.of(Book).cancelled.append(asked.request.id)
        return None


class Pigeons(Cancelling):
    name = "pigeon"
    apis: ClassVar = {"/pigeon": WORDS, "/pigeon/bare": BARE}
    headers = ((b"x-pigeon", b"coo"),)

    @answers(Send)
    def send(self, account: Account, asked: Asked[Send]) -> Sent | Refusal:
        call = asked.request
        if call.text == "silence":
            return Refusal(Code.WRONG, "say something", 422)
        if call.text == "boom":
            raise RuntimeError("a broken wing")
        return Sent(self.send_sms(account, asked, call.to, call.text, sender="COO").ids[0])

    @answers(Fly)
    def fly(self, account: Account, asked: Asked[Fly]) -> int | Refusal:
        return asked.request.height


@pytest.fixture
def account(account: Account) -> Account:
    account.api_key = Secret(KEY)
    return account


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[Sandbox]:
    async with Sandbox(world, discover=False, services=[Pigeons]) as sandbox:
        yield sandbox


async def ask(
    http: Http, body: object = None, *, to: str = "/pigeon/messages", key: str = KEY
) -> Answer:
    said = {"to": "79161234567", "text": "coo"} if body is None else body
    headers = {"X-Api-Key": key, "Content-Type": "application/json"}
    return await http.raw("POST", to, json.dumps(said).encode(), headers)


async def test_a_row_is_answered_by_its_method(http: Http) -> None:
    answer = await ask(http)
    assert (answer.status, answer.body) == (200, b'{"id":"579700854169272358"}')
    assert answer.headers["x-pigeon"] == "coo"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    [message] = await http.messages()
    assert (message["via"], message["text"]) == ("pigeon", "coo")


async def test_the_longest_path_says_which_table(http: Http) -> None:
    assert (await ask(http, to="/PIGEON//Bare/messages/")).status == 200
    assert [m["via"] for m in await http.messages()] == ["pigeon-bare"]
    assert (await ask(http, {"height": 3}, to="/pigeon/bare/fly")).body == b"3"
    assert (await ask(http, {"height": 3}, to="/pigeon/fly")).status == 404


async def test_what_was_escaped_in_a_path_is_one_segment(http: Http, world: World) -> None:
    answer = await http.raw("DELETE", "/pigeon/messages/a%2Fb%20c", headers={"X-Api-Key": KEY})
    assert (answer.status, answer.body) == (200, b"null")
    assert world.of(Book).cancelled == ["a/b c"]


class Doves(Pigeons):
    """Of one table, whose name is not the service's."""

    name = "dovecote"
    apis: ClassVar = {"/doves": msgspec.structs.replace(WORDS, name="dove")}

    @shows("cancelled", "the letters that were taken back")
    def _cancelled(self, to: str | None) -> list[str]:
        return self.world.of(Book).cancelled

    def example(self, access: Access) -> Cancel:
        return Cancel(access.sender)


ACCESS = Access(
    endpoints={"dovecote": "http://here/doves", "pigeon": "p", "pigeon_bare": "b"},
    account=Account(login="me", password=Secret("p"), api_key=Secret(KEY)),
    sender="S P",
)


def test_a_service_without_tables_says_so(world: World) -> None:
    class Bald(ApiService):
        name = "bald"

    class Plucked(Bald):
        apis: ClassVar = {}

    for service in (Bald, Plucked):
        with pytest.raises(TypeError, match=f"{service.__name__} names no table: give it `apis`"):
            service(world)


async def test_one_table_is_under_the_services_name(world: World) -> None:
    assert Doves(world).endpoints("http://here") == {"dovecote": "http://here/doves"}


async def test_a_method_shows_a_book(world: World) -> None:
    async with (
        Sandbox(world, discover=False, services=[Doves]) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        http = Http(session, sandbox.endpoints)
        world.of(Book).cancelled.append("7")
        assert (await http.raw("GET", "/_sandbox/cancelled")).json == ["7"]
        assert "taken back" in (await http.raw("GET", "/_sandbox")).body.decode()


def test_a_person_is_told_an_example(world: World) -> None:
    told = f"curl -H 'X-Api-Key: {KEY}' -X DELETE http://here/doves/messages/S%20P"
    assert Doves(world).usage(ACCESS) == [told]
    assert Pigeons(world).usage(ACCESS) == ()


def test_the_demo_configures_each_table_by_its_name(world: World) -> None:
    service = Pigeons(world)
    assert (service.demo_channels(ACCESS), service.demo_services(ACCESS)) == ({}, {})

    class Shown(Pigeons):
        in_demo = "service"

    class Sending(Pigeons):
        in_demo = "channel"

    asked = {"api_key": KEY, "base_url": "p"}
    login = {"login": "me", "password": Secret("p"), "base_url": "b"}
    both = {"pigeon": asked, "pigeon-bare": login}
    assert Shown(world).demo_services(ACCESS) == both
    assert Shown(world).demo_channels(ACCESS) == {}
    assert Sending(world).demo_channels(ACCESS)["pigeon"] == {"sender": "S P", **asked}


async def test_clients_are_told_where_each_table_is(sandbox: Sandbox) -> None:
    base = sandbox.endpoints["inspect"].removesuffix("/_sandbox")
    assert sandbox.endpoints["pigeon"] == f"{base}/pigeon"
    assert sandbox.endpoints["pigeon_bare"] == f"{base}/pigeon/bare"


@pytest.mark.parametrize(
    ("body", "key", "said"),
    [
        (None, "wrong", ("stranger", "Nobody has this key")),
        (None, "", ("stranger", "Nobody has this key")),
        ({"to": "79161234567", "text": "boom"}, KEY, ("broken", "It is our fault")),
        ({"to": "12", "text": "x"}, KEY, ("wrong", None)),
        ({"text": "x"}, KEY, ("wrong", "to: missing or empty")),
        ({"to": "79161234567", "text": "x" * 200_000}, KEY, ("poor", None)),
        ([1], KEY, ("wrong", None)),
    ],
)
async def test_what_is_refused_is_said_in_the_words_of_the_table(
    http: Http,
    account: Account,
    body: object,
    key: str,
    said: tuple[str, str | None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    account.balance = account.balance.from_float(5)
    answer = await ask(http, body, key=key)
    assert answer.status == 400
    code, description = said
    assert answer.json["code"] == code
    assert description in (None, answer.json["description"])
    assert ("a broken wing" in caplog.text) == (code == "broken")
    assert KEY not in caplog.text + answer.body.decode()


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        (None, "wrong", 401),
        ({"to": "79161234567", "text": "boom"}, KEY, 500),
        ({"text": "x"}, KEY, 400),
        ({"to": "79161234567", "text": "x" * 200_000}, KEY, 402),
    ],
)
async def test_a_table_without_codes_refuses_by_the_status(
    http: Http, account: Account, body: object, key: str, status: int
) -> None:
    account.balance = account.balance.from_float(5)
    answer = await ask(http, body, key=key, to="/pigeon/bare/messages")
    assert answer.status == status
    assert answer.json["error"]


async def test_a_refusal_of_the_method_itself_is_an_answer(http: Http) -> None:
    answer = await ask(http, {"to": "79161234567", "text": "silence"})
    assert (answer.status, answer.json["description"]) == (422, "say something")


async def test_who_asks_is_found_by_the_kind_of_credentials(http: Http, world: World) -> None:
    [account] = world.accounts.values()
    path = "/pigeon/bare/messages/1"
    for query in (f"login={LOGIN}&password={PASSWORD}", f"session={world.open_session(account)}"):
        assert (await http.raw("DELETE", f"{path}?{query}")).status == 200
    for query in (f"login={LOGIN}&password=x", "session=x", "session=", ""):
        assert (await http.raw("DELETE", f"{path}?{query}")).status == 401


async def test_a_path_or_a_verb_that_no_row_has_is_told(http: Http) -> None:
    answer = await ask(http, to="/pigeon/mesages")
    assert answer.status == 404
    assert answer.json["error"].endswith("did you mean /pigeon/messages?")
    assert "/pigeon/bare/fly" in answer.json["resources"]
    answer = await http.raw("PUT", "/pigeon/messages")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("code", "description", "said"),
    [
        ("broken", None, (400, "broken", "It is our fault")),
        ("poor", "come back", (400, "poor", "come back")),
        ("POOR", None, (400, "poor", "The balance is too low")),
        ("new", None, (400, "new", "")),
        (77, None, (400, "broken", "77")),
    ],
)
async def test_an_error_on_order_is_one_of_the_table(
    http: Http, world: World, code: int | str, description: str | None, said: tuple[object, ...]
) -> None:
    world.faults.add(Fault(protocol="pigeon", action=AnswerError(code, description)))
    answer = await ask(http)
    assert (answer.status, answer.json["code"], answer.json["description"]) == said
    assert await http.messages() == []


async def test_an_error_on_order_of_a_table_without_codes_is_the_status(
    http: Http, world: World
) -> None:
    world.faults.add(Fault(protocol="pigeon-bare", action=AnswerError(503, "not now")))
    answer = await ask(http, to="/pigeon/bare/messages")
    assert (answer.status, answer.json) == (503, {"error": "not now"})


async def test_faults_are_about_a_row_and_the_numbers_in_fields_of_phones(
    http: Http, world: World
) -> None:
    world.faults.add(Fault(protocol="pigeon", to="79160000009", action=AnswerHttp(502)))
    world.faults.add(Fault(operation="fly", action=AnswerHttp(504)))
    assert (await ask(http)).status == 200
    call = {"to": "79161234567", "copies": ["79160000008", "+79160000009"], "text": "x"}
    assert (await ask(http, call)).status == 502
    assert (await ask(http, {"height": 1}, to="/pigeon/bare/fly")).status == 504


async def test_faults_find_the_numbers_in_the_structs_within_a_request(
    http: Http, world: World
) -> None:
    world.faults.add(Fault(to="79160000009", action=AnswerHttp(502)))
    for number, status in ("79160000008", 200), ("+79160000009", 502):
        call = {"height": 1, "riders": [{"number": "79160000001"}, {"number": number}]}
        assert (await ask(http, call, to="/pigeon/bare/fly")).status == status


@pytest.mark.parametrize(("action", "sent"), [(Drop(), 0), (DropAnswer(), 1)])
async def test_a_broken_connection(
    http: Http, world: World, action: Drop | DropAnswer, sent: int
) -> None:
    world.faults.add(Fault(protocol="pigeon", action=action))
    with pytest.raises(aiohttp.ClientError):
        await ask(http)
    assert len(await http.messages()) == sent


def test_a_service_that_leaves_a_row_out_is_not_made() -> None:
    with pytest.raises(TypeError, match="Lazy has no method that answers Send"):

        class Lazy(Cancelling):
            name = "lazy"
            apis: ClassVar = {"/lazy": WORDS}


def test_a_method_that_is_replaced_still_answers(world: World) -> None:
    class Louder(Pigeons):
        def send(self, account: Account, asked: Asked[Send]) -> Sent | Refusal:
            return Sent("COO")

    assert _sent(Louder(world)).body == b'{"id":"COO"}'


def test_an_answer_that_the_wire_cannot_hold_is_a_failure(world: World) -> None:
    class Odd(Pigeons):
        def send(self, account: Account, asked: Asked[Send]) -> Any:
            return "no Sent"

    assert json.loads(_sent(Odd(world)).body)["code"] == "broken"


def test_a_call_shows_nothing_of_what_it_holds(world: World) -> None:
    asked = Pigeons(world).read(_request())
    assert repr(asked) == "Asked(pigeon messages)"


def test_at_the_root_a_table_has_the_first_segments_of_its_rows() -> None:
    class Rooted(Pigeons):
        apis: ClassVar = {"": msgspec.structs.replace(BARE, prefixes=("json/reply",))}

    assert Rooted.prefixes == ("/messages", "/fly", "/json/reply")


def _request() -> Any:
    from devino_sandbox import RawRequest

    body = b'{"to":"79161234567","text":"coo"}'
    headers = [(b"x-api-key", KEY.encode()), (b"content-type", b"application/json")]
    return RawRequest("POST", "/pigeon/messages", b"", headers, body)


def _sent(service: Pigeons) -> RawAnswer:
    answer = service.handle(_request())
    assert isinstance(answer, RawAnswer)
    return answer
