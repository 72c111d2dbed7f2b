"""``devino decode rest``: requests, answers and refusals of the HTTP API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError, rest
from devino_core.cli._app import Devino
from devino_plugins.rest._reading import read

LOGIN, SESSION = rest.Login("me", "can-4d1f"), rest.Session("can-4d1f")
SEND = rest.SendSms("SHOP", "79031234567", "Привет", validity=10)
SENT = {
    "source_address": "SHOP",
    "destination_address": "79031234567",
    "data": "Привет",
    "validity": 10,
}
STATE = rb'{"State":255,"CreationDateUtc":"\/Date(1294045911213)\/","StateDescription":"x"}'


def decode(operation: str, data: bytes | str, *options: str) -> Result:
    args = ["decode", "rest", *options, operation, "-"]
    return CliRunner().invoke(Devino(), args, input=data)


def told(operation: str, data: bytes | str) -> Mapping[str, Any]:
    outcome = decode(operation, data, "--json")
    assert outcome.exit_code == 0, outcome.output
    assert "can-4d1f" not in outcome.output
    found: Mapping[str, Any] = json.loads(outcome.output)
    return found


@pytest.mark.parametrize("name", ["Sms/State", "sms/state", "/SMS/State/", "rest/v2/Sms/State"])
def test_an_answer_is_read_by_the_name_of_its_method(name: str) -> None:
    found = told(name, STATE)
    assert (found["kind"], found["operation"]) == ("answer", "Sms/State")
    assert found["answer"]["state"] == 255
    assert found["answer"]["creation"] == "2011-01-03T09:11:51.213000Z"


def test_people_see_a_code_with_its_name() -> None:
    lines = decode("Sms/State", STATE).output.splitlines()
    assert lines[:3] == ["kind: answer", "operation: Sms/State", "answer:"]
    assert "  state: 255 NOT_FOUND" in lines


@pytest.mark.parametrize(
    ("api", "credentials"), [(rest.V1, SESSION), (rest.V2, LOGIN)], ids=["v1", "v2"]
)
def test_a_request_is_read_without_who_asks(api: rest.Api, credentials: object) -> None:
    http = api.encode_request(SEND, credentials)
    in_url = api.encode_request(SEND, credentials, in_url=True)
    url = f"https://integrationapi.net/rest{in_url.path}?{in_url.query}"
    whole = f"POST /rest{http.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() + http.body
    for operation, data in (
        ("Sms/Send", http.body),
        ("Sms/Send", http.body + b"\n"),
        ("Sms/Send", whole),
        (url, b""),
    ):
        found = told(operation, data)
        assert found == {"kind": "request", "operation": "Sms/Send", "request": SENT}


def test_a_request_may_have_lost_its_session() -> None:
    form = rest.V1.encode_request(SEND, SESSION).body.partition(b"&")[2]
    assert told("Sms/Send", form)["request"] == SENT


def test_login_password_and_session_are_not_shown() -> None:
    login = rest.V1.encode_request(rest.GetSession(), LOGIN).body
    assert told("user/sessionid", login) == {
        "kind": "request", "operation": "user/sessionid", "request": {},
    }  # fmt: skip
    assert told("user/sessionid", b'"can-4d1f"')["answer"] == "***"


@pytest.mark.parametrize("head", ["", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 X\nA: b\n\n"])
def test_a_refusal_says_what_it_means(head: str) -> None:
    found = told("Sms/Send", head + '{"Code": 4, "Desc": "Invalid user login or password"}')
    assert found["kind"] == "refusal"
    assert found["refusal"] == {
        "code": 4,
        "description": "Invalid user login or password",
        "meaning": "Unauthorized access",
        "means": "login",
    }


@pytest.mark.parametrize("row", rest.V1.operations, ids=lambda row: row.path)
def test_every_operation_can_be_named(row: rest.Operation) -> None:
    assert told(row.path, b'{"Code": 99, "Desc": "x"}')["refusal"]["code"] == 99


@pytest.mark.parametrize(
    ("operation", "data", "said"),
    [
        ("Sms/Sent", b"1", "did you mean 'Sms/Send'?"),
        ("zzz", b"1", "known are user/sessionid, User/Balance, Sms/Send"),
        ("//[?Password=hunter2", b"1", "it is no URL and no name of a method"),
        ("Sms/Send", b"GET //[ HTTP/1.1\r\n\r\n", "it is no URL and no name of a method"),
        ("Sms/Send", b"", "an empty body"),
        ("Sms/Send", b"<html>", "a page of HTML or XML"),
        ("Sms/Send", b"SourceAddress=SHOP", "DestinationAddress: missing"),
        ("User/Balance", b"[]", "'FILE'"),
    ],
)
def test_what_cannot_be_read_is_told(operation: str, data: bytes, said: str) -> None:
    outcome = decode(operation, data)
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert said in outcome.stderr
    assert "hunter2" not in outcome.stderr


def test_operations_are_completed() -> None:
    complete = ShellComplete(Devino(), {}, "devino", "_DEVINO_COMPLETE")
    found = complete.get_completions(["decode", "rest"], "sms/send")
    assert {item.value for item in found} == {
        "Sms/Send", "Sms/SendBulk", "Sms/SendByTimeZone", "Sms/SendByTimeZoneToAddresses",
    }  # fmt: skip


@given(
    st.sampled_from([row.path for row in rest.V1.operations]),
    st.binary(max_size=200) | st.from_regex(rb"[A-Za-z]+=[^\n]{0,50}(&[a-z]+=.{0,20}){0,4}"),
)
def test_any_octets_are_read_or_a_decode_error(operation: str, data: bytes) -> None:
    try:
        assert read(operation, data)["operation"] == operation
    except DecodeError:
        return
