"""Requests of a table: the place of each field, in any spelling, and what is refused."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from devino_codecs.errors import DecodeError, EncodeError
from devino_codecs.http import (
    ID,
    PHONE,
    SECRET,
    Api,
    ApiKey,
    HttpRequest,
    InHeader,
    InQuery,
    InvalidArgumentError,
    Items,
    Login,
    MissingArgumentError,
    Operation,
    Request,
    Session,
    UnknownResourceError,
    arguments,
    basic,
    choose,
    either,
    header,
    without_secrets,
)
from tests.wire import _http_tables as tables
from tests.wire._http_tables import CONTACTS, VIBER

LOGIN = Login("jo", "пароль: 1")
KEY = ApiKey("a-key")


class Send(Request[None], frozen=True, kw_only=True):
    """A request with a field in each place."""

    folder: str
    ids: Annotated[tuple[Annotated[str, ID], ...], InHeader("X-Ids")] = ()
    trace: Annotated[str | None, InHeader("X-Trace")] = None
    dry: Annotated[bool | None, InQuery()] = None
    to: Annotated[str, PHONE]
    code: Annotated[str | None, SECRET] = None


class Peek(Request[None], frozen=True):
    ids: tuple[Annotated[str, ID], ...]


class Search(Request[None], frozen=True):
    words: tuple[str, ...] = ()
    limit: int = 10


API = Api(
    name="pigeon",
    auth=header("X-Api-Key"),
    operations=(
        Operation(Send, "POST", "v1/{folder}/messages"),
        Operation(Peek, "GET", "v1/messages/{ids}"),
        Operation(Search, "GET", "v1/messages"),
    ),
)


def came(http: HttpRequest) -> HttpRequest:
    """The request as a server gets it."""
    headers = {**http.headers, "Content-Type": http.content_type or ""}
    return HttpRequest.of(http.method, http.path, http.query, headers, http.body)


def test_each_field_stands_in_its_place() -> None:
    request = Send(folder="in box/x", ids=("1", "2"), trace="t", dry=True, to="7903", code="c")
    http = API.encode_request(request, KEY)
    assert (http.method, http.path) == ("POST", "/v1/in%20box%2Fx/messages")
    assert http.query == "dry=true"
    assert http.headers == {"X-Ids": "1,2", "X-Trace": "t", "X-Api-Key": "a-key"}
    assert http.body == b'{"to":"7903","code":"c"}'
    assert http.content_type == "application/json"
    assert http.target == "/v1/in%20box%2Fx/messages?dry=true"
    call = API.decode_request(came(http))
    assert (call.operation.path, call.request, call.credentials) == (
        "v1/{folder}/messages",
        request,
        KEY,
    )


def test_an_unset_field_is_left_out() -> None:
    http = API.encode_request(Send(folder="f", to="7903"), KEY)
    assert (http.query, http.body) == ("", b'{"to":"7903"}')
    assert http.headers == {"X-Api-Key": "a-key"}
    http = API.encode_request(Search(("a b", "c")), KEY)
    assert (http.query, http.body, http.content_type) == ("words=a+b&words=c&limit=10", b"", None)


def test_a_list_in_a_path_stands_between_commas() -> None:
    http = API.encode_request(Peek(("a/b", "ä")), KEY)
    assert http.path == "/v1/messages/a%2Fb%2C%C3%A4"
    assert API.decode_request(came(http)).request == Peek(("a/b", "ä"))
    by_hand = HttpRequest.of("get", "/V1//Messages/1,,2/", headers={"x-api-key": "k"})
    assert API.decode_request(by_hand).request == Peek(("1", "2"))


FORMS = Api(
    name="forms",
    auth=arguments(Login, "user", "pass"),
    operations=(
        Operation(Search, "GET", "find"),
        Operation(Send, "POST", "{folder}/send"),
        Operation(Peek, "DELETE", "drop/{ids}"),
    ),
    form=True,
)


def test_a_form_goes_in_the_body_and_what_is_got_or_deleted_in_the_query() -> None:
    login = Login("jo", "a+b")
    got = FORMS.encode_request(Search(("a b",)), login)
    assert (got.method, got.target) == ("GET", "/find?user=jo&pass=a%2Bb&words=a+b&limit=10")
    sent = FORMS.encode_request(Send(folder="f", to="+7903", dry=True), login)
    assert (sent.method, sent.target) == ("POST", "/f/send")
    assert sent.body == b"user=jo&pass=a%2Bb&dry=true&to=%2B7903"
    assert sent.content_type == "application/x-www-form-urlencoded"
    in_url = FORMS.encode_request(Send(folder="f", to="7903"), login, in_url=True)
    assert (in_url.method, in_url.query, in_url.body) == ("POST", "user=jo&pass=a%2Bb&to=7903", b"")
    dropped = FORMS.encode_request(Peek(("1",)), login)
    assert (dropped.method, dropped.target) == ("DELETE", "/drop/1?user=jo&pass=a%2Bb")
    for http in (got, sent, in_url, dropped):
        assert FORMS.decode_request(came(http)).credentials == login
    with pytest.raises(UnknownResourceError):
        FORMS.decode_request(HttpRequest.of("POST", "/find", "user=a&pass=b"))


def test_a_query_and_a_form_are_read_where_json_is_written() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    for http in (
        HttpRequest.of("POST", "/v1/f/messages?TO=7903", "DRY=1"),
        HttpRequest.of("POST", "/v1/f/messages", "dry=true", form, b"to=+7903"),
        HttpRequest.of("POST", "/v1/f/messages?dry=1", "", form, b' {"To": 7903}'),
        HttpRequest.of("POST", "/v1/f/messages?dry=1&to=1", "", {}, b'{"to": "7903", "x": {}}'),
    ):
        assert API.decode_request(http).request == Send(folder="f", dry=True, to="7903")


@pytest.mark.parametrize(
    ("method", "target", "methods"),
    [
        ("PUT", "/v1/messages", {"GET"}),
        ("GET", "/v1/f/messages", {"POST"}),
        ("POST", "/v1/nothing/here/at/all", set()),
        ("GET", "/v1/f%2Fmessages", set()),
        ("GET", "/", set()),
    ],
)
def test_a_wrong_verb_is_told_from_a_wrong_path(
    method: str, target: str, methods: set[str]
) -> None:
    with pytest.raises(UnknownResourceError) as caught:
        API.decode_request(HttpRequest.of(method, target))
    assert caught.value.methods == methods


def test_one_path_serves_several_verbs_and_prefixes() -> None:
    auth = {"authorization": "basic am86MQ=="}
    for target in (
        "/addressbook/v2/ContactGroups",
        "/AddressBook//V2/contactgroups/",
        "/contactGroups",
    ):
        got = CONTACTS.decode_request(HttpRequest.of("GET", target, headers=auth))
        assert (got.request, got.credentials) == (tables.ListGroups(), Login("jo", "1"))
        body = b'{"name":"x"}'
        posted = CONTACTS.decode_request(HttpRequest.of("POST", target, headers=auth, body=body))
        assert posted.request == tables.AddGroup("x")
    changed = HttpRequest.of(
        "PATCH", "/Contacts/5", "silent=1", auth, b'{"Email":null,"LastName":"x"}'
    )
    assert CONTACTS.decode_request(changed).request == tables.ChangeContact(
        contact_id=5, email=None, last_name="x", silent=True
    )
    written = CONTACTS.encode_request(
        tables.ChangeContact(contact_id=5, email=None, silent=True), LOGIN
    )
    assert (written.path, written.query, written.body) == (
        "/Contacts/5",
        "Silent=true",
        b'{"Email":null}',
    )


def test_a_part_of_a_list_is_asked_for_in_the_range_header() -> None:
    request = tables.FindContacts("7916", Items(1, 100))
    http = CONTACTS.encode_request(request, LOGIN)
    assert (http.method, http.target) == ("GET", "/Contacts?Query=7916")
    assert http.headers["Range"] == "items=1-100"
    assert CONTACTS.decode_request(came(http)).request == request
    for wrong in ("items=0-5", "items=9-5", "bytes=0-5", "items=1-100,200-300", "items=1-"):
        http = HttpRequest.of("GET", "/Contacts", "query=7916", {"Range": wrong})
        with pytest.raises(InvalidArgumentError, match="items=1-100") as caught:
            CONTACTS.decode_request(http)
        assert caught.value.path == "Items"
    with pytest.raises(MissingArgumentError) as missing:
        CONTACTS.decode_request(HttpRequest.of("GET", "/Contacts", "query=7916"))
    assert missing.value.path == "Items"
    with pytest.raises(EncodeError, match="first and the last"):
        CONTACTS.encode_request(tables.FindContacts("7916", Items(0, 5)), LOGIN)


@pytest.mark.parametrize(
    ("request_", "path", "reason"),
    [
        (Send(folder="", to="7"), "folder", "empty"),
        (Send(folder=".", to="7"), "folder", "name of a folder"),
        (Send(folder="..", to="7"), "folder", "name of a folder"),
        (Send(folder="\ud800", to="7"), "folder", "surrogates"),
        (Send(folder="f", to=" 7"), "to", "blanks"),
        (Send(folder="f", to="7", trace="a\r\nX: y"), "trace", "no header"),
        (Send(folder="f", to="7", trace="ä"), "trace", "no header"),
        (Send(folder="f", to="7", trace=" a"), "trace", "blanks"),
        (Send(folder="f", to="7", ids=("1,2",)), "ids", "comma"),
        (Send(folder="f", to="7", code="\ud800"), "code", "surrogates"),
        (Send(folder="f", to="7", dry="yes"), "dry", "expected bool"),  # type: ignore[arg-type]
        (Send(folder=5, to="7"), "folder", "expected str"),  # type: ignore[arg-type]
        (Peek(()), "ids", "empty"),
        (Peek("ab"), "ids", "a tuple"),  # type: ignore[arg-type]
        (
            tables.Send(messages=(tables.ViberMessage(subject="\ud800"),)),
            "messages[0].subject",
            "surrogates",
        ),
    ],
)
def test_an_unwritable_value_is_refused_with_its_place(
    request_: Request[Any], path: str, reason: str
) -> None:
    api, credentials = (VIBER, LOGIN) if isinstance(request_, tables.Send) else (API, KEY)
    with pytest.raises(EncodeError, match=reason) as caught:
        api.encode_request(request_, credentials)
    assert caught.value.path == path


Invalid = InvalidArgumentError


@pytest.mark.parametrize(
    ("body", "path", "kind", "reason"),
    [
        (b"", "messages", MissingArgumentError, "missing"),
        (b'{"messages":null}', "messages", MissingArgumentError, "missing"),
        (b"[]", "", Invalid, "expected an object, got an array"),
        (b"<xml/>", "", Invalid, "HTML or XML"),
        (b'{"messages":{}}', "messages", Invalid, "expected an array"),
        (b'{"messages":[{},{"content":{"TEXT":5}}]}', "messages[1].content.text", Invalid, "str"),
        (b'{"messages":[{"smsText":5}]}', "messages[0].smsText", Invalid, "expected a string"),
        (b'{"messages":[],"resendSms":2}', "resendSms", Invalid, "true or false"),
        (b"[" * 100_000, "", Invalid, "nested"),
    ],
)  # fmt: skip
def test_an_unreadable_argument_is_named_in_the_wires_words(
    body: bytes, path: str, kind: type[DecodeError], reason: str
) -> None:
    with pytest.raises(kind, match=reason) as caught:
        VIBER.decode_request(HttpRequest.of("POST", "/send", body=body))
    assert caught.value.path == path
    assert caught.value.request is tables.Send  # type: ignore[attr-defined]


def test_an_empty_list_is_written() -> None:
    http = VIBER.encode_request(tables.Send(messages=()), LOGIN)
    assert json.loads(http.body) == {"resendSms": "false", "messages": []}
    assert VIBER.decode_request(came(http)).request == tables.Send(messages=())


# Credentials.


def test_basic_is_utf_8_and_latin_1_is_read_too() -> None:
    for api in (VIBER, CONTACTS):
        assert api.auth.from_header(api.auth.to_header(LOGIN)) == LOGIN
    auth = basic()
    assert auth.to_header(Login("tester", "111111")) == "Basic dGVzdGVyOjExMTExMQ=="
    assert auth.from_header("Basic auk6cOQ=") == Login("jé", "pä")
    for wrong in ("", "Basic", "Basic ???", "Bearer dGVzdGVyOjExMTExMQ=="):
        assert auth.from_header(wrong) == Login("", "")
    with pytest.raises(EncodeError, match="colon"):
        auth.to_header(Login("a:b", "c"))


def test_a_missing_key_is_read_as_empty_and_an_invalid_one_is_not_written() -> None:
    call = API.decode_request(HttpRequest.of("GET", "/v1/messages"))
    assert call.credentials == ApiKey("")
    for wrong, reason in (("", "empty"), ("a\nb", "no header"), ("ключ", "no header")):
        with pytest.raises(EncodeError, match=reason) as caught:
            API.encode_request(Search(), ApiKey(wrong))
        assert caught.value.path == "X-Api-Key"
    bearer = header("Authorization", scheme="Bearer")
    assert bearer.to_header(KEY) == "Bearer a-key"
    assert bearer.from_header("bearer  a-key") == KEY
    assert bearer.from_header("Basic a-key") == ApiKey("")


EITHER = Api(
    name="either",
    auth=either(header("X-Key"), arguments(Session, "session"), arguments(Login, "user", "pass")),
    operations=(Operation(Search, "GET", "find"),),
)


@pytest.mark.parametrize("credentials", [KEY, Session("s"), LOGIN])
def test_any_of_several_forms_of_credentials_is_taken(credentials: object) -> None:
    http = EITHER.encode_request(Search(("a",)), credentials)
    assert EITHER.decode_request(came(http)).credentials == credentials


def test_the_first_credentials_that_are_there_count() -> None:
    def who(query: str, **headers: str) -> object:
        return EITHER.decode_request(HttpRequest.of("GET", "/find", query, headers)).credentials

    assert who("session=s&user=u&pass=p") == Session("s")
    assert who("SESSION=s", **{"X-KEY": "k"}) == ApiKey("k")
    assert who("user=u&Pass=p") == Login("u", "p")
    assert who("") == ApiKey("")
    with pytest.raises(MissingArgumentError) as caught:
        who("user=u")
    assert caught.value.path == "pass"


def test_credentials_of_another_kind_cannot_go() -> None:
    with pytest.raises(EncodeError, match="Search cannot go with Login: x takes no such request"):
        Api(name="x", auth=basic(), operations=()).encode_request(Search(), LOGIN)
    with pytest.raises(EncodeError, match="Search cannot go with Session: pigeon takes ApiKey"):
        API.encode_request(Search(), Session("s"))
    with pytest.raises(TypeError, match="2 attributes"):
        arguments(Login, "user")


def test_secrets_are_known_by_their_marks() -> None:
    request = Send(folder="f", to="7903", code="1234")
    assert "1234" not in repr(request)
    assert without_secrets(request)["code"] == "***"
    assert without_secrets(request)["to"] == "7903"
    http = API.encode_request(request, KEY)
    for shown in (repr(http), repr(KEY), repr(API.decode_request(came(http)))):
        assert "1234" not in shown
        assert "a-key" not in shown


def test_a_table_that_does_not_fit_its_requests_is_told_when_it_is_used() -> None:
    lacking = Api(name="x", auth=basic(), operations=(Operation(Search, "GET", "find/{name}"),))
    with pytest.raises(TypeError, match="Search has no 'name'"):
        lacking.encode_request(Search(), LOGIN)
    torn = Api(name="x", auth=basic(), operations=(Operation(Search, "GET", "find/x{limit}"),))
    with pytest.raises(TypeError, match="whole segment"):
        torn.encode_request(Search(), LOGIN)
    with pytest.raises(TypeError, match="is no request type of pigeon"):
        API.row(tables.Send)
    assert API.row(Search).path == "v1/messages"


# Paths.

segment = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text not in {".", ".."}
)


@settings(max_examples=300, deadline=None)
@given(segment)
@example("%41")
@example("a/b?c#d")
@example("+ ")
def test_a_segment_is_escaped_once_as_urllib_does(text: str) -> None:
    http = API.encode_request(Send(folder=text, to="7"), KEY)
    assert http.path == f"/v1/{quote(text, safe='')}/messages"
    call = API.decode_request(came(http))
    assert call.request.folder == text == unquote(http.path.split("/")[2])


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "DELETE", "PATCH", "x" * 100]),
    st.text(max_size=30)
    | st.sampled_from(["/send", "/Contacts/5", "/v1/f/messages", "/v1/messages/1,%ff,\ud800"]),
    st.text(max_size=30) | st.binary(max_size=30),
    st.dictionaries(
        st.sampled_from(["Range", "Authorization", "X-Ids", "content-type"]), st.text()
    ),
    st.binary(max_size=40)
    | st.text(max_size=40).map(lambda text: json.dumps({"to": text}).encode()),
)
@example("POST", "/v1/f/messages", "", {}, b'{"to":"\\ud800"}')
@example("POST", "/v1/f/messages", "to=%ff", {}, b"")
@example("POST", "/v1/%ff/messages", "to=1", {"X-Ids": "\ud800"}, b"")
@example("POST", "/v1/f/messages", "to=1", {"X-Trace": "\x00\r\n"}, b"")
def test_any_request_gives_a_value_or_a_decode_error(
    method: str, target: str, query: str | bytes, headers: dict[str, str], body: bytes
) -> None:
    for api in (API, VIBER, CONTACTS, EITHER):
        try:
            call = api.decode_request(HttpRequest.of(method, target, query, headers, body))
        except DecodeError:
            continue
        assert call.operation in api.operations


messages = st.builds(
    tables.ViberMessage,
    subject=st.none() | segment,
    validity_period_sec=st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
    content=st.none() | st.builds(tables.Content, text=st.none() | segment),
    address=st.none() | segment,
)
people = st.fixed_dictionaries(
    {},
    optional={
        "phone_number": segment,
        "email": st.none() | segment,
        "gender": st.sampled_from(tables.Gender) | st.integers(4, 100),
        "merge_fields": st.dictionaries(segment, segment, max_size=3),
    },
)
numbers = st.integers(-(2**63) + 1, 2**63 - 1)
exchanges = st.one_of(
    st.tuples(
        st.just(VIBER),
        st.builds(
            tables.Send,
            resend_sms=st.booleans(),
            common_data=st.none() | messages,
            messages=st.lists(messages, max_size=3).map(tuple),
        ),
    ),
    st.tuples(
        st.just(CONTACTS),
        st.one_of(
            st.builds(tables.AddGroup, segment, st.none() | segment),
            st.builds(tables.GetProgress, segment),
            people.flatmap(
                lambda given: st.builds(
                    tables.ChangeContact,
                    contact_id=numbers,
                    silent=st.none() | st.booleans(),
                    **{name: st.just(value) for name, value in given.items()},
                )
            ),
            st.builds(
                tables.FindContacts,
                segment,
                st.integers(1, 10**17).flatmap(
                    lambda first: st.builds(Items, st.just(first), st.integers(first, 10**18 - 1))
                ),
            ),
        ),
    ),
)
logins = st.builds(Login, segment.filter(lambda text: ":" not in text), st.just("") | segment)


@settings(max_examples=300, deadline=None)
@given(exchanges, logins)
def test_what_was_written_is_read_back(exchange: tuple[Api, Request[Any]], login: Login) -> None:
    api, request = exchange
    http = api.encode_request(request, login)
    call = api.decode_request(came(http))
    assert (call.request, call.credentials) == (request, login)
    # Libraries that others wrote read it the same.
    query = dict(parse_qsl(http.query, keep_blank_values=True, strict_parsing=bool(http.query)))
    assert urlencode(query) == http.query
    if http.body:
        told = json.loads(http.body)
        assert json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() == (
            http.body.replace(b"\\u007f", b"\x7f")
        )


def test_the_longest_prefix_says_which_interface_is_meant() -> None:
    one = Api(name="one", auth=basic(), operations=(), prefixes=("rest",))
    two = Api(name="two", auth=basic(), operations=(), prefixes=("rest/v2", "v2"))
    for target, api in (("/rest/x", one), ("/Rest//V2/x", two), ("/v2/x", two), ("/x", one)):
        assert choose((one, two), HttpRequest.of("GET", target)) is api
