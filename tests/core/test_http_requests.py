"""The HTTP session: what a request is on the wire, whatever is put into it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import ConnectFailed, DevinoError, InvalidMessage, OutcomeUnknown
from devino_core.clock import SYSTEM_CLOCK
from devino_core.http import Body, HttpSession
from devino_core.observe import Calls, Observers
from tests.channels._canary import reported
from tests.core._kept import Kept
from tests.core._peer import OK, Peer, answer, answering, hang, serving

pytestmark = [pytest.mark.pythons, pytest.mark.attack]

FORM = "application/x-www-form-urlencoded"
FAILURES: Mapping[str, Peer] = {
    "closed": answering(b""),
    "cut off": answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n["),
    "no answer": hang,
    "too long": answer("200 OK", b"canary" * 9),
    "a redirect": answer("302 Found\r\nLocation: https://evil.example/?canary"),
    "a rate limit": answer("429 Too Many\r\nX-For: canary"),
}


async def sent(
    method: str = "GET",
    segments: Sequence[str] = (),
    *,
    base: str = "",
    query: str = "",
    body: bytes = b"",
    content_type: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[str, dict[str, str], bytes]:
    """The request line, the headers by their small names, and the body that a peer gets."""
    async with (
        serving(OK) as (port, requests),
        HttpSession(f"http://127.0.0.1:{port}{base}") as session,
    ):
        await session.request(
            method,
            segments,
            query=query,
            body=body,
            content_type=content_type,
            headers=headers,
            changes=False,
        )
    head, _, content = requests[0].partition(b"\r\n\r\n")
    line, *rest = head.decode().split("\r\n")
    return line, {n.lower(): v for n, v in (one.split(": ", 1) for one in rest)}, content


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("body", [b"", b"a=1", Body(b"a=1")], ids=len)
async def test_every_verb_goes_with_a_body_and_without(method: str, body: bytes) -> None:
    line, headers, content = await sent(method, ["x"], body=body, content_type=FORM)
    assert (line, content) == (f"{method} /x HTTP/1.1", body)
    assert headers.get("content-type") == (FORM if body else None)
    assert "transfer-encoding" not in headers


@pytest.mark.parametrize(
    ("base", "segments", "path"),
    [
        ("", [], "/"),
        ("/", ["a"], "/a"),
        ("/rest", [], "/rest"),
        ("/rest/v2/", ["Sms", "Send"], "/rest/v2/Sms/Send"),
        ("/a%2Fb/ы", ["c"], "/a%2Fb/%D1%8B/c"),
        ("", ["Send.ashx", "...", ".well-known", "-", "_~"], "/Send.ashx/.../.well-known/-/_~"),
        ("", ["a/b", "a\\b", "a b", "a+b"], "/a%2Fb/a%5Cb/a%20b/a%2Bb"),
        ("", ["%2F", "%2e%2e", "?x=1", "#x", ";a=1"], "/%252F/%252e%252e/%3Fx%3D1/%23x/%3Ba%3D1"),
        ("", ["ы", "\U0001f600", "\r\n\0"], "/%D1%8B/%F0%9F%98%80/%0D%0A%00"),
        ("", ["contacts", ""], "/contacts/"),
    ],
)
async def test_a_segment_stays_where_it_is_put(base: str, segments: list[str], path: str) -> None:
    line, _, _ = await sent(base=base, segments=segments)
    assert line == f"GET {path} HTTP/1.1"


@given(st.lists(st.text().filter(lambda s: s not in (".", "..")), min_size=1))
def test_a_server_reads_the_segments_that_were_meant(segments: list[str]) -> None:
    path = HttpSession("http://127.0.0.1:1/rest")._path(segments)
    assert path.isascii()
    assert [unquote(part, errors="strict") for part in path.split("/")] == [
        "",
        "rest",
        *segments,
    ]


@pytest.mark.parametrize(
    ("segments", "says"),
    [(["a", ".."], "a step"), (["."], "a step"), (["\ud800"], "surrogate")],
)
async def test_no_segment_climbs(segments: list[str], says: str) -> None:
    session = HttpSession("http://127.0.0.1:1")
    with pytest.raises(InvalidMessage, match=says):
        await session.request("GET", segments, changes=False)


async def test_a_string_is_not_taken_for_its_letters() -> None:
    with pytest.raises(TypeError, match="list"):
        await HttpSession("http://127.0.0.1:1").request("GET", "send", changes=False)


async def test_a_query_goes_as_it_was_encoded() -> None:
    line, _, _ = await sent(segments=["x"], query="a=%2F+b&c=%D1%8B&d[]=~")
    assert line == "GET /x?a=%2F+b&c=%D1%8B&d[]=~ HTTP/1.1"


@pytest.mark.parametrize("query", ["a b", "a=ы", "a#b", "a\r\nHost: x", 'a="'])
async def test_a_query_that_is_not_encoded_is_refused_unseen(query: str) -> None:
    with pytest.raises(ValueError, match="not encoded") as caught:
        await HttpSession("http://127.0.0.1:1").request("GET", (), query=query, changes=False)
    assert query not in str(caught.value)


async def test_headers_of_the_caller_travel() -> None:
    given_ = {"Authorization": "Basic bTpw", "X-ApiKey": "k", "Accept": "a/b", "User-Agent": "me"}
    _, headers, _ = await sent(headers=given_)
    assert {name: headers[name.lower()] for name in given_} == given_


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Content-Type", "TRANSFER-ENCODING", "Connection", "a b", ""]
)
async def test_headers_that_frame_the_request_are_not_the_callers(name: str) -> None:
    with pytest.raises(ValueError, match="not for a caller"):
        await sent(headers={name: "1"})


@pytest.mark.parametrize(
    "value", ["hunter2\r\nX-Evil: 1", "hunter2\n", "hunter2\0", "hunter2\ud800"]
)
async def test_a_header_holds_one_line_and_is_refused_unseen(value: str) -> None:
    with pytest.raises(InvalidMessage, match="X-ApiKey") as caught:
        await sent(headers={"X-ApiKey": value})
    assert "hunter2" not in repr(caught.value)


@pytest.mark.parametrize("method", ["get", "TRACE", "CONNECT", "GET / HTTP/1.1\r\n", ""])
async def test_a_verb_is_one_of_seven(method: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        await HttpSession("http://127.0.0.1:1").request(method, (), changes=False)


async def test_a_body_says_what_it_is() -> None:
    with pytest.raises(ValueError, match="content_type"):
        await HttpSession("http://127.0.0.1:1").request("POST", (), body=b"a", changes=True)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_a_change_is_sent_once_where_a_kept_connection_breaks(method: str) -> None:
    async with (
        serving(OK, answers=2) as (port, requests),
        HttpSession(f"http://127.0.0.1:{port}", connections=1) as session,
    ):
        for _ in range(2):
            assert (await session.request(method, ["x"], changes=True)).status == 200
        with pytest.raises(OutcomeUnknown):
            await session.request(method, ["last"], changes=True)
        assert len([one for one in requests if b"/last" in one]) == 1


async def test_a_session_keeps_nothing_of_its_paths() -> None:
    async with (
        serving(OK, answers=9) as (port, _),
        HttpSession(f"http://127.0.0.1:{port}") as session,
    ):
        before = {name: repr(value) for name, value in vars(session).items()}
        await asyncio.gather(
            *[session.request("GET", ["of", f"id-{n}"], changes=False) for n in range(5)]
        )
        kept = {name: repr(value) for name, value in vars(session).items()}
    assert {name for name in kept if "id-" in kept[name]} == set()
    assert kept.keys() == before.keys()


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_failure_shows_what_was_sent(failure: str, method: str) -> None:
    limits = {"timeout": 0.1, "connect_timeout": 0.1, "max_answer": 10}
    async with (
        serving(FAILURES[failure]) as (port, _),
        HttpSession(f"http://127.0.0.1:{port}", **limits) as session,  # type: ignore[arg-type]
    ):
        with pytest.raises(DevinoError) as caught:
            await session.request(
                method,
                ["canary-path"],
                query="key=canary-query",
                body=Body(b"canary-body"),
                content_type=FORM,
                headers={"X-ApiKey": "canary-header"},
                changes=True,
            )
    assert not [told for told in reported(caught.value) if "canary" in told]


@pytest.mark.parametrize(
    "unfit",
    [
        {"segments": ["canary", ".."]},
        {"query": "canary query"},
        {"headers": {"X-ApiKey": "canary\n"}},
        {"method": "get"},
    ],
    ids=lambda unfit: next(iter(unfit)),
)
async def test_no_refusal_shows_what_was_to_be_sent(unfit: dict[str, Any]) -> None:
    call: dict[str, Any] = {
        "method": "GET",
        "segments": ["canary"],
        "query": "canary",
        "headers": {"X-ApiKey": "canary"},
        **unfit,
    }
    with pytest.raises((InvalidMessage, ValueError)) as caught:
        await HttpSession("http://127.0.0.1:1").request(**call, changes=True)
    assert not [told for told in reported(caught.value) if "canary" in told]


class Deep(str):
    """It is looked at where no more calls can be made."""

    __slots__ = ()

    def isprintable(self) -> bool:
        raise RecursionError


@pytest.mark.parametrize(
    ("unfit", "error"),
    [
        ({"segments": "canary"}, TypeError),
        ({"segments": ["canary", 5]}, TypeError),
        ({"query": b"canary"}, TypeError),
        ({"headers": {"X-ApiKey": "canary", "X-Other": 5}}, AttributeError),
        ({"headers": {"X-ApiKey": "canary", "X-Other": Deep()}}, RecursionError),
    ],
)
async def test_no_mistake_of_the_program_shows_what_was_to_be_sent(
    unfit: dict[str, Any], error: type[Exception]
) -> None:
    call = {"segments": ["canary"], "query": "canary", "headers": {"X-ApiKey": "canary"}, **unfit}
    with pytest.raises(error) as caught:
        await HttpSession("http://127.0.0.1:1").request("GET", **call, changes=True)
    assert not [told for told in reported(caught.value) if "canary" in told]


@pytest.mark.parametrize("size", [2**20, 2**20 + 1, 3 * 2**20])
async def test_a_large_body_is_sent_whole_and_in_pieces(size: int) -> None:
    # In one piece it would hold the event loop up, of which aiohttp warns; a warning is an error.
    body = bytes(size)
    _, headers, content = await sent("POST", ["x"], body=body, content_type="application/json")
    assert headers["content-length"] == str(size)
    assert headers["content-type"] == "application/json"
    assert content == body


async def test_a_call_that_could_not_be_made_has_no_id() -> None:
    """An id stands in the log, and what was not made does not."""
    kept, calls = Kept(), Calls("x", SYSTEM_CLOCK)
    calls.attach("x", Observers([kept]))
    session = HttpSession("http://127.0.0.1:1", calls=calls)
    with pytest.raises(ConnectFailed, match="open it first") as caught:
        await session.request("GET", (), changes=False)
    assert caught.value.call_id is None
    async with session:
        with pytest.raises(InvalidMessage) as refused:
            await session.request("GET", [".."], changes=False)
        assert refused.value.call_id is None
        assert kept.calls == []
        with pytest.raises(ConnectFailed) as failed:
            await session.request("GET", (), changes=False)
        [(call, _)] = kept.calls
        assert failed.value.call_id == call.id
