"""The HTTP session: every way in which a call can end, with a peer that behaves as a test says."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Coroutine
from typing import Any

import pytest
import trustme

from devino_core import (
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    OutcomeUnknown,
    ProtocolViolation,
    Retry,
    Throttled,
    Unavailable,
)
from devino_core.http import Body, FetchedAnswer, HttpSession
from tests.core._peer import Peer, answer, answering, hang, serving

pytestmark = [pytest.mark.pythons, pytest.mark.attack]

SECRET = Body(b"password=hunter2")


async def post(
    port: int, *, changes: bool = True, base: str = "http://127.0.0.1:{}/rest", **options: float
) -> FetchedAnswer:
    async with HttpSession(base.format(port), **options) as session:  # type: ignore[arg-type]
        return await session.request(
            "POST",
            ["Sms", "Send"],
            query="x=1",
            body=SECRET,
            content_type="text/plain",
            changes=changes,
        )


async def test_an_answer_is_given_whatever_its_status() -> None:
    async with serving(answer("403 Forbidden", b'{"Code":5}')) as (port, requests):
        assert (await post(port))[:2] == (403, b'{"Code":5}')
    assert requests[0].startswith(b"POST /rest/Sms/Send?x=1 HTTP/1.1\r\n")


CUT_OFF = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[")
REDIRECT = answer("302 Found\r\nLocation: https://evil.example/")
LIMITED = answer("429 Too Many\r\nRetry-After: 7")
BOMB = answer("200 OK\r\nContent-Encoding: gzip", gzip.compress(b"x" * 99999))

ENDINGS: dict[str, tuple[Peer, bool, type[DevinoError]]] = {
    "closed without an answer, of a send": (answering(b""), True, OutcomeUnknown),
    "closed without an answer, of a read": (answering(b""), False, Unavailable),
    "cut off in the body": (CUT_OFF, True, OutcomeUnknown),
    "not HTTP": (answering(b"220 smtp ready\r\n\r\n"), True, ProtocolViolation),
    "silent, of a send": (hang, True, OutcomeUnknown),
    "silent, of a read": (hang, False, Unavailable),
    "redirecting": (REDIRECT, True, ProtocolViolation),
    "limiting the rate": (LIMITED, True, Throttled),
    "endless": (answer("200 OK", b"x" * 2000), True, ProtocolViolation),
    "a decompression bomb": (BOMB, True, ProtocolViolation),
}


@pytest.mark.parametrize(("peer", "changes", "error"), ENDINGS.values(), ids=ENDINGS)
async def test_every_bad_end_is_a_typed_error_that_shows_no_secret(
    peer: Peer, changes: bool, error: type[DevinoError]
) -> None:
    async with serving(peer) as (port, requests):
        with pytest.raises(error) as caught:
            await post(port, changes=changes, timeout=0.2, connect_timeout=0.2, max_answer=1000)
    assert type(caught.value) is error
    assert len(requests) == 1
    shown = repr(caught.value) + str(caught.value) + repr(caught.value.__cause__)
    assert "hunter2" not in shown
    assert "Sms/Send" not in shown


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize(("changes", "error"), [(True, OutcomeUnknown), (False, Unavailable)])
async def test_the_error_of_a_call_depends_on_its_effect_and_not_on_its_verb(
    method: str, changes: bool, error: type[DevinoError]
) -> None:
    async with (
        serving(answering(b"")) as (port, _),
        HttpSession(f"http://127.0.0.1:{port}") as session,
    ):
        with pytest.raises(error) as caught:
            await session.request(method, ["state"], changes=changes)
    assert type(caught.value) is error


async def test_a_rate_limit_says_when_to_come_back() -> None:
    async with serving(answer("429 Too Many\r\nRetry-After: 7")) as (port, _):
        with pytest.raises(Throttled) as caught:
            await post(port)
    assert (caught.value.retry_after, caught.value.retry) == (7.0, Retry.SAFE)


async def test_no_connection_means_that_nothing_was_sent() -> None:
    async with serving(hang) as (port, _):
        pass
    with pytest.raises(ConnectFailed, match=r"no connection to 127\.0\.0\.1: .* refused") as caught:
        await post(port)
    assert caught.value.retry is Retry.SAFE


async def test_a_call_that_waits_for_a_turn_in_the_pool_does_not_report_a_dead_peer() -> None:
    served = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await asyncio.sleep(0.15)
        served += 1
        await answer("200 OK", b"1")(reader, writer)

    async with (
        serving(slow) as (port, _),
        HttpSession(f"http://127.0.0.1:{port}", connections=1, connect_timeout=0.2) as session,
    ):
        calls = [
            session.request("POST", (), body=SECRET, content_type="a/b", changes=True)
            for _ in range(3)
        ]
        answers = await asyncio.gather(*calls)
    assert [answer.body for answer in answers] == [b"1"] * 3
    assert served == 3


async def test_a_call_that_cannot_begin_keeps_nobody_waiting() -> None:
    async with (
        serving(answer("200 OK", b"1")) as (port, _),
        HttpSession(f"http://127.0.0.1:{port}", connections=1) as session,
    ):
        outside_of_a_task = session.request("GET", (), changes=False)
        ended = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(lambda: ended.set_result(_error_of(outside_of_a_task)))
        assert isinstance(await ended, RuntimeError)
        async with asyncio.timeout(5):
            assert (await session.request("GET", (), changes=False)).body == b"1"


def _error_of(call: Coroutine[Any, Any, object]) -> Exception | None:
    try:
        call.send(None)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    return None


async def test_a_closed_session_sends_nothing() -> None:
    session = HttpSession("http://127.0.0.1:1")
    with pytest.raises(ConnectFailed, match="closed"):
        await session.request("POST", (), body=SECRET, content_type="a/b", changes=True)


def test_a_body_does_not_show_itself() -> None:
    assert "hunter2" not in f"{SECRET!r} {FetchedAnswer(200, SECRET, {})!r}"


@pytest.mark.parametrize(("changes", "retry"), [(True, Retry.MAY_DUPLICATE), (False, Retry.SAFE)])
async def test_only_a_call_with_an_effect_may_duplicate(changes: bool, retry: Retry) -> None:
    async with serving(REDIRECT) as (port, _):
        with pytest.raises(ProtocolViolation, match="check base_url") as caught:
            await post(port, changes=changes)
    assert caught.value.retry is retry


async def test_a_certificate_that_does_not_verify_gets_no_password() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with serving(answer("200 OK"), context) as (port, requests):
        with pytest.raises(ConnectFailed, match="certificate"):
            await post(port, base="https://localhost:{}")
    assert requests == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://integrationapi.net/rest", "unencrypted: use https"),
        ("ftp://127.0.0.1", "absolute https"),
        ("integrationapi.net", "absolute https"),
        ("http://[", "absolute https"),
        ("https://host:99999", "absolute https"),
        ("https://", "absolute https"),
        ("https://me:secret@integrationapi.net", "must hold no login"),
        ("https://integrationapi.net/?a=b", "must hold no login, query"),
    ],
)
def test_an_unsafe_base_url_is_refused(url: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        HttpSession(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["localhost:3128", "me:hunter2@proxy:1", "socks5://h:1"])
def test_an_invalid_proxy_is_refused_and_not_shown(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy must be an absolute") as caught:
        HttpSession("https://integrationapi.net", proxy=proxy)
    assert "hunter2" not in str(caught.value)


def test_plain_http_beyond_this_machine_must_be_asked_for() -> None:
    HttpSession("http://integrationapi.net/rest", plain_http=True)
