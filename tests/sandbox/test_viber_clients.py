"""What five published Viber clients put on the wire, byte by byte, and that it is taken.

Two log in as ``tester`` with ``111111``, as the manual's example does, the others as ``test`` with
``11111``. All of them need a ``code`` in each element of an answer, and a ``providerId`` that no
double holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from devino_core import Medium, Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, World
from tests.sandbox._http import Http
from tests.sandbox._messengers import basic, exchange, request

TESTER, TEST = basic("tester", "111111"), basic("test", "11111")
MANUALS = "Authorization: Basic dGVzdGVyOjExMTExMQ=="
JSON = "application/json"


@pytest.fixture
def world(clock: ManualClock) -> World:
    logins = {"demo": "demo", "tester": "111111", "test": "11111"}
    accounts = [Account(login=one, password=Secret(said)) for one, said in logins.items()]
    return World(accounts, clock=clock)


def taken(answer: tuple[int, bytes, bytes]) -> list[int]:
    """The ids, as a client reads them."""
    status, head, body = answer
    assert status == 200, body
    assert b"content-type: application/json" in head.lower()
    said: dict[str, Any] = json.loads(body)
    assert said["status"] == "ok"
    assert [one["code"] for one in said["messages"]] == ["ok"] * len(said["messages"])
    ids: list[int] = [one["providerId"] for one in said["messages"]]
    assert all(2**53 < number < 2**63 for number in ids)
    return ids


def sent(world: World, medium: Medium = Medium.VIBER) -> Sequence[tuple[str, str, str]]:
    found = [m.submission for m in world.messages() if m.submission.medium is medium]
    return [(one.account.login, one.sender, one.text) for one in found]


async def test_python_with_the_sms_at_the_top(http: Http, world: World, clock: ManualClock) -> None:
    body = (
        '{"messages": [{"subject": "SHOP", "priority": "normal", "type": "viber", '
        '"contentType": "text", "address": "79990003910", "content": {"text": "\\u0414\\u0430"}, '
        '"validityPeriodSec": 86400, "comment": "c"}], "smsValidityPeriodSec": 300, '
        '"resendSms": true, "smsText": "\\u041d\\u0435\\u0442", "smsSrcAddress": "SMS"}'
    )
    headers = ["Host: 127.0.0.1", "User-Agent: python-requests/2.31.0", "Accept: */*"]
    headers += ["Accept-Encoding: gzip, deflate", "Connection: keep-alive"]
    headers += [MANUALS, f"Content-Type: {JSON}"]
    answer = await exchange(http.root, request("POST /send HTTP/1.1", headers, body.encode()))
    [message_id] = taken(answer)
    clock.advance(5)
    assert sent(world) == [("tester", "SHOP", "Да")]
    assert sent(world, Medium.SMS) == [("tester", "SMS", "Нет")]
    # It asks for ids as it got them, in one list.
    asked = json.dumps({"messages": [message_id]}).encode()
    _, _, told = await exchange(http.root, request("POST /status HTTP/1.1", headers, asked))
    [state] = json.loads(told)["messages"]
    assert (state["code"], state["smsStates"][0]["status"]) == ("ok", "delivered")


async def test_php_with_slashes_and_every_header_twice(http: Http, world: World) -> None:
    message = {
        "subject": "SHOP",
        "priority": "high",
        "validityPeriodSec": 60,
        "type": "viber",
        "contentType": "text",
        "content": {"text": "Hello"},
        "address": "79161234567",
        "smsSrcAddress": "SHOP",
        "smsValidityPeriodSec": 5000,
        "smsText": "Hello",
    }
    body = json.dumps({"resendSms": "true", "messages": [message]}, separators=(",", ":"))
    once = [f"Content-type: {JSON}", f"Authorization: {TEST}"]
    begin = ["Host: 127.0.0.1:444", "Accept: */*"]
    line = "POST /send/ HTTP/1.1"
    ids = taken(await exchange(http.root, request(line, begin + once, body.encode())))
    # Its object was used before, so each header goes once more.
    asked = json.dumps({"messages": [str(one) for one in ids]}).encode()
    line = "POST /status/ HTTP/1.1"
    status, _, told = await exchange(http.root, request(line, begin + once + once, asked))
    assert (status, json.loads(told)["messages"][0]["providerId"]) == (200, ids[0])


@pytest.mark.parametrize(
    "other", [f"Authorization: {TESTER}", "Content-type: text/plain", "authorization: Basic x"]
)
async def test_headers_that_contradict_each_other_are_a_bad_request(http: Http, other: str) -> None:
    headers = ["Host: x", f"Content-type: {JSON}", f"Authorization: {TEST}", other]
    raw = request("POST /status/ HTTP/1.1", headers, b'{"messages":[1]}')
    status, _, body = await exchange(http.root, raw)
    assert (status, json.loads(body)["error"]) == (400, "Bad Request")


def c_sharp(*, resend: bool) -> bytes:
    message = {
        "subject": "SHOP",
        "priority": "low",
        "validityPeriodSec": 300,
        "comment": None,
        "type": "viber",
        "contentType": "text",
        "content": {"text": "Hello", "caption": None, "action": None, "imageUrl": None},
        "address": "79161234567",
        "smsText": "Hello",
        "smsSrcAddress": "SHOP",
        "smsValidityPeriodSec": 900,
    }
    body = {"resendSms": resend, "messages": [message]}
    return json.dumps(body, separators=(",", ":")).encode()


async def test_c_sharp_waits_until_it_may_go_on(http: Http, world: World) -> None:
    headers = [f"Authorization: {TEST}", f"Content-Type: {JSON}", "Host: 127.0.0.1:444"]
    headers += ["Expect: 100-continue", "Connection: Keep-Alive"]
    body = c_sharp(resend=True)
    whole = request("POST /send HTTP/1.1", headers, body)
    answer = await exchange(http.root, whole.removesuffix(body), body)
    assert len(taken(answer)) == 1


async def test_c_sharps_defaults_are_refused_as_the_manual_says(http: Http) -> None:
    headers = [f"Authorization: {TEST}", f"Content-Type: {JSON}", "Host: 127.0.0.1:444"]
    raw = request("POST /send HTTP/1.1", headers, c_sharp(resend=False))
    status, _, body = await exchange(http.root, raw)
    expected = {"status": "ok", "messages": [{"code": "error-resend-sms-error"}]}
    assert (status, json.loads(body)) == (200, expected)


async def test_c_sharp_reads_springs_error_for_a_wrong_password(http: Http) -> None:
    # It writes ISO-8859-1.
    wrong = basic("test", "pässwörd", charset="latin-1")
    headers = [f"Authorization: {wrong}", f"Content-Type: {JSON}", "Host: 127.0.0.1:444"]
    raw = request("POST /send HTTP/1.1", headers, c_sharp(resend=True))
    status, _, body = await exchange(http.root, raw)
    error = json.loads(body)
    assert status == 401
    assert error.keys() == {"timestamp", "status", "error", "message", "path"}
    assert error["error"] == "Unauthorized"


async def test_bitrix_speaks_http_1_0_and_asks_for_ids_as_text(http: Http, world: World) -> None:
    message = {
        "subject": "SHOP",
        "priority": "realtime",
        "validityPeriodSec": 600,
        "type": "viber",
        "contentType": "text",
        "content": {"text": "Hello"},
        "address": "+79161234567",
    }
    body = json.dumps({"resendSms": "false", "messages": [message]}).encode()
    headers = ["Host: 127.0.0.1", f"Authorization: {TESTER}", "Connection: close"]
    headers += [f"Content-Type: {JSON}; charset=utf-8", "Accept-Encoding: gzip"]
    [message_id] = taken(await exchange(http.root, request("POST /send HTTP/1.0", headers, body)))
    asked = json.dumps({"messages": [str(message_id)]}).encode()
    _, _, told = await exchange(http.root, request("POST /status HTTP/1.0", headers, asked))
    [state] = json.loads(told)["messages"]
    assert (state["status"], "error" in state) == ("enqueued", False)


async def test_guzzle_sends_a_batch_in_which_some_have_no_sms(
    http: Http, world: World, clock: ManualClock
) -> None:
    def message(to: str, **more: object) -> dict[str, object]:
        return {
            "subject": "SHOP",
            "priority": "high",
            "validityPeriodSec": 3600,
            "comment": "",
            "type": "viber",
            "contentType": "text",
            "content": {"text": "Hello"},
            "address": to,
            **more,
        }

    sms = {"smsText": "Instead", "smsSrcAddress": "SMS", "smsValidityPeriodSec": 5000}
    messages = [message("79990003910", **sms), message("79990003910")]
    body = json.dumps({"resendSms": True, "messages": messages}).encode()
    headers = ["Host: 127.0.0.1", f"Content-Type: {JSON}", f"Authorization: {TESTER}"]
    headers += ["User-Agent: Guzzle/5.3.0 curl/7.64.0 PHP/7.2"]
    ids = taken(await exchange(http.root, request("POST /send HTTP/1.1", headers, body)))
    assert len(ids) == 2
    clock.advance(5)
    assert sent(world, Medium.SMS) == [("tester", "SMS", "Instead"), ("tester", "SHOP", "Hello")]
    asked = json.dumps({"messages": ids}).encode()
    _, _, told = await exchange(http.root, request("POST /status HTTP/1.1", headers, asked))
    # It needs status and statusAt wherever smsStates is not.
    for state in json.loads(told)["messages"]:
        assert "smsStates" in state or {"status", "statusAt"} <= state.keys()
