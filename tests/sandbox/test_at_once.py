"""Services that answer at once: their requests are no tasks, and their answers keep their order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from devino_core.clock import SYSTEM_CLOCK
from devino_sandbox._corked import CorkedTransport
from devino_sandbox._gate import Gate
from devino_sandbox._http import Broken, Outcome, RawAnswer, RawRequest, answering
from devino_sandbox._journal import Journal
from devino_sandbox._server import HttpServer, Router, Served
from tests.sandbox._octets import CLOSE, Peer, get, post


def handle(request: RawRequest) -> Outcome:
    """Do as the path says."""
    match request.path.rpartition("/")[2]:
        case "drop":
            return Broken.DROP
        case "hang":
            return Broken.HANG
        case "fail":
            raise RuntimeError("a bug")
        case "header":
            return RawAnswer(200, b"", ((b"x", b"a\r\nb: c"),))
        case "task":
            return RawAnswer(200, str(asyncio.current_task() is not None).encode())
        case name:
            return RawAnswer(200, name.encode() + request.body, ((b"x-path", b"1"),))


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """An app of ASGI that needs a few turns of the loop."""
    for _ in range(3):
        await asyncio.sleep(0)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
    )
    await send({"type": "http.response.body", "body": b"slow"})


@asynccontextmanager
async def serving(patience: float) -> AsyncIterator[Peer]:
    journal = Journal(SYSTEM_CLOCK)
    apps = {"/now": Served(answering(handle), name="now"), "/slow": Served(slow, name="slow")}
    server = HttpServer(Router(apps, {}, Gate("127.0.0.1")), patience=patience, journal=journal)
    port = await server.start("127.0.0.1", 0, None)
    try:
        yield Peer(port, journal, server._state.connections)
    finally:
        await server.stop()


@pytest.fixture
async def served() -> AsyncIterator[Peer]:
    async with serving(0.05) as peer:
        yield peer


async def test_no_task_is_made(served: Peer) -> None:
    assert (await served.said(get("/now/task", CLOSE))).endswith(b"\r\n\r\nFalse")


@pytest.mark.parametrize("cut", [1, 30, 60, -3])
async def test_a_body_in_pieces_is_whole(served: Peer, cut: int) -> None:
    asked = post("/now/a", b"body", CLOSE)
    assert (await served.said(asked[:cut], asked[cut:])).endswith(b"\r\n\r\nabody")


async def test_a_chunked_body_is_whole(served: Peer) -> None:
    chunks = b"".join([b"1\r\n%c\r\n" % octet for octet in b"pieces"]) + b"0\r\n\r\n"
    asked = get("/now/a", "Transfer-Encoding: chunked", CLOSE, method="POST") + chunks
    assert (await served.said(asked)).endswith(b"apieces")
    [record] = served.journal.latest
    assert record.view().request.body == "pieces"


@pytest.mark.parametrize("together", [True, False])
async def test_answers_come_in_the_order_of_requests(served: Peer, together: bool) -> None:
    asked = [get("/now/1"), get("/slow"), get("/now/2"), get("/slow"), get("/now/3", CLOSE)]
    answered = await served.said(*([b"".join(asked)] if together else asked))
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in answered.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"1", b"slow", b"2", b"slow", b"3"]
    assert served.outcomes == ["200"] * 5


async def test_what_follows_an_answer_that_closes_is_not_read(served: Peer) -> None:
    answered = await served.said(get("/now/1", CLOSE) + get("/now/2") + get("/slow"))
    assert answered.count(b"HTTP/1.1") == 1
    assert served.outcomes == ["200"]


async def test_nothing_overtakes_an_answer_that_never_comes(served: Peer) -> None:
    left = asyncio.Event()
    served.journal.subscribe(lambda _: left.set())
    async with served.connected() as (reader, writer):
        writer.write(get("/now/hang") + get("/now/1") + get("/slow"))
        # Three times the patience of the server with requests that are not whole.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.15)
    await left.wait()
    assert served.outcomes == ["the client left"]


async def test_a_drop_sends_nothing(served: Peer) -> None:
    assert await served.said(get("/now/drop") + get("/now/1")) == b""
    assert served.outcomes == ["the client left"]


@pytest.mark.parametrize("path", ["/now/fail", "/now/header"])
async def test_a_bug_of_a_service_is_a_500(
    served: Peer, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with caplog.at_level(logging.ERROR):
        answered = await served.said(get(path) + get("/now/1"))
    assert answered.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert answered.count(b"HTTP/1.1") == 1
    assert b"connection: close\r\n" in answered
    assert [record.message for record in caplog.records] == ["a service of the sandbox failed"]
    assert served.outcomes == ["500"]


async def test_an_interrupt_is_not_taken_for_bad_http(
    served: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(BaseException):
        pass

    def interrupt(*arguments: object, **named: object) -> bytes:
        raise Interrupted

    monkeypatch.setattr("devino_sandbox._protocol.octets_of", interrupt)
    told: list[BaseException | None] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what["exception"]))
    assert await served.said(get("/now/1")) == b""
    assert [type(error) for error in told] == [Interrupted]


async def test_head_has_the_length_and_no_body(served: Peer) -> None:
    answered = await served.said(get("/now/abc", method="HEAD") + get("/now/d", CLOSE))
    head, second = answered.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert head == b"x-path: 1\r\ncontent-length: 3\r\n\r\n"
    assert second.endswith(b"d")


async def test_an_old_client_that_asks_keeps_its_connection(served: Peer) -> None:
    kept = get("/now/1", "Connection: keep-alive", version="1.0")
    answered = await served.said(kept + get("/now/2", version="1.0"))
    assert answered.count(b"connection: keep-alive\r\n") == 1
    assert answered.count(b"connection: close\r\n") == 1
    assert answered.endswith(b"2")


async def test_who_expects_a_word_before_the_body_gets_it(served: Peer) -> None:
    asked = post("/now/a", b"body", "Expect: 100-continue", CLOSE)
    answered = await served.said(asked[:-4], asked[-4:])
    assert answered.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert answered.endswith(b"abody")
    assert served.outcomes == ["200"]


async def test_a_client_that_does_not_read_is_no_longer_read() -> None:
    async with serving(30) as served, served.connected() as (reader, writer):
        sending = asyncio.create_task(_send(writer, post("/now/a", b"b" * 60_000), 600))
        await _turns()
        [connection] = served.connections
        while not connection.flow.write_paused:
            await _turns()
        for _ in range(50):
            await _turns()
        # A few answers wait to be sent, and a few requests to be answered.
        assert connection.transport._transport.get_write_buffer_size() < 1_000_000
        assert len(connection.pipeline) < 10
        assert not sending.done()
        answered = 0
        while answered < 600:
            answered += (await reader.readuntil(b"HTTP/1.1 200 OK")).count(b"HTTP/1.1 200 OK")
        await sending


async def _send(writer: asyncio.StreamWriter, data: bytes, times: int) -> None:
    for _ in range(times):
        writer.write(data)
        await writer.drain()


async def test_a_connection_rests_for_a_while_after_each_answer(
    served: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    loop = asyncio.get_running_loop()
    async with served.connected() as (reader, writer):
        monkeypatch.setattr(loop, "time", lambda: now[0])
        writer.write(get("/now/1"))
        await reader.readuntil(b"\r\n\r\n1")
        now[0] = 70.0
        writer.write(get("/now/2"))
        await reader.readuntil(b"\r\n\r\n2")
        now[0] = 76.0
        await _turns()
        assert not reader.at_eof()
        now[0] = 146.0
        assert await reader.read() == b""


@pytest.mark.parametrize("cut", [10, -2])
async def test_a_request_is_no_rest(monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    now, loop, asked = [0.0], asyncio.get_running_loop(), post("/now/2", b"body", CLOSE)
    async with serving(30) as served, served.connected() as (reader, writer):
        monkeypatch.setattr(loop, "time", lambda: now[0])
        writer.write(get("/now/1"))
        await reader.readuntil(b"\r\n\r\n1")
        now[0] = 70.0
        writer.write(asked[:cut])
        await _turns()
        now[0] = 76.0
        await _turns()
        writer.write(asked[cut:])
        assert (await reader.read()).endswith(b"2body")


async def _turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_stream_without_end_is_not_kept() -> None:
    class Nowhere(asyncio.Transport):
        def write(self, data: object) -> None:
            pass

    corked = CorkedTransport(Nowhere(), asyncio.get_running_loop(), keep=1000)
    corked.begin()
    for _ in range(100):
        corked.write(b"event" * 20)
    assert (len(corked.answer), corked.size) == (1000, 10_000)
