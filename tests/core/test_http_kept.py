"""Connections that are kept between calls: each answer belongs to its own question."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from devino_core import OutcomeUnknown, ProtocolViolation, Unavailable
from devino_core.http import Body, FetchedAnswer, HttpSession
from devino_core.http._pool import Pool, StrayError
from tests.core._peer import request

pytestmark = [pytest.mark.pythons, pytest.mark.attack]

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
STRAY = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"


class Server:
    """A peer that talks as a test says, and answers each request with what it asked for."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.asked: list[bytes] = []
        self.closed = asyncio.Event()
        """A client closed a connection."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await request(reader)
        path = head.split(b" ")[1]
        self.asked.append(path)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))


@asynccontextmanager
async def server(talk: Callable[[Server, Any, Any], Awaitable[None]]) -> AsyncIterator[Server]:
    made = Server()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.connections += 1
        try:
            await talk(made, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            made.closed.set()
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listening.close()


async def post(session: HttpSession, path: str, *, changes: bool = True) -> FetchedAnswer:
    return await session.request(
        "POST", [path], body=Body(b"x"), content_type="a/b", changes=changes
    )


def session_to(made: Server, **options: Any) -> HttpSession:
    return HttpSession(f"http://127.0.0.1:{made.port}", **options)


@pytest.mark.parametrize("stray", [STRAY, STRAY[:12], STRAY[:-2], b"\0", b"H"], ids=len)
async def test_a_byte_on_an_idle_connection_closes_it(stray: bytes) -> None:
    async def talk(made: Server, reader: Any, writer: Any) -> None:
        await made.answer(reader, writer)
        await writer.drain()
        # The client has its answer before more comes.
        await asyncio.sleep(0.02)
        writer.write(stray)
        await reader.readexactly(1)

    async with server(talk) as made, session_to(made, timeout=1, connect_timeout=1) as session:
        assert (await post(session, "one")).body == b"/one"
        async with asyncio.timeout(5):
            await made.closed.wait()
        assert (await post(session, "two")).body == b"/two"
        assert (made.connections, made.asked) == (2, [b"/one", b"/two"])


@pytest.mark.parametrize("cut", range(len(STRAY)))
async def test_an_answer_that_is_repeated_at_once_is_no_answer_to_the_next_call(cut: int) -> None:
    async def talk(made: Server, reader: Any, writer: Any) -> None:
        await made.answer(reader, writer)
        # Wherever the network cuts it.
        writer.write(STRAY[: cut + 1])
        await writer.drain()
        writer.write(STRAY[cut + 1 :])
        await made.answer(reader, writer)
        await reader.readexactly(1)

    async with server(talk) as made, session_to(made, timeout=0.5, connect_timeout=0.5) as session:
        assert (await post(session, "one")).body == b"/one"
        assert (await post(session, "two")).body == b"/two"


@pytest.mark.parametrize("changes", [True, False])
async def test_a_server_that_closes_without_saying_so_loses_no_call(changes: bool) -> None:
    async def talk(made: Server, reader: Any, writer: Any) -> None:
        await made.answer(reader, writer)

    async with server(talk) as made, session_to(made) as session:
        for place in range(200):
            answer = await post(session, str(place), changes=changes)
            assert answer.body == b"/%d" % place
        assert made.connections == 200


async def test_a_quiet_connection_serves_call_after_call() -> None:
    async def talk(made: Server, reader: Any, writer: Any) -> None:
        while True:
            await made.answer(reader, writer)

    async with server(talk) as made, session_to(made) as session:
        for place in range(20):
            await post(session, str(place))
        assert made.connections == 1


async def test_without_keep_alive_each_call_has_a_connection_and_says_so() -> None:
    heads = []

    async def talk(made: Server, reader: Any, writer: Any) -> None:
        heads.append(await request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readexactly(1)

    async with server(talk) as made, session_to(made, keep_alive=0) as session:
        for place in range(3):
            await post(session, str(place))
    assert made.connections == 3
    assert all(b"connection: close" in head.lower() for head in heads)


def dying(answers: int) -> Callable[[Server, Any, Any], Awaitable[None]]:
    """A server that reads one request more than it answers on each connection, and dies."""

    async def talk(made: Server, reader: Any, writer: Any) -> None:
        for _ in range(answers):
            await made.answer(reader, writer)
        made.asked.append((await request(reader)).split(b" ")[1])

    return talk


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_question_on_a_dead_connection_is_asked_again_on_a_fresh_one(method: str) -> None:
    async with server(dying(1)) as made, session_to(made) as session:
        for path in ("one", "two"):
            answer = await session.request(method, [path], changes=False)
            assert answer.body == f"/{path}".encode()
    assert made.asked == [b"/one", b"/two", b"/two"]


async def test_a_question_is_asked_again_once_and_not_on_another_old_connection() -> None:
    async with server(dying(1)) as made, session_to(made) as session:
        await asyncio.gather(*[session.request("GET", [str(n)], changes=False) for n in range(4)])
        assert made.connections == 4
        assert (await session.request("GET", ["last"], changes=False)).body == b"/last"
        assert made.asked.count(b"/last") == 2


async def test_a_question_is_not_asked_again_where_the_first_connection_breaks() -> None:
    async with server(dying(0)) as made, session_to(made) as session:
        with pytest.raises(Unavailable):
            await session.request("GET", ["one"], changes=False)
    assert made.asked == [b"/one"]


async def test_a_change_on_a_dead_connection_is_not_sent_again() -> None:
    async with server(dying(1)) as made, session_to(made) as session:
        await post(session, "one")
        with pytest.raises(OutcomeUnknown):
            await post(session, "two")
    assert made.asked == [b"/one", b"/two"]


async def test_an_answer_that_comes_before_the_question_is_none() -> None:
    pool = Pool(keep_alive=1, resolver=None, ssl=False)  # type: ignore[arg-type]
    there, here = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, conversation = await loop.create_connection(pool._factory, sock=here)
    try:
        conversation.set_response_params()
        conversation.begin(0)  # type: ignore[attr-defined]
        there.send(STRAY)
        with pytest.raises(StrayError):
            await conversation.read()
        assert transport.is_closing()
    finally:
        transport.close()
        there.close()
        await pool.close()


async def test_an_answer_on_a_fresh_connection_before_the_question_is_a_violation() -> None:
    """Or it is the answer, where it arrived after the question went out."""
    early = asyncio.Event()

    async def talk(made: Server, reader: Any, writer: Any) -> None:
        writer.write(STRAY)
        early.set()
        await request(reader)
        await reader.read()

    async with server(talk) as made, session_to(made, timeout=1) as session:
        (ended,) = await asyncio.gather(post(session, "one"), return_exceptions=True)
    assert early.is_set()
    if isinstance(ended, ProtocolViolation):
        assert "before it was asked" in str(ended)
    else:
        assert isinstance(ended, FetchedAnswer)


async def test_no_connection_is_left_over_where_a_call_is_cancelled_while_it_looks() -> None:
    async def talk(made: Server, reader: Any, writer: Any) -> None:
        while True:
            await made.answer(reader, writer)

    async with server(talk) as made, session_to(made, connections=1) as session:
        await post(session, "one")
        for turns in range(12):
            task = asyncio.create_task(post(session, f"cancelled-{turns}"))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert (await post(session, "last")).body == b"/last"
        gc.collect()
