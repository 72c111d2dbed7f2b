"""Answers of a table: the value that a request promises, in its envelope, or a refusal."""

from __future__ import annotations

import json
from typing import Annotated, Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import example, given, settings

from devino_codecs.errors import DecodeError, EncodeError
from devino_codecs.http import (
    ID,
    Api,
    CodedInt,
    Envelope,
    HttpAnswer,
    HttpCode,
    Operation,
    Page,
    Refusal,
    Request,
    Verdict,
    basic,
    by_status,
)
from tests.wire import _http_tables as tables
from tests.wire._http_tables import CONTACTS, VIBER, ResponseCode, Result

CONTACT = tables.Contact(contact_id=1, contact_group_id=2, phone_number="")


class Ask(Request[tuple[Annotated[str, ID], ...]], frozen=True):
    pass


class Do(Request[None], frozen=True):
    pass


class Code(CodedInt):
    LOGIN = 4, "", Verdict.LOGIN


class OwnCode(CodedInt):
    DONE = 0, "done", Verdict.DONE
    AGAIN = 1, "done before", Verdict.DONE
    BUSY = 3, "later", Verdict.BUSY


PLAIN = Api(
    name="plain",
    auth=basic(),
    operations=(Operation(Ask, "GET", "ask"), Operation(Do, "POST", "do")),
    codes=Code,
)


@pytest.mark.parametrize("status", [200, 201, 299])
def test_the_body_is_the_answer_where_nothing_stands_around_it(status: int) -> None:
    assert PLAIN.decode_answer(Ask, HttpAnswer(status, b'["1", 2]')) == ("1", "2")
    assert PLAIN.decode_answer(Do, HttpAnswer(status)) is None
    assert PLAIN.encode_answer(Ask, ("1",)).body == b'["1"]'
    assert PLAIN.encode_answer(Do, None).body == b"null"


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_refusal_is_known_by_its_code_whatever_its_http_status(status: int) -> None:
    for body, code, means in (
        (b'{"code":"4","DESCRIPTION":"no"}', Code.LOGIN, Verdict.LOGIN),
        (b'{"Code":77,"Description":"no"}', 77, ""),
    ):
        refusal = PLAIN.decode_answer(Ask, HttpAnswer(status, body))
        assert refusal == Refusal(code, "no", status)
        assert isinstance(refusal, Refusal)
        assert refusal.means == means


@pytest.mark.parametrize(
    ("request_", "status", "body", "reason"),
    [
        (Ask, 200, b"", "HTTP 200 with an empty body"),
        (Do, 404, b"", "HTTP 404 with an empty body"),
        (Ask, 502, b"<html>", "HTTP 502 with a page of HTML"),
        (Ask, 404, b"[]", "HTTP 404, but an array in place of the error code"),
        (Ask, 200, b'{"Code":null}', "Code: expected a whole number, got nothing"),
        (Ask, 200, b'{"Code":4,"Description":5}', "Description: expected a string"),
        (Ask, 200, b'["1", 1.5]', r"\[1\]: expected a string or a whole number"),
        (tables.GetGroup, 200, b"[]", "Result: expected an object, got nothing"),
        (tables.GetGroup, 200, b"{}", "Code: expected a string, got nothing"),
        (tables.GetGroup, 200, b'{"Code":"ok"}', "Result: expected an object, got nothing"),
        (tables.GetGroup, 200, b'{"Code":"OK","Result":{}}', "Result.ContactGroupId: expected"),
        (tables.GetGroup, 500, b'{"Code":"ok","Result":{}}', "HTTP 500, but an object"),
        (tables.Send, 200, b'{"messages":[]}', "status: expected a string, got nothing"),
    ],
)
def test_a_body_that_is_not_an_answer_says_why(
    request_: type[Request[Any]], status: int, body: bytes, reason: str
) -> None:
    apis = (PLAIN, VIBER, CONTACTS)
    api = next(api for api in apis if request_ in {row.request for row in api.operations})
    with pytest.raises(DecodeError, match=f"^{reason}"):
        api.decode_answer(request_, HttpAnswer(status, body))


def test_an_envelope_is_written_in_its_order_with_the_status_of_the_row() -> None:
    added = CONTACTS.encode_answer(tables.AddGroup, 332)
    assert (added.status, added.body) == (201, b'{"Result":332,"Code":"ok","Description":"ok"}')
    assert added.content_type == "application/json; charset=utf-8"
    deleted = CONTACTS.encode_answer(tables.DeleteGroup, None)
    assert (deleted.status, deleted.body) == (200, b'{"Code":"ok","Description":"ok"}')
    unknown = CONTACTS.encode_answer(
        tables.GetGroup, Refusal(ResponseCode.VALIDATION_ERROR, "no such group", 404)
    )
    assert unknown.status == 404
    assert unknown.body == b'{"Code":"validation_error","Description":"no such group"}'
    assert CONTACTS.decode_answer(tables.GetGroup, unknown) == Refusal(
        ResponseCode.VALIDATION_ERROR, "no such group", 404
    )


def test_a_refusal_without_a_status_has_that_of_its_interface() -> None:
    assert CONTACTS.encode_answer(tables.GetGroup, Refusal("not_found")).status == 400
    assert VIBER.encode_answer(tables.Send, Refusal(Result.SYNTAX)).status == 200


@pytest.mark.parametrize(
    ("answer", "path", "reason"),
    [
        ("x", "Result", "expected Group, got str"),
        (tables.Group(contact_group_id=2**63, name=""), "Result.ContactGroupId", "out of range"),
        (Refusal(5), "Code", "expected str, got int"),
        (Refusal(ResponseCode.OK, "\ud800"), "Description", "surrogates"),
    ],
)
def test_an_unwritable_value_is_refused_with_its_key(answer: Any, path: str, reason: str) -> None:
    with pytest.raises(EncodeError, match=reason) as caught:
        CONTACTS.encode_answer(tables.GetGroup, answer)
    assert caught.value.path == path


def test_a_part_of_a_list_is_206_with_its_range_and_the_whole_is_200() -> None:
    whole = CONTACTS.encode_answer(tables.FindContacts, Page((CONTACT,), 1, 1))
    assert (whole.status, dict(whole.headers)) == (200, {"content-range": "items 1-1/1"})
    part = CONTACTS.encode_answer(tables.FindContacts, Page((CONTACT, CONTACT), 3, 9))
    assert (part.status, dict(part.headers)) == (206, {"content-range": "items 3-4/9"})
    beyond = CONTACTS.encode_answer(tables.FindContacts, Page((), 1, 9))
    assert (beyond.status, dict(beyond.headers)) == (200, {"content-range": "items */9"})
    untold = CONTACTS.encode_answer(tables.FindContacts, Page((CONTACT,)))
    assert (untold.status, dict(untold.headers)) == (200, {})
    for written, page in (
        (whole, Page((CONTACT,), 1, 1)),
        (part, Page((CONTACT, CONTACT), 3, 9)),
        (beyond, Page((), 1, 9)),
        (untold, Page((CONTACT,))),
    ):
        assert CONTACTS.decode_answer(tables.FindContacts, written) == page
    odd = HttpAnswer(206, part.body, {"content-range": "bytes 1-2/9"})
    assert CONTACTS.decode_answer(tables.FindContacts, odd) == Page((CONTACT, CONTACT))
    refused = HttpAnswer(416, b'{"Code":"validation_error","Description":"Range"}')
    assert CONTACTS.decode_answer(tables.FindContacts, refused) == Refusal(
        ResponseCode.VALIDATION_ERROR, "Range", 416
    )


def test_a_refusal_without_a_code_is_read_by_a_function() -> None:
    spring = b'{"timestamp":1,"status":401,"error":"Unauthorized","message":"who?","path":"/"}'
    assert VIBER.decode_answer(tables.Send, HttpAnswer(401, spring)) == Refusal(
        "Unauthorized", "who?", 401
    )
    told = VIBER.decode_answer(tables.Send, HttpAnswer(200, b'{"status":"error-auth"}'))
    assert told == Refusal(Result.AUTH, "", 200)


def test_the_http_status_can_be_the_code() -> None:
    api = Api(
        name="x",
        auth=basic(),
        operations=(Operation(Do, "POST", "do", status=204),),
        refusal=by_status("error"),
    )
    written = api.encode_answer(Do, Refusal(404, "no such number", 404))
    assert (written.status, written.body) == (404, b'{"error":"no such number"}')
    assert api.decode_answer(Do, written) == Refusal(404, "no such number", 404)
    # It does not matter who answers: a proxy's page is a refusal too.
    assert api.decode_answer(Do, HttpAnswer(502, b"<html>")) == Refusal(502, "", 502)
    assert api.decode_answer(Do, HttpAnswer(204)) is None


def refusing_by_status(codes: type[CodedInt] = HttpCode) -> Api:
    return Api(
        name="x",
        auth=basic(),
        operations=(Operation(Do, "POST", "do"),),
        refusal=by_status("error", codes),
    )


@pytest.mark.parametrize("body", [b'{"error":"no"}', b"{}", b"", b"<html>"])
@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (400, Verdict.REFUSED),
        (401, Verdict.LOGIN),
        (402, Verdict.FUNDS),
        (403, Verdict.REFUSED),
        (429, Verdict.BUSY),
        (500, Verdict.FAILED),
        (503, Verdict.FAILED),
        (418, ""),
    ],
)
def test_an_http_status_that_is_the_code_means_what_http_says(
    status: int, verdict: str, body: bytes
) -> None:
    told = refusing_by_status().decode_answer(Do, HttpAnswer(status, body))
    assert isinstance(told, Refusal)
    assert (told.code, told.means) == (status, verdict)


@pytest.mark.parametrize(
    ("body", "verdict"),
    [(b'{"error":"no such number"}', Verdict.NOT_FOUND), (b"", ""), (b"<html>", "")],
)
def test_a_404_says_that_there_is_no_such_thing_only_in_json(body: bytes, verdict: str) -> None:
    # A wrong address and whatever stands in front of the interface are answered with one, too.
    told = refusing_by_status().decode_answer(Do, HttpAnswer(404, body))
    assert isinstance(told, Refusal)
    assert (told.code, told.means) == (404, verdict)


class Gone(CodedInt):
    POOR = 403, "The prepaid calls are used up", Verdict.FUNDS
    GONE = 410, "There was one", Verdict.NOT_FOUND


def test_an_interface_whose_statuses_mean_something_else_has_a_table_of_its_own() -> None:
    api = refusing_by_status(Gone)
    told = api.decode_answer(Do, HttpAnswer(403, b""))
    assert told == Refusal(Gone.POOR, "", 403)
    assert isinstance(told, Refusal)
    assert told.means == Verdict.FUNDS
    told = api.decode_answer(Do, HttpAnswer(402, b'{"error":"x"}'))
    assert told == Refusal(402, "x", 402)
    assert isinstance(told, Refusal)
    assert told.means == ""


@pytest.mark.parametrize("code", HttpCode)
def test_a_code_that_is_an_http_status_is_written_under_it(code: HttpCode) -> None:
    api = refusing_by_status()
    written = api.encode_answer(Do, Refusal(code, "no"))
    assert written.status == code
    assert api.decode_answer(Do, written) == Refusal(code, "no", code)


class Verify(Request[OwnCode], frozen=True):
    pass


def test_an_answer_may_be_its_code() -> None:
    api = Api(
        name="x",
        auth=basic(),
        operations=(Operation(Verify, "POST", "do", codes=OwnCode), Operation(Ask, "GET", "ask")),
        codes=Code,
        envelope=Envelope(result="Code"),
        refused=200,
    )
    assert api.decode_answer(Verify, HttpAnswer(200, b'{"Code":"1"}')) is OwnCode.AGAIN
    assert api.decode_answer(Verify, HttpAnswer(200, b'{"Code":3}')) == Refusal(
        OwnCode.BUSY, "", 200
    )
    assert api.decode_answer(Verify, HttpAnswer(200, b'{"Code":9}')) == Refusal(9, "", 200)
    assert api.encode_answer(Verify, OwnCode.DONE).body == b'{"Code":0,"Description":""}'


class Odd(Request[float], frozen=True):
    pass


def test_an_answer_whose_form_is_not_said_is_told_when_it_is_used() -> None:
    api = Api(name="x", auth=basic(), operations=(Operation(Odd, "GET", "odd"),))
    with pytest.raises(TypeError, match="several forms: mark one"):
        api.decode_answer(Odd, HttpAnswer(200, b"1.5"))
    with pytest.raises(TypeError, match="no request type of x"):
        api.decode_answer(Do, HttpAnswer(200))


def test_an_envelope_needs_a_code_that_says_done() -> None:
    api = Api(
        name="x",
        auth=basic(),
        operations=(Operation(Do, "POST", "do"),),
        codes=Code,
        envelope=Envelope(result="Result"),
    )
    with pytest.raises(TypeError, match="do has none"):
        api.encode_answer(Do, None)


def test_the_answer_of_an_http_library_is_read_as_it_is() -> None:
    class Theirs(msgspec.Struct):
        status: int
        body: bytes
        headers: dict[str, str]

    assert PLAIN.decode_answer(Ask, Theirs(200, b'["1"]', {})) == ("1",)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
number = st.integers(1, 2**63 - 1)
ids = number.map(str)
reports = st.builds(
    tables.Reports,
    status=st.just(Result.OK),
    messages=st.lists(
        st.builds(
            tables.Report,
            provider_id=ids,
            code=text,
            status=st.none() | st.sampled_from(tables.ViberState) | st.just("odd"),
            sms_states=st.none()
            | st.lists(
                st.builds(tables.SmsLeg, id=ids, status=st.sampled_from(tables.ViberState)),
                max_size=2,
            ).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)
groups = st.builds(tables.Group, contact_group_id=number, name=text, description=text)
ANSWERS = st.one_of(
    st.tuples(st.just(VIBER), st.just(tables.GetReports), reports),
    st.tuples(
        st.just(CONTACTS), st.just(tables.ListGroups), st.lists(groups, max_size=3).map(tuple)
    ),
    st.tuples(st.just(CONTACTS), st.just(tables.AddGroup), number),
    st.tuples(st.just(CONTACTS), st.just(tables.DeleteGroup), st.none()),
    st.tuples(
        st.sampled_from([VIBER]),
        st.just(tables.Send),
        st.builds(Refusal, st.just(Result.SYSTEM) | st.just("odd-word"), text, st.just(200)),
    ),
)


@settings(max_examples=300, deadline=None)
@given(ANSWERS)
def test_what_was_written_is_read_back(exchange: tuple[Api, type[Request[Any]], Any]) -> None:
    api, request, answer = exchange
    written = api.encode_answer(request, answer)
    assert api.decode_answer(request, written) == answer
    told = json.loads(written.body)
    again = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    assert api.decode_answer(request, HttpAnswer(written.status, again)) == answer


keys = st.sampled_from(
    ["Code", "status", "Result", "Description", "messages", "providerId", "state", "id", "error"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(
    scalars | st.sampled_from(["ok", "/Date(1)/"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=10,
)
bodies = st.binary(max_size=40) | values.map(lambda value: json.dumps(value).encode())
headers = st.dictionaries(st.just("content-range"), st.text(max_size=20))
ROWS = [(api, row.request) for api in (PLAIN, VIBER, CONTACTS) for row in api.operations]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ROWS), st.sampled_from([200, 204, 206, 302, 401, 500]), bodies, headers)
@example((VIBER, tables.Send), 401, b'{"status": null, "error": "OK"}', {})
def test_any_answer_gives_a_value_or_a_decode_error(
    row: tuple[Api, type[Request[Any]]], status: int, body: bytes, headers: dict[str, str]
) -> None:
    api, request = row
    try:
        answer = api.decode_answer(request, HttpAnswer(status, body, headers))
    except DecodeError:
        return
    # Any value that was read can be written, and is then canonical.
    written = api.encode_answer(request, answer)
    assert api.decode_answer(request, written) == answer


def test_a_code_without_a_verdict_is_found_before_it_passes_for_success() -> None:
    class Forgotten(CodedInt):
        OK = 0, "done", Verdict.DONE
        NO_KEY = 1, "nobody has this key"

    api = Api(
        name="forgotten",
        auth=basic(),
        operations=(Operation(Ask, "GET", "ask"),),
        codes=Forgotten,
    )
    with pytest.raises(TypeError, match="NO_KEY: 1> says no Verdict"):
        api.decode_answer(Ask, HttpAnswer(200, b'{"Code": 1}'))
