"""A service is answered for alike, whether the server calls it at once or through ASGI."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core.clock import SYSTEM_CLOCK
from devino_sandbox._gate import Gate
from devino_sandbox._http import ASGIApp, Broken, Outcome, RawAnswer, RawRequest, answering
from devino_sandbox._journal import Journal, Record
from devino_sandbox._server import HttpServer, Router, Served
from tests.sandbox._octets import CLOSE, Peer, get, post

# All of this rests on uvicorn and httptools, and has to be so with their lowest versions.
pytestmark = pytest.mark.attack

CHUNKED = "Transfer-Encoding: chunked"


def handle(request: RawRequest) -> Outcome:
    """Do as the path says."""
    match request.path.rpartition("/")[2]:
        case "hang":
            return Broken.HANG
        case "fail":
            raise RuntimeError("a bug")
        case "nothing":
            return None  # type: ignore[return-value]
        case "last":
            return RawAnswer(200, b"", ((b"Connection", b"close"),))
        case "204":
            return RawAnswer(204, b"body")
        case "304":
            return RawAnswer(304, b"body")
        case _:
            said = (request.method, request.path, request.query, request.headers, request.body)
            return RawAnswer(200, repr((*said, request.scheme, request.target)).encode())


def through_asgi(inner: ASGIApp) -> ASGIApp:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope, receive, send)

    return app


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """An app that needs a few turns of the loop."""
    for _ in range(3):
        await asyncio.sleep(0)
    await answering(handle)(scope, receive, send)


async def hasty_app(scope: Any, receive: Any, send: Any) -> None:
    """An app that begins to answer before it reads."""
    length = [(b"content-length", b"9")]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    while (await receive())["type"] == "http.request":
        pass


WAYS = {"at once": answering(handle), "ASGI": through_asgi(answering(handle))}


@asynccontextmanager
async def serving(app: ASGIApp, *, patience: float = 5.0) -> AsyncIterator[Peer]:
    journal = Journal(SYSTEM_CLOCK)
    apps = {"/now": Served(app, name="now"), "/slow": Served(slow, name="slow")}
    router = Router(apps, {}, Gate("127.0.0.1"))
    server = HttpServer(router, max_body=100, patience=patience, journal=journal)
    try:
        port = await server.start("127.0.0.1", 0, None)
        yield Peer(port, journal, server._state.connections)
    finally:
        await server.stop()


@pytest.fixture(params=WAYS)
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    async with serving(WAYS[request.param]) as peer:
        yield peer


@pytest.fixture(params=WAYS)
async def hasty(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    """One that does not wait long for a whole request."""
    async with serving(WAYS[request.param], patience=0.1) as peer:
        yield peer


async def test_the_word_before_the_body_is_no_answer(served: Peer) -> None:
    asked = post("/now/a", b"body", "Expect: 100-continue", CLOSE)
    answered = await served.said(asked[:-4], asked[-4:])
    assert answered.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    [record] = served.journal.latest
    assert record.outcome == "200"
    answer = record.view().answer
    assert answer is not None
    assert answer.head.startswith("HTTP/1.1 200 OK\r\n")
    assert "'body'" in answer.body


async def test_an_old_client_expects_no_word(served: Peer) -> None:
    asked = get("/now/a", "Expect: 100-continue", "Content-Length: 4", method="POST", version="1.0")
    assert (await served.said(asked, b"body")).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_service_that_returns_nothing_has_a_bug(
    served: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        answered = await served.said(get("/now/nothing"))
    assert answered.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert served.outcomes == ["500"]


async def test_a_service_may_close_the_connection(served: Peer) -> None:
    answered = await served.said(get("/now/last"), get("/now/a"))
    assert answered.count(b"HTTP/1.1") == answered.lower().count(b"connection: close\r\n") == 1
    assert served.outcomes == ["200"]


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_has_no_body_is_sent_none(served: Peer, status: int) -> None:
    answered = await served.said(get(f"/now/{status}") + get("/now/a", CLOSE))
    first, second = answered.split(b"HTTP/1.1 ")[1:]
    assert first.endswith(b"\r\n\r\n")
    assert b"content-length" not in first
    assert second.startswith(b"200 OK\r\n")


async def test_the_journal_shows_the_head_that_came_behind_a_body(served: Peer) -> None:
    first = post("/now/a", b"body\r\n\r\n", "X-Request-Id: first")
    second = get("/now/b", "X-Request-Id: second", CLOSE)
    await served.said(first[:-6], first[-6:] + second)
    assert [record.line().call_id for record in served.journal.latest] == ["first", "second"]


async def test_the_journal_shows_the_nonsense_that_came_behind_a_body(served: Peer) -> None:
    first = post("/now/a", b"body", "X-Request-Id: first")
    await served.said(first[:-2], first[-2:] + b"nonsense\r\n\r\n")
    assert served.outcomes == ["200", "not HTTP"]
    assert "first" not in served.journal.latest[1].view().request.body


@pytest.mark.parametrize("path", ["/now/a", "/now/\u0430"])
async def test_a_request_in_other_letters_may_be_cut_anywhere(served: Peer, path: str) -> None:
    asked = post(path, "\u0430".encode(), "X-Name: \u0430", CLOSE)
    whole = await served.said(asked)
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    for cut in range(1, len(asked)):
        assert await served.said(asked[:cut], asked[cut:]) == whole


BEFORE = {
    "nothing": b"",
    "blank lines": b"\r\n\r\n",
    "a request": get("/now/a"),
    "a request without headers": b"GET /now/a HTTP/1.1\r\n\r\n",
    "a body": post("/now/a", b"BODY"),
    "a body in other letters": post("/now/a", "\u0430\nGET /\u0430".encode()),
}


@pytest.mark.parametrize("target", ["/now/\u0430?\u0430", "http://x/now/\u0430", "/now/b"])
@pytest.mark.parametrize("before", BEFORE)
async def test_a_request_line_in_other_letters_may_come_behind(
    served: Peer, before: str, target: str
) -> None:
    asked = BEFORE[before] + post(target, b"", "X-Name: /now/b\u0430", CLOSE)
    whole = await served.said(asked)
    assert whole.count(b"HTTP/1.1 200 OK\r\n") == asked.count(b" HTTP/1.1\r\n")
    assert repr((b"x-name", "/now/b\u0430".encode())).encode() in whole
    for cut in range(1, len(asked)):
        assert await served.said(asked[:cut], asked[cut:]) == whole


async def test_the_journal_shows_a_head_in_other_letters_as_it_came(served: Peer) -> None:
    await served.said(get("/now/\u0430", "X-NAME: \u0430", CLOSE))
    [record] = served.journal.latest
    assert "X-NAME: " in record.view().request.head


async def test_what_follows_the_chunks_of_a_body_is_no_header(served: Peer) -> None:
    head = get("/now/a", CHUNKED, CLOSE, method="POST")
    whole = await served.said(head + b"1\r\na\r\n0\r\n\r\n")
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    trailer = b"1\r\na\r\n0\r\nX-Trailer: 1\r\nExpect: 100-continue\r\n\r\n"
    assert await served.said(head + trailer) == whole
    assert await served.said(head, trailer[:8], trailer[8:]) == whole


async def test_the_offer_of_an_upgrade_may_be_the_last_request(served: Peer) -> None:
    asked = get("/now/a", "Connection: Upgrade, close", "Upgrade: h2c")
    answered = await served.said(asked + get("/now/b"))
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert served.outcomes == ["200"]


@pytest.mark.parametrize("path", ["/now/a", "/slow/a"])
async def test_what_follows_the_last_request_is_not_read(served: Peer, path: str) -> None:
    answered = await served.said(get(path, CLOSE) + get("/now/b") + b"nonsense\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert served.outcomes == ["200"]


@pytest.mark.parametrize("path", ["/now/last", "/slow/last"])
async def test_what_comes_while_a_connection_closes_is_not_read(served: Peer, path: str) -> None:
    """TLS may still bring it."""
    async with served.connected() as (reader, writer):
        await _turns(4)
        [connection] = served.connections
        writer.write(get(path))
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.data_received(get("/now/b"))
        await _turns(20)
    assert served.outcomes == ["200"]


async def test_an_old_client_is_told_that_its_connection_stays_open(served: Peer) -> None:
    kept = "Connection: keep-alive"
    for path in ("/now/a", "/slow/a"):
        old = get(path, kept, version="1.0")
        answered = await served.said(old + old + get(path, version="1.0"))
        told = [head.lower().count(b"connection: keep-alive\r\n") for head in _heads(answered)]
        assert told == [1, 1, 0]
        new = await served.said(get(path, kept) + get(path, CLOSE))
        assert b"keep-alive\r\n" not in b"".join(_heads(new)).lower()


async def _turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def _heads(answered: bytes) -> Sequence[bytes]:
    return [one.partition(b"\r\n\r\n")[0] + b"\r\n" for one in answered.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("target", ["http://x", "http://x?a=b"])
async def test_a_whole_address_without_a_path_is_the_root(served: Peer, target: str) -> None:
    answered = await served.said(get(target, CLOSE))
    assert answered.startswith(b"HTTP/1.1 404 Not Found\r\n")


async def test_each_request_has_its_own_time_to_be_whole(
    served: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, loop = [0.0], asyncio.get_running_loop()
    whole = get("/now/a") * 3 + get("/now/a", CLOSE)
    async with served.connected() as (reader, writer):
        monkeypatch.setattr(loop, "time", lambda: now[0])
        for begin in range(0, len(whole), 50):
            writer.write(whole[begin : begin + 50])
            for _ in range(10):
                await asyncio.sleep(0)
            now[0] += 3.0
        answered = await reader.read()
    assert answered.count(b"HTTP/1.1 200 OK") == 4


async def test_who_leaves_while_requests_wait_leaves_nothing_behind(served: Peer) -> None:
    left = asyncio.Event()
    served.journal.subscribe(lambda _: left.set())
    async with served.connected() as (_, writer):
        writer.write(get("/now/hang") + get("/slow/a") + get("/now/a"))
        await _turns(20)
        running = [task for task in asyncio.all_tasks() if "run_asgi" in repr(task)]
    async with asyncio.timeout(10):
        await left.wait()
        await asyncio.gather(*running)
    assert served.outcomes == ["the client left"]


async def test_who_says_no_more_is_answered(served: Peer) -> None:
    async with served.connected() as (reader, writer):
        writer.write(get("/now/a"))
        writer.write_eof()
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert served.outcomes == ["200"]


async def test_no_refusal_stands_in_an_answer_that_has_begun() -> None:
    async with serving(hasty_app) as served, served.connected() as (reader, writer):
        writer.write(get("/now/a", CHUNKED, method="POST"))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"zz\r\n")
        with pytest.raises(asyncio.IncompleteReadError) as cut:
            await reader.readexactly(9)
    assert cut.value.partial == b""
    assert served.outcomes == ["400"]


REFUSED = {
    "no HTTP": (b"nonsense\r\n\r\n", "400", "not HTTP"),
    "no chunk": (get("/now/b", CHUNKED, method="POST") + b"zz\r\n", "400", "400"),
    "too large": (post("/now/b", bytes(101)), "413", "413"),
    "too large, slow": (post("/slow/b", bytes(101)), "413", "413"),
    "too late": (post("/now/b", b"body")[:-1], "408", "408"),
    "too late, in its head": (get("/now/b")[:-1], "408", "408"),
}


@pytest.mark.parametrize("before", [("/now/a",), ("/slow/a",), ("/slow/a", "/now/a", "/slow/a")])
@pytest.mark.parametrize("what", REFUSED)
async def test_a_refusal_comes_after_the_answers_to_what_came_before(
    hasty: Peer, before: Sequence[str], what: str
) -> None:
    refused, status, outcome = REFUSED[what]
    answered = await hasty.said(b"".join(map(get, before)) + refused)
    found = [head[:3].decode() for head in answered.split(b"HTTP/1.1 ")[1:]]
    assert found == ["200"] * len(before) + [status]
    assert hasty.outcomes == ["200"] * len(before) + [outcome]


REQUESTS = st.one_of(
    st.builds(
        get,
        st.sampled_from(
            [
                *("/now/a", "/slow/a", "/NOW//a", "/now/%2Fa%00", "/now/%zz?b?c#d", "/now/a#b?c"),
                *("/now/\u0430?\u0430", "http://x/now/a?b", "http://x", "/", "*", "/now/204"),
                *("/now/304", "/now/fail", "/now/nothing", "/now/last", "/slow/fail", "/slow/last"),
            ]
        ),
        st.sampled_from(
            [
                *("X-Request-Id: 1", "X-Name: \u0430", "Origin: http://y", "X-Long: " + "a" * 300),
                *("Connection: Upgrade\r\nUpgrade: h2c", CLOSE, "Connection: Keep-Alive"),
                *("Connection: Upgrade, close\r\nUpgrade: websocket", "Content-Length: 0"),
            ]
        ),
        method=st.sampled_from(["GET", "HEAD", "OPTIONS", "DELETE", "GET", "GET"]),
        version=st.sampled_from(["1.1", "1.1", "1.1", "1.0", "2.0"]),
    ),
    st.builds(
        post,
        st.sampled_from(["/now/a", "/slow/a", "/now/fail", "/now/204", "/"]),
        st.sampled_from([b"", b"body", "\u0430".encode(), b"\r\n\r\n", bytes(100), bytes(101)]),
        st.sampled_from(
            ["X-Request-Id: 2", "Expect: 100-continue", "Connection: Upgrade, x\r\nUpgrade: h2c"]
        ),
    ),
    st.builds(
        lambda path, chunks: get(path, CHUNKED, method="POST") + chunks,
        st.sampled_from(["/now/a", "/slow/a", "/now/nothing"]),
        st.sampled_from(
            [
                *(b"0\r\n\r\n", b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX-Trailer: 1\r\n\r\n"),
                *(b"65\r\n" + bytes(101) + b"\r\n0\r\n\r\n", b"zz\r\n"),
            ]
        ),
    ),
    st.sampled_from([b"\r\n", b"\x16\x03\x01\x02\x00", b"nonsense\r\n\r\n", b"GET /now/a\r\n\r\n"]),
)


@st.composite
def pieces(draw: st.DrawFn) -> Sequence[bytes]:
    """A pipeline, cut anywhere."""
    whole = b"".join([*draw(st.lists(REQUESTS, max_size=5)), get("/now/end", CLOSE)])
    cuts = sorted(draw(st.sets(st.integers(1, len(whole) - 1), max_size=6)))
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


class _Answers(asyncio.Protocol):
    """Keeps all that comes, also if the connection is reset then."""

    def __init__(self) -> None:
        self.octets = b""
        self.is_over = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.octets += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over.set()


async def what_comes_of(served: Peer, pieces: Sequence[bytes]) -> tuple[Any, Any]:
    """The answers without the order of their headers, and what the journal shows."""
    served.journal.clear()
    loop = asyncio.get_running_loop()
    transport, answers = await loop.create_connection(_Answers, "127.0.0.1", served.port)
    for piece in pieces:
        transport.write(piece)
        for _ in range(4):
            await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await answers.is_over.wait()
    calls = [_shown(record) for record in served.journal.latest]
    # Who does not wait for this word may get it or not.
    said = answers.octets.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
    return [_sorted(answer) for answer in said.split(b"HTTP/1.1 ")], calls


def _sorted(answer: bytes) -> tuple[bytes, Sequence[bytes], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    said = set(headers)
    if b"connection: close" in said:
        # Who says both closes.
        said.discard(b"connection: keep-alive")
    return status, sorted(said), body


def _shown(record: Record) -> Any:
    view = record.view()
    answer = None
    if view.answer is not None:
        answer = _sorted(f"{view.answer.head}\r\n\r\n{view.answer.body}".encode())
    # What is refused while it waits for its turn was not brought to its service yet.
    is_refused = view.outcome in ("400", "408", "413")
    name = "http" if is_refused else view.protocol
    return name, view.outcome, view.failed, view.call_id, view.request, answer


@given(pieces())
def test_all_is_alike(pieces: Sequence[bytes]) -> None:
    logging.disable(logging.CRITICAL)
    try:
        found = asyncio.run(_both_ways(pieces))
    finally:
        logging.disable(logging.NOTSET)
    assert found[0] == found[1]


async def _both_ways(pieces: Sequence[bytes]) -> Sequence[Any]:
    async with AsyncExitStack() as stack:
        both = [serving(app, patience=0.5) for app in WAYS.values()]
        served = [await stack.enter_async_context(one) for one in both]
        return [await what_comes_of(one, pieces) for one in served]
