"""What may be shown of requests and answers, whole, broken or foreign."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import addressbook, email, rest, soap, viber, vk
from devino_codecs import verification as two_fa
from devino_codecs import xmlpackage as xml
from devino_codecs.http import (
    ID,
    NUMBER_ID,
    PHONE,
    RECIPIENT,
    SECRET,
    SHOWN,
    TEXT_OR_NUMBER,
    UTC_SECONDS,
    Also,
    Api,
    HttpAnswer,
    HttpRequest,
    InQuery,
    Login,
    Operation,
    Request,
    Unread,
    Within,
    arguments,
    either,
    header,
)
from devino_codecs.masking import (
    Kind,
    Kinds,
    kinds_of,
    masked_answer,
    masked_body,
    masked_query,
    masked_request,
    only_secrets,
)

FORM = "application/x-www-form-urlencoded"
APIS = (rest.V1, rest.V2, viber.API, vk.API, email.API, addressbook.API, two_fa.API)


@pytest.mark.parametrize("codec", ["soap", "xmlpackage"])
def test_a_program_that_shows_nothing_does_not_load_what_shows(codec: str) -> None:
    program = (
        f"import sys; from devino_codecs import {codec}; "
        "print(*{'devino_codecs.masking', 'devino_codecs.http._structs'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert said.stdout.split() == []


def by_kind(kind: Kind, text: str) -> str:
    """Each value as its kind, but what may be shown."""
    return text if kind is Kind.SHOWN else f"<{kind}>"


def as_it_is(_: Kind, text: str) -> str:
    return text


class Sent(msgspec.Struct, frozen=True):
    id: Annotated[str, ID]
    note: str = ""


class Send(Request[Sent], frozen=True, kw_only=True):
    to: tuple[Annotated[str, PHONE], ...]
    text: Annotated[str, Also("body")]
    sender: Annotated[str, SHOWN]
    at: Annotated[datetime | None, UTC_SECONDS] = None
    callback_url: Annotated[str, SECRET] = ""
    fields: Mapping[str, str] = msgspec.field(default_factory=dict)
    parts: int = 1
    reply_to: Annotated[str | Unread | None, TEXT_OR_NUMBER, RECIPIENT] = None
    tag: Annotated[str, InQuery(), NUMBER_ID] = "1"


API = Api(
    name="owl",
    auth=either(header("X-Key"), arguments(Login, "user", "pass")),
    operations=(Operation(Send, "POST", "owls/{tag}"),),
)


def test_the_marks_say_what_each_value_is() -> None:
    asked, told = API.kinds(Send)
    assert asked == {
        "to": Kind.RECIPIENT,
        "text": Kind.TEXT,
        "body": Kind.TEXT,
        "sender": Kind.SHOWN,
        "at": Kind.SHOWN,
        "callback_url": Kind.SECRET,
        "fields": Kind.TEXT,
        "parts": Kind.SHOWN,
        "reply_to": Kind.RECIPIENT,
        "tag": Kind.SHOWN,
        "x-key": Kind.SECRET,
        "user": Kind.SECRET,
        "pass": Kind.SECRET,
    }
    assert told == {
        "id": Kind.SHOWN,
        "note": Kind.TEXT,
        "code": Kind.SHOWN,
        "description": Kind.WORDS,
    }


def test_a_whole_request() -> None:
    came = HttpRequest.of(
        "POST",
        "/v1/owls/17?user=me&pass=p%26w&dry=yes",
        headers={"X-Key": "k", "Authorization": "Basic eDp5", "Accept": "*/*", "X-Odd": "odd"},
        body=b'{"to": ["79031234567", 79031234568], "body":"Hi \\"you\\"", "sender":"SHOP",'
        b' "callback_url": "https://x/s3cret", "fields":{"sender":"Ivan"}, "parts": 2,'
        b' "unknown": 79031234567, "few": 42, "null": null, "yes": true}',
    )
    shown = masked_request(came, API.kinds(Send)[0], by_kind, path="owls/{tag}")
    assert shown.target == "/v1/owls/17?user=<secret>&pass=<secret>&dry=<text>"
    assert shown.headers == {
        "x-key": "<secret>",
        "authorization": "<secret>",
        "accept": "*/*",
        "x-odd": "<text>",
    }
    assert shown.body == (
        b'{"to": ["<recipient>", <recipient>], "body":"<text>", "sender":"SHOP",'
        b' "callback_url": "<secret>", "fields":{"sender":"<text>"}, "parts": 2,'
        b' "unknown": <recipient>, "few": 42, "null": null, "yes": true}'
    )
    assert masked_request(came, API.kinds()[0]).body == came.body.replace(
        b"https://x/s3cret", b"***"
    )


def test_an_answer_and_the_interface_s_no() -> None:
    _, told = rest.V2.kinds(rest.SendSms)
    ids = HttpAnswer(200, b'["579700854169272358"]')
    assert masked_answer(ids, told, by_kind).body == ids.body
    refused = HttpAnswer(400, b'{"Code":6,"Desc":"bad 79031234567","Odd":"x"}')
    assert masked_answer(refused, told, by_kind).body == (
        b'{"Code":6,"Desc":"<words>","Odd":"<text>"}'
    )
    _, logged_in = rest.V1.kinds(rest.GetSession)
    for body in (b'"aB3"', b"aB3", b'["aB3"]'):
        assert b"aB3" not in masked_answer(HttpAnswer(200, body), logged_in).body


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"text": "not at its en', b'{"text": "<text>"'),
        (b'{"callback_url": "s3', b'{"callback_url": "<secret>"'),
        (
            b"{DestinationNumber:79031234567,Code:1234}",
            b"{DestinationNumber:<recipient>,Code:1234}",
        ),
        (b'{"79031234567": 1}', b'{"<text>": 1}'),
        (b"Hello there", b"<text> <text>"),
        (b"<html><title>Hi</title><a href='x'>you", b"<html><title><text></title>"),
        (b'{"to":"79031234567,79031234568"}', b'{"to":"<recipient>,<recipient>"}'),
    ],
)
def test_broken_and_foreign_bodies(body: bytes, shown: bytes) -> None:
    assert masked_body(body, API.kinds(Send)[0], by_kind).startswith(shown)


def test_a_form() -> None:
    asked, _ = rest.V2.kinds(rest.SendSmsBulk)
    form = "Login=me&Password=p%26w&DestinationAddresses%5B0%5D=7903&Data=%D0%BF+x&odd&=1"
    assert masked_query(form, asked) == form.replace("=me&", "=***&").replace("p%26w", "***")
    assert masked_query(form, asked, by_kind) == (
        "Login=<secret>&Password=<secret>&DestinationAddresses%5B0%5D=<recipient>&Data=<text>"
        "&<text>&=<text>"
    )


def test_soap() -> None:
    request = soap.SendMessageByTimeZone(
        source_address="SHOP", destination_address="79031234567", data="a < b"
    )
    login = soap.Login(login="me", password="p&w")
    body = soap.encode_request(soap.SMS_V2, login, request)
    asked, told = soap.kinds(type(request))
    shown = masked_body(body, asked, by_kind).decode()
    for piece in ("<login><secret></login>", "<password><secret></password>", ">SHOP<"):
        assert piece in shown
    assert "<destinationAddress><recipient></destinationAddress><data><text></data>" in shown
    assert masked_body(body, asked) == body.replace(b">me<", b">***<").replace(b"p&amp;w", b"***")
    ids = soap.encode_answer(soap.SendMessageByTimeZone, ("17", "18"))
    assert masked_body(ids, told, by_kind) == ids
    session = soap.encode_answer(soap.GetSessionID, "aB3")
    assert b"aB3" not in masked_body(session, soap.kinds(soap.GetSessionID)[1])
    assert b"aB3" not in masked_body(session, soap.kinds()[1])


def test_a_package() -> None:
    message = xml.Message(id=5, recipient="79031234567", sender="SHOP", text="a < b")
    body = xml.encode_request(xml.Package(login="me", password='p"w', messages=(message,)))
    asked, told = xml.kinds()
    assert masked_body(body, asked, by_kind).decode().partition("?>")[2] == (
        '<package login="<secret>" password="<secret>"><message>'
        '<msg id="5" recipient="<recipient>" sender="SHOP"><text></msg></message></package>'
    )
    result = xml.MessageResult(id=5, sms_id=7, code=xml.MessageStatus.ACCEPTED)
    answer = xml.encode_answer(xml.Answer(messages=(result,)))
    assert masked_body(answer, told, by_kind) == answer


TABLES = [each for api in APIS for each in api.kinds()] + [*soap.kinds(), *xml.kinds()]
PIECES = st.sampled_from(
    ['"', "{", "}", "[", "]", ":", ",", "<", ">", "/", "=", "'", "&", "\\", " ", "<![CDATA[", "]]>",
     "<!--", "-->", "<?", "Data", "password", "<msg", "</msg>", "c4n4ry", '"Password":', "%41"]
)  # fmt: skip
BODIES = st.binary(max_size=200) | st.lists(PIECES, max_size=40).map("".join).map(str.encode)


@given(st.sampled_from(TABLES), BODIES, st.sampled_from([None, FORM]))
def test_what_is_not_masked_stays_octet_by_octet(
    kinds: Kinds, body: bytes, content_type: str | None
) -> None:
    assert masked_body(body, kinds, as_it_is, content_type=content_type) == body


LEAVES = st.text() | st.integers() | st.booleans() | st.none()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_no_text_of_an_unknown_body_shows(value: object) -> None:
    """Nothing that stands under a name that no table knows, nor the name if it is none."""
    body = msgspec.json.encode({"c4n4ry": value, "c4n4ry name": "c4n4ry text"})
    shown = masked_body(body, API.kinds(Send)[0], lambda kind, _: "")
    assert b"c4n4ry text" not in shown
    assert b"c4n4ry name" not in shown


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_credentials_are_masked_wherever_they_may_stand(api: Api) -> None:
    schemes = [each for row in api.operations for each in (row.auth or api.auth).schemes]
    headers = {scheme.header: "c4n4ry" for scheme in schemes if scheme.header}
    form = "&".join(f"{name}=c4n4ry" for scheme in schemes for name in scheme.names)
    assert headers or form
    http = HttpRequest.of("POST", "/any", form, headers, form.encode())
    shown = masked_request(http, api.kinds()[0])
    assert "c4n4ry" not in f"{shown.query} {shown.headers} {shown.body!r}"


class Deep(msgspec.Struct, frozen=True):
    token: Annotated[str, SECRET, Within("session.value")]
    count: Annotated[int, Within("page.total")] = 0
    sender: Annotated[str | None, SHOWN, Also("from"), Within("name")] = None


def test_what_stands_beside_a_deeper_value_is_not_shown_with_it() -> None:
    kinds = kinds_of(Deep)
    assert kinds == {
        "token": Kind.SECRET,
        "value": Kind.SECRET,
        "total": Kind.SHOWN,
        "name": Kind.SHOWN,
    }
    body = (
        b'{"token":{"session":{"value":"s3cret"}},"count":{"page":{"total":1234567,"by":"Ann"}},'
        b'"from":{"name":"SHOP","mail":"ann@example.com"},"more":{"value":"s3cret"}}'
    )
    assert masked_body(body, kinds, by_kind) == (
        b'{"token":{"session":{"value":"<secret>"}},'
        b'"count":{"page":{"total":1234567,"by":"<text>"}},'
        b'"from":{"name":"SHOP","mail":"<text>"},"more":{"value":"<secret>"}}'
    )
    # What should stand deeper, and does not, is secret all the same.
    assert b"s3cret" not in masked_body(b'{"token":"s3cret"}', kinds, by_kind)


def test_only_secrets_are_hidden_from_the_owner_of_a_sandbox() -> None:
    assert only_secrets(Kind.SECRET, "x") == "***"
    assert {only_secrets(kind, "x") for kind in Kind if kind is not Kind.SECRET} == {"x"}


def test_a_struct_s_kinds_are_also_told_of_several() -> None:
    assert kinds_of(Sent, Login) == {
        "id": Kind.SHOWN,
        "note": Kind.TEXT,
        "login": Kind.SECRET,
        "password": Kind.SECRET,
    }
